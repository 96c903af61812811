"""Calls of ``mfa`` as processes of their own: timed, passed on, quoted, stopped with all their children.

Standard library only, like all that runs in the environment of MFA (envs/mfa.yaml), where layerwise is not
installed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from layerwise.errors import AlignmentError

MAJOR_VERSION = 3  # version 4 changes what `mfa align` takes
START_SECONDS = 300.0  # of a command without a corpus
QUOTED_LINES = 12
INSTALL = (
    "run snakemake with `--sdm conda`, which installs envs/mfa.yaml, or put MFA on the PATH "
    "(`conda create -n mfa -c conda-forge montreal-forced-aligner=3.4`, `conda activate mfa`). "
    "Without MFA, set `aligner: pocketsphinx` (installed with layerwise) or `aligner: textgrid` "
    "(alignments that you have)"
)


class MfaError(AlignmentError):
    """A call of MFA failed or was stopped."""


def check_version(place: Path) -> str:
    """Return the version of ``mfa``. Raises MfaError if there is none or its major version is another."""
    lines = run(place, [program(), "version"], "`mfa version`", START_SECONDS)
    found = re.search(r"\b(\d+)\.\d+\S*", " ".join(lines))
    if found is None or int(found[1]) != MAJOR_VERSION:
        raise MfaError(
            f"`mfa version` says {' '.join(lines)!r}, version {MAJOR_VERSION} is needed: {INSTALL}"
        )
    return found[0]


def program() -> str:
    """Path of ``mfa``. Raises MfaError, saying how to get it, if it is not on the PATH."""
    program = shutil.which("mfa")
    if program is None:
        raise MfaError(f"the Montreal Forced Aligner (`mfa`) is not on the PATH: {INSTALL}")
    return program


def run(place: Path, command: Sequence[str], name: str, seconds: float | None) -> list[str]:
    """Run a command in a process group of its own, pass its messages on, and return the last of them.

    Raises:
        MfaError: it failed, or was killed with all its children after ``seconds``.
    """
    print("$", " ".join(command), flush=True)
    environment = {**os.environ, "MFA_ROOT_DIR": str(place / "root"), "NO_COLOR": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    last: deque[str] = deque(maxlen=QUOTED_LINES)
    reader = threading.Thread(target=_pass_on, args=(process.stdout, last), daemon=True)
    reader.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise MfaError(
            f"{name} did not end within {seconds:g} s and was stopped; raise `alignment.mfa.timeout_minutes` "
            f"or `alignment.mfa.shards`, or leave out overlong utterances. {_quote(last)}"
        ) from None
    except BaseException:
        _kill(process)
        raise
    reader.join(timeout=10)
    if process.returncode != 0:
        raise MfaError(f"{name} failed with exit status {process.returncode}. {_quote(last)}")
    return list(last)


def _pass_on(stream: Iterable[str], last: deque[str]) -> None:
    for line in stream:
        sys.stdout.write(line)
        sys.stdout.flush()
        if line.strip():
            last.append(line.rstrip())


def _kill(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _quote(lines: Iterable[str]) -> str:
    quoted = "\n  ".join(lines)
    return f"Its last lines:\n  {quoted}" if quoted else "It said nothing."


@contextmanager
def workplace() -> Iterator[Path]:
    """A fresh folder on the local disk (``TMPDIR``): what a killed job left in its own is never met again."""
    with tempfile.TemporaryDirectory(prefix="layerwise-mfa-", ignore_cleanup_errors=True) as name:
        yield Path(name)
