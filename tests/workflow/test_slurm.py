"""The workflow on a real Slurm of one node, without slurmdbd: what would be waited for endlessly ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from one_node import missing, one_node
from running import Finished, Workflow

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

MANIFEST = "results/ci/corpus/manifest.parquet"
PATIENCE = 240  # seconds; without the settings of the profile these runs never end


@pytest.fixture(scope="module", autouse=True)
def _slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cluster at a time: its ports and its config have one place on a machine."""
    with FileLock("/tmp/layerwise-test-slurm.lock"), one_node(tmp_path_factory.mktemp("slurm")):
        yield


@dataclass
class Started:
    """Snakemake on its way, and the job that it has submitted."""

    process: subprocess.Popen[str]
    job: str

    def end(self) -> Finished:
        try:
            output, _ = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            pytest.fail(f"hangs: {self.process.communicate()[0]}")
        return Finished(self.process.returncode, output)


def submit(workflow: Workflow, target: str, *arguments: str) -> Started:
    """Start the profile for any cluster; looks at jobs come early so that tests are short."""
    process = workflow.start(
        *("--workflow-profile", "profiles/slurm", "--retries", "0"),
        *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5"),
        *(target, *arguments),
    )
    for _ in range(300):
        jobs = ask("squeue", "--noheader", "--format=%i").split()
        if jobs or process.poll() is not None:
            return Started(process, *jobs)
        time.sleep(0.1)
    return pytest.fail("nothing was submitted in 30 s")


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def last_line(finished: Finished) -> str:
    assert finished.returncode != 0
    return finished.output.splitlines()[-1]


def test_a_cancelled_job_ends_the_run_and_the_next_start_goes_on(fresh: Workflow) -> None:
    started = submit(fresh, MANIFEST)
    ask("scancel", started.job)
    assert last_line(started.end()).startswith(
        "Failed: manifest: cancelled by scancel; run again to go on (log: "
    )
    assert submit(fresh, MANIFEST).end().returncode == 0
    assert fresh.path(MANIFEST).exists()


def test_a_job_over_memory_says_so_with_the_remedy(fresh: Workflow) -> None:
    line = last_line(submit(fresh, MANIFEST, "--set-resources", "manifest:mem_mb=40").end())
    assert line.startswith(
        "Failed: manifest: over memory: it asked for 40 MB; give it more: --set-resources manifest:mem_mb=80"
    )


def test_an_error_in_a_job_is_the_last_line(fresh: Workflow) -> None:
    config = yaml.safe_load(fresh.path(fresh.config).read_text())
    config["corpus"] |= {"min_seconds": 29, "max_utterances": None}
    fresh.path(fresh.config).write_text(yaml.safe_dump(config))
    finished = submit(fresh, MANIFEST).end()
    line = last_line(finished)
    assert re.match(r"Failed: manifest: CorpusError: .*\(log: results/ci/logs/manifest\.log\)$", line), line


def test_a_profile_for_this_cluster(fresh: Workflow) -> None:
    command = [sys.executable, "-m", "layerwise.cli.main", "profile", "--trial"]
    environment = {**os.environ, "PYTHONPATH": str(fresh.folder)}
    done = subprocess.run(command, cwd=fresh.folder, env=environment, capture_output=True, text=True)
    assert "on partition cpu: ran on" in done.stdout, done.stderr
    # The GPU of this node is made up.
    assert done.returncode == 1 and "on partition gpu" in done.stderr and "PyTorch" in done.stderr
    profile = yaml.safe_load(fresh.path("profiles/cluster/config.yaml").read_text())
    assert "default-resources" not in profile  # there are no accounts here
    partitions = yaml.safe_load(Path(fresh.folder, profile["slurm-partition-config"]).read_text())
    assert partitions["limits"]["cpu"] == {"mem_mb": 16_000, "runtime": 1440}
    assert set(partitions["partitions"]) == {"cpu", "gpu"}
