"""Under what circumstances a job ran: what its deterministic record leaves out."""

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

COMMAND = "LAYERWISE_COMMAND"  # set by the workflow: the command that started the run
CONFIG_FILES = "LAYERWISE_CONFIG_FILES"
COMMIT = "LAYERWISE_COMMIT"  # set in the container image, which has no git
EDITED = "-edited"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def circumstances(repository: Path, started: str, threads: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be kept of the circumstances of a job that ends now.

    There is no user, no name of the host, and no path above the working directory. ``started`` is what
    ``now`` returned at its start; ``params`` of the job tell which device was asked for.
    """
    return {
        "started": started,
        "ended": now(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _rss_per_mb(),
        "threads": threads,
        "device": _device(params),
        "command": _without_folder(os.environ.get(COMMAND, "")),
        "config_files": _without_folder(os.environ.get(CONFIG_FILES, "")),
        "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
        "git": git_state(repository),
        "host": host(),
    }


def git_state(repository: Path) -> dict[str, Any]:
    """Return the commit and whether files differ from it; an empty commit outside a git repository.

    An image names the commit that it was built from.
    """
    if built := os.environ.get(COMMIT):
        return {"commit": built.removesuffix(EDITED), "dirty": built.endswith(EDITED)}
    try:
        commit = _git(repository, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(repository, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": "", "dirty": False}


def host() -> dict[str, str]:
    """Return operating system, processor, and of what is loaded: BLAS of NumPy, GPU and CUDA of PyTorch."""
    facts = {"system": platform.platform(), "processor": _processor(), "cores": str(os.cpu_count() or "")}
    if numpy := sys.modules.get("numpy"):
        blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        facts["blas"] = f"{blas.get('name', '')} {blas.get('version', '')}".strip()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
        facts["cuda"] = str(torch.version.cuda)
    return facts


def _device(params: Mapping[str, Any]) -> str:
    """The device that ``device`` in a section of the config came to here; nothing for a job without one."""
    asked = next((value["device"] for value in params.values() if _has_device(value)), "")
    torch = sys.modules.get("torch")
    if asked != "auto" or torch is None:
        return asked
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _has_device(value: object) -> bool:
    return isinstance(value, Mapping) and "device" in value


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _without_folder(text: str) -> str:
    return text.replace(f"{Path.cwd()}/", "").replace(str(Path.home()), "~")


def _rss_per_mb() -> int:
    return 1024 * 1024 if sys.platform == "darwin" else 1024
