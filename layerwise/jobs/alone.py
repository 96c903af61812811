"""One Snakemake at a time makes a run, and its jobs end with it.

Both are told by locks of the file system (`flock`), which the system frees when a process ends, however it
does: nothing has to be unlocked by hand after a kill.
"""

import errno
import fcntl
import json
import logging
import os
import platform
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from layerwise.errors import LayerwiseError, RunningError

log = logging.getLogger(__name__)

HELD = "LAYERWISE_RUN"  # environment of jobs: token and path of the lock of the run that they belong to
JOBS = ".jobs"
PROBE_SECONDS, FAR_SECONDS = 1.0, 15.0
PATIENCE = 180.0  # for jobs of an earlier start; those on other machines look every FAR_SECONDS
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
RETRIES = 20  # a job that looks whether its run lives holds the lock for microseconds


class RunLock:
    """The lock of a run, held until the process ends.

    ``names`` are the run and whatever else it writes that other runs may write too; ``folder`` keeps the lock
    files, one a name, which stay.
    """

    def __init__(self, folder: Path | str, names: Iterable[str]) -> None:
        self._paths = [Path(folder) / f"{quote(name, safe='')}.lock" for name in names]
        self._held: list[IO[str]] = []

    def acquire(self, say: Callable[[str], object]) -> bool:
        """Take the lock, tell jobs of an earlier start to end, and wait for that. False: no locks here.

        ``say`` is told what is waited for. Raises RunningError if another process holds the lock or a job of
        an earlier start does not end, LayerwiseError if the disk is full.
        """
        try:
            self._paths[0].parent.mkdir(parents=True, exist_ok=True)
            for path in self._paths:
                stream: IO[str] = path.open("a+", encoding="utf-8")
                self._held.append(stream)
                if not _taken(stream):
                    raise RunningError(_busy(path))
            token = uuid.uuid4().hex
            for held in self._held:
                _write(held, token)
        except OSError as error:
            self._held.clear()
            if error.errno in NO_LOCKS:
                return False
            raise LayerwiseError(
                f"{self._paths[0].parent}: {error.strerror}: no space left on the disk, or it cannot be "
                "written to; nothing can be run here. Free space, or make it writable, and run again"
            ) from error
        os.environ[HELD] = f"{token} {self._paths[0].resolve()}"
        _wait_for_jobs(self._paths[0], say)
        return True


class Run:
    """The run that a job belongs to, as its environment tells it."""

    def __init__(self, held: str) -> None:
        """``held`` is the value of the environment variable HELD."""
        self._token, _, path = held.partition(" ")
        self._path = Path(path)
        self._near = _note(self._path).get("machine") == _machine()

    def check(self) -> None:
        """Raise RunningError if another start has taken the run over."""
        if not self._is_ours():
            raise RunningError(
                f"{self._path}: the start of the run that this job belongs to has ended, and another one "
                "goes on with its work: nothing is done here"
            )

    def ended(self) -> bool:
        """Whether Snakemake has ended (seen on its own machine only), or another start has taken over."""
        if not self._is_ours():
            return True
        if not self._near:
            return False  # locks may not reach from machine to machine
        try:
            with self._path.open("a+") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def follow(self, end: Callable[[], object]) -> None:
        """Hold the lock of jobs while this process lives, and call ``end`` when the run has ended."""
        self._jobs = self._path.with_suffix(JOBS).open("a+")
        with suppress(OSError):  # a node whose disk has no locks
            fcntl.flock(self._jobs, fcntl.LOCK_SH)
        self.check()

        def look() -> None:
            while not self.ended():
                time.sleep(PROBE_SECONDS if self._near else FAR_SECONDS)
            end()

        threading.Thread(target=look, name="run", daemon=True).start()

    def _is_ours(self) -> bool:
        """A lock that cannot be read, on a disk that does not answer, tells of no other start."""
        return _note(self._path).get("token", self._token) == self._token


def alone(
    execute: Callable[..., bool],
    lock: RunLock,
    execution: Any,
    say: Callable[[str], object],
    refusal: type[Exception],
) -> Callable[..., bool]:
    """Return what does as ``execute`` of Snakemake does, which plans and runs, but under the lock of the run.

    A dry run, and one with ``--nolock``, needs none. Snakemake's own locks outlive a kill, and a run that
    ends removes those of others too: they are left off. ``execution`` gives Snakemake's settings for it,
    ``refusal`` is the error that Snakemake tells its user.
    """

    def execute_alone(**settings: Any) -> bool:
        options = execution()
        if options.lock and not settings["executor_plugin"].common_settings.dryrun_exec:
            try:
                options.lock = not lock.acquire(say)
            except LayerwiseError as error:
                raise refusal(str(error)) from None
        return execute(**settings)

    return execute_alone


def _end() -> None:
    print("Snakemake has ended, so this job ends too; run again to go on", file=sys.stderr, flush=True)
    import psutil  # a dependency of Snakemake, needed nowhere else

    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)


def follow_run(end: Callable[[], object] = _end) -> None:
    """End this process and those that it started when its run ends; a script run by hand belongs to none.

    ``end`` does it from another thread.
    """
    held = os.environ.get(HELD)
    if held:
        Run(held).follow(end)


def check_run() -> None:
    """Raise RunningError if this is a job of a start of the run that another one has followed."""
    held = os.environ.get(HELD)
    if held:
        Run(held).check()


def _taken(stream: IO[str]) -> bool:
    for _ in range(RETRIES):
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _wait_for_jobs(path: Path, say: Callable[[str], object]) -> None:
    start, said = time.monotonic(), False
    with path.with_suffix(JOBS).open("a+") as jobs:
        while not _taken(jobs):
            if not said:
                say("Waiting for jobs of an earlier start to end")
                said = True
            if time.monotonic() - start > PATIENCE:
                raise RunningError(
                    f"{path}: a job of an earlier start still runs; end it (kill, scancel) and run again"
                )


def _write(stream: IO[str], token: str) -> None:
    note = {
        "token": token,
        "machine": _machine(),
        "who": f"process {os.getpid()} on {platform.node()}, since {datetime.now():%d %B %H:%M}",
    }
    stream.truncate(0)
    stream.write(json.dumps(note))
    stream.flush()


def _note(path: Path) -> dict[str, str]:
    """What the holder of a lock wrote into it; nothing while it does."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _busy(path: Path) -> str:
    who = _note(path).get("who", "just started")
    return (
        f"{path}: another snakemake works on this run ({who}). Wait for it, or stop it with Ctrl-C, and run "
        "again; several targets go into one command. Another run may go on beside it: give it a name of its "
        "own (config key `run`)"
    )


def _machine() -> str:
    """What tells this machine, since it was started, from others."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return platform.node()
