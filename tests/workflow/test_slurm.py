"""The workflow on a real Slurm of one node, without slurmdbd: what would be waited for endlessly ends."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import yaml
from filelock import FileLock
from one_node import missing, one_node
from running import Workflow

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

PATIENCE = 240  # seconds; without the settings of the profile these runs never end


@pytest.fixture(scope="module", autouse=True)
def _slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cluster at a time: its ports and its config have one place on a machine."""
    with FileLock("/tmp/layerwise-test-slurm.lock"), one_node(tmp_path_factory.mktemp("slurm")):
        yield


# Four jobs: one is cancelled, one needs more memory than it asks for, one has an error, one is fine.
CORPUS = {"path": "resources/prompts/prompts.tsv", "min_seconds": 0.5}
CONFIG = {
    "run": "ci",
    "corpus": CORPUS,
    "alignment": {"lexicon": "resources/prompts/lexicon.txt"},
    "models": [{"name": "hubert-tiny", "source": "resources/models/hubert-tiny"}],
    "corpora": {"cancelled": CORPUS, "wrong": {**CORPUS, "min_seconds": 29}, "fine": CORPUS},
    "tasks": [
        {"task": task, "corpus": corpus}
        for task, corpus in (("pr", "cancelled"), ("asr", "wrong"), ("scenario", "fine"))
    ],
}
MANIFESTS = [
    "results/ci/corpus/manifest.parquet",
    *(f"results/ci/corpora/{name}/manifest.parquet" for name in CONFIG["corpora"]),
]


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def submitted(wildcard: str) -> str:
    """Wait until the job with this wildcard is in the queue; return its number."""
    for _ in range(600):
        for line in ask("squeue", "--noheader", "--format=%i %k").splitlines():
            if line.endswith(f"_{wildcard}"):
                return line.split()[0]
        time.sleep(0.1)
    return pytest.fail(f"no job of {wildcard} was submitted in 60 s")


def test_every_end_of_a_job_is_seen_and_said(fresh: Workflow) -> None:
    fresh.config = "slurm.yaml"
    fresh.path(fresh.config).write_text(yaml.safe_dump(CONFIG))
    process = fresh.start(
        *("--workflow-profile", "profiles/slurm", "--retries", "0", "--keep-going"),
        *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5"),
        *("--set-resources", "manifest:mem_mb=40", "--", *MANIFESTS),
    )
    try:
        ask("scancel", submitted("cancelled"))
        output, _ = process.communicate(timeout=PATIENCE)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        print(process.communicate()[0])  # it hangs, or nothing was submitted
        raise
    assert process.returncode == 1
    last = sorted(output.splitlines()[-3:])
    log = r" \(log: .*\)$"
    memory = r"over memory: it asked for 40 MB; give it more: --set-resources manifest:mem_mb=80"
    assert re.match(rf"Failed: manifest: {memory}{log}", last[0]), output
    cancelled = "cancelled by scancel; run again to go on"
    assert re.match(rf"Failed: task_manifest \[corpus=cancelled\]: {cancelled}{log}", last[1]), output
    error = "CorpusError: no usable utterance"
    assert re.match(rf"Failed: task_manifest \[corpus=wrong\]: {error}.*{log}", last[2]), output
    made = [fresh.path(name).exists() for name in MANIFESTS]
    assert made == [False, False, False, True]


def test_a_profile_for_this_cluster(fresh: Workflow) -> None:
    command = [sys.executable, "-m", "layerwise.cli.main", "profile", "--trial"]
    environment = {**os.environ, "PYTHONPATH": str(fresh.folder)}
    done = subprocess.run(command, cwd=fresh.folder, env=environment, capture_output=True, text=True)
    assert "on partition cpu: ran on" in done.stdout, done.stderr
    # The GPU of this node is made up.
    assert done.returncode == 1 and "on partition cpu, node" in done.stderr and "PyTorch" in done.stderr
    profile = yaml.safe_load(fresh.path("profiles/cluster/config.yaml").read_text())
    assert "default-resources" not in profile  # there are no accounts here
    partitions = yaml.safe_load(fresh.path(profile["slurm-partition-config"]).read_text())
    limit = {"mem_mb": 16_000, "runtime": 1440}
    assert partitions["limits"] == {"cpu": limit, "gpu": limit}
    assert list(partitions["partitions"]) == ["cpu"]
