"""One Snakemake at a time on a run, and jobs that end with theirs: real processes, killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerwise.errors import LayerwiseError, RunningError
from layerwise.jobs import alone
from layerwise.jobs.alone import HELD, Run, RunLock

# A run that holds its lock, and starts a job that has a child of its own.
MAIN = """
import subprocess, sys, time
from layerwise.jobs.alone import RunLock
lock = RunLock(sys.argv[1], ["run"])
assert lock.acquire(print)
subprocess.Popen([sys.executable, "-c", sys.argv[2]])
time.sleep(60)
"""
JOB = """
import os, subprocess, sys, time
from layerwise.jobs.alone import follow_run
follow_run()
child = subprocess.Popen(["sleep", "60"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def main(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run and the numbers of the processes of its job."""
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, str(tmp_path), JOB], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        jobs = [int(number) for number in process.stdout.readline().split()]
        yield process, jobs
        process.kill()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HELD, "")


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def acquire(folder: Path, *names: str) -> list[str]:
    """Take the locks as Snakemake does; return what was said."""
    said: list[str] = []
    lock = RunLock(folder, names)
    assert lock.acquire(said.append)
    del lock
    return said


def test_a_second_start_is_refused_until_the_first_is_killed(
    main: tuple[subprocess.Popen[str], list[int]], tmp_path: Path
) -> None:
    process, jobs = main
    with pytest.raises(
        RunningError, match=rf"another snakemake works on this run \(process {process.pid} on"
    ):
        acquire(tmp_path, "run")
    acquire(tmp_path, "another run")
    with pytest.raises(RunningError):
        acquire(tmp_path, "another run, with", "run")
    process.kill()
    process.wait()
    acquire(tmp_path, "run")
    time.sleep(0.2)  # a process that ends gives its locks back a moment before it is gone
    assert not any(map(alive, jobs)), "a job of the killed start goes on beside the next"


def test_jobs_end_with_their_run_and_what_they_started_too(
    main: tuple[subprocess.Popen[str], list[int]],
) -> None:
    process, jobs = main
    time.sleep(2 * alone.PROBE_SECONDS)
    assert all(map(alive, jobs))
    process.kill()
    end = time.monotonic() + 10
    while any(map(alive, jobs)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, jobs))


def test_a_job_of_another_machine_ends_when_another_start_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "_machine", lambda: "login node")
    acquire(tmp_path, "run")
    held = os.environ[HELD]
    monkeypatch.setattr(alone, "_machine", lambda: "node 7")
    job = Run(held)
    job.check()
    assert not job.ended(), "Snakemake is dead, but no lock need reach this machine"
    lock = tmp_path / "run.lock"
    note = lock.read_text()
    lock.write_text("")
    assert not job.ended(), "a disk that does not answer ends no job"
    lock.write_text(note)
    acquire(tmp_path, "run")
    assert job.ended()
    with pytest.raises(RunningError, match="another one goes on"):
        job.check()


def test_a_job_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acquire(tmp_path, "run")
    job = Run(os.environ[HELD])
    job.follow(lambda: None)
    monkeypatch.setattr(alone, "PATIENCE", 0.5)
    with pytest.raises(RunningError, match=r"a job of an earlier start still runs; end it \(kill, scancel\)"):
        acquire(tmp_path, "run")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LayerwiseError, match=r"file: (Not a directory|File exists): .*nothing can be run"):
        acquire(tmp_path / "file", "run")
