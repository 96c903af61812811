"""A small part of benchmarks/faults.py: killed runs, a full disk, two starts at once."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from running import Workflow

from benchmarks.faults import NAMED, filled, small_disk

SAMPLES = "results/ci/samples"
MANIFEST = "results/ci/corpus/manifest.parquet"


def scripts(workflow: Workflow) -> list[int]:
    """Processes of jobs in this copy."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1].startswith(f"{workflow.folder}/.snakemake/scripts/".encode()):
            found.append(int(process.name))
    return found


def job_of(workflow: Workflow, process: subprocess.Popen[str]) -> int:
    """Wait until a job runs; return its process."""
    while not (found := scripts(workflow)):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    return found[0]


def test_killed_runs_go_on_by_themselves(fresh: Workflow, first: Workflow) -> None:
    """Snakemake alone, then one job, then all: the same command ends as if nothing had been."""
    target, chosen = f"{SAMPLES}/selection.parquet", random.Random(1)
    logs = fresh.path("results/ci/logs")
    for victim in ("snakemake", "job", "all"):
        process = fresh.start(target)
        job = job_of(fresh, process)
        while not list(logs.glob("*.log")):
            time.sleep(0.02)
        time.sleep(chosen.uniform(0, 0.3))  # a short job is over in a second
        if victim == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid if victim == "snakemake" else job, signal.SIGKILL)
        assert process.wait() != 0, victim  # its pipe may live on with the job
        if victim == "job":
            assert "killed (signal 9)" in process.communicate()[0].splitlines()[-1]
        until = time.monotonic() + 30
        while scripts(fresh):  # a job ends with its run
            assert time.monotonic() < until, victim
            time.sleep(0.05)
    finished = fresh.snakemake(target)
    assert not scripts(fresh)
    made = {path.name: path.read_bytes() for path in fresh.path(SAMPLES).iterdir()}
    assert made == {name: (first.path(SAMPLES) / name).read_bytes() for name in made}, finished.output
    assert len(made) >= 4


def test_a_second_start_is_refused_and_plans(fresh: Workflow) -> None:
    process = fresh.start(MANIFEST)
    job_of(fresh, process)
    os.kill(process.pid, signal.SIGSTOP)  # it works for as long as this takes
    refused = fresh.snakemake(MANIFEST, check=False)
    assert refused.returncode == 1
    last = refused.output.splitlines()[-1]
    assert f"another snakemake works on this run (process {process.pid} on" in last
    assert "config key `run`" in last
    fresh.snakemake("--dry-run", MANIFEST)
    os.kill(process.pid, signal.SIGCONT)
    output, _ = process.communicate()
    assert process.returncode == 0, output


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("left", [0, 4096])
def test_a_full_disk_is_named_and_gone_on_from(fresh: Workflow, left: int) -> None:
    results = fresh.path("results")
    try:
        with small_disk(results):
            with filled(results, left):
                full = fresh.snakemake(MANIFEST, check=False)
                assert full.returncode == 1
                assert NAMED.search(full.output.splitlines()[-1]), full.output
                assert not fresh.path(MANIFEST).exists()
            fresh.snakemake(MANIFEST)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
