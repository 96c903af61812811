"""A trial job: what hours of queued work would stumble over, found in a minute.

On the node this module runs as a script: ``python -m layerwise.jobs.trial RESULT.json [gpu]``.
"""

import json
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from layerwise.jobs.slurm import ClusterError, Partition

MEMORY_MB = 2000
MINUTES = 5
PATIENCE = 900  # seconds that a trial may wait in the queue


def refusal(partition: Partition, account: str | None, gpu: bool) -> str:
    """Return why the cluster would refuse a job, empty if it would take it; nothing is queued."""
    command = ["sbatch", "--test-only", *_asks(partition, account, gpu), "--wrap", "true"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return ""
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1].strip() if lines else f"sbatch ended with {done.returncode}"


def _asks(partition: Partition, account: str | None, gpu: bool) -> list[str]:
    asks = ["-p", partition.name, "--ntasks=1", f"--mem={MEMORY_MB}", f"--time={MINUTES}"]
    asks += ["-A", account] if account else []
    return [*asks, "--gpus=1"] if gpu else asks


def run_trial(
    partition: Partition,
    account: str | None,
    gpu: bool,
    folder: Path,
    *,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Submit a trial job, wait for it and return one line on what it found.

    The job writes into ``folder``. Raises ClusterError if it is refused, fails, or does not start in
    ``patience`` s (it is cancelled), and if this Python, the folder or a GPU is not there on the node.
    """
    result = (folder / f"trial-{'gpu' if gpu else 'cpu'}.json").resolve()
    log = result.with_suffix(".log")
    result.unlink(missing_ok=True)
    command = shlex.join(
        [sys.executable, "-m", "layerwise.jobs.trial", str(result), *(["gpu"] if gpu else [])]
    )
    asks = [*_asks(partition, account, gpu), "--output", str(log), "--job-name=layerwise-trial"]
    done = subprocess.run(["sbatch", "--parsable", *asks, "--wrap", command], capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"partition {partition.name}: sbatch refused the trial job: {done.stderr.strip()}")
    job = done.stdout.strip().split(";")[0]
    started = time.monotonic()
    state, reason = _wait(job, patience, sleep)
    waited = time.monotonic() - started
    where = f"trial job {job} on partition {partition.name}"
    if state in ("PENDING", "CONFIGURING"):
        subprocess.run(["scancel", job], check=False)
        raise ClusterError(
            f"{where} did not start in {patience:.0f} s (reason: {reason}) and was cancelled; reasons like "
            "PartitionTimeLimit, QOSMax... or ReqNodeNotAvail last: choose another --partition"
        )
    for _ in range(10):  # a network disk may show the file late
        if result.exists():
            break
        sleep(1)
    else:
        end = (
            log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            if log.exists()
            else []
        )
        raise ClusterError(
            f"{where} ended as {state} without its result {result}"
            + (f"; its log {log} ends with: {end[0]}" if end else f", and there is no log {log}")
            + ". The folder, the repository and this Python must be on a disk that the nodes share"
        )
    found = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    if found["error"]:
        raise ClusterError(f"{where}, node {found['host']}: {found['error']}")
    log.unlink(missing_ok=True)
    device = f", {found['gpu']}" if gpu else ""
    return f"{where}: ran on {found['host']}{device}, {waited:.0f} s after it was submitted"


def _wait(job: str, patience: float, sleep: Callable[[float], None]) -> tuple[str, str]:
    """Wait for the end of a job; return its state and Slurm's reason."""
    left, state, reason = patience, "PENDING", ""
    while left > 0 or state not in ("PENDING", "CONFIGURING"):
        command = ["squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T|%r"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or "|" not in done.stdout:  # forgotten: it has ended
            return "ENDED", ""
        state, _, reason = done.stdout.strip().partition("|")
        if state not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED"):
            break
        sleep(2)
        left -= 2
    return state, reason


def main(result: str, gpu: bool) -> None:
    """Write what a job finds on its node: its name, the GPU, and what is wrong with it."""
    found = {"host": socket.gethostname(), "gpu": "", "error": ""}
    if gpu:
        import torch

        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name()
        else:
            found["error"] = (
                f"a GPU was asked for, but PyTorch {torch.__version__} finds none: its build does not fit "
                "the driver of the node (docs/cluster.md)"
            )
    Path(result).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], "gpu" in sys.argv[2:])
