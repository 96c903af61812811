"""What a Slurm cluster says of itself: partitions, the user's accounts, how long it remembers jobs."""

import getpass
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from layerwise.errors import LayerwiseError

SECONDS = 60  # a busy controller may take that long to answer
FORMAT = "%P|%a|%l|%D|%c|%m|%G"
TIME = re.compile(r"^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$")
GPU = re.compile(r"\bgpu(?::[^,:()]+)*:(\d+)")


class ClusterError(LayerwiseError):
    """The cluster cannot be asked, or it takes no job as it was asked for."""


@dataclass(frozen=True)
class Partition:
    """A partition: its most common kind of node, and its time limit in minutes (None: no limit).

    ``cpus``, ``mem_mb`` and ``gpus`` are those of a node, ``nodes`` how many there are in all.
    """

    name: str
    default: bool
    minutes: int | None
    nodes: int
    cpus: int
    mem_mb: int
    gpus: int


@dataclass(frozen=True)
class Cluster:
    """What a profile has to know: ``min_job_age`` is in seconds, ``accounts`` has the default one first."""

    partitions: tuple[Partition, ...]
    accounts: tuple[str, ...]
    min_job_age: int
    accounting: bool


def ask_cluster() -> Cluster:
    """Ask Slurm's own commands. Raises ClusterError where there is no Slurm or it does not answer."""
    partitions = parse_partitions(_run(["sinfo", "--noheader", "--exact", f"--format={FORMAT}"]))
    if not partitions:
        raise ClusterError("sinfo names no partition that is up; ask the administrators of the cluster")
    config = dict(re.findall(r"^(\w+)\s*= ?(.*)$", _run(["scontrol", "show", "config"]), re.MULTILINE))
    age = re.match(r"\d+", config.get("MinJobAge", ""))
    return Cluster(
        tuple(partitions),
        tuple(_accounts()),
        int(age[0]) if age else 0,
        _answers(["sacct", "--allocations", "--noheader", "--starttime=now"]),
    )


def default_partition_has_gpu() -> bool:
    """Return whether a job that names no partition may get a GPU. Raises ClusterError as `ask_cluster`."""
    partitions = parse_partitions(_run(["sinfo", "--noheader", "--exact", f"--format={FORMAT}"]))
    return any(partition.gpus for partition in partitions if partition.default)


def parse_partitions(text: str) -> list[Partition]:
    """Return the partitions that are up in what ``sinfo`` printed in `FORMAT`, one line per kind of node.

    The kind with GPUs stands for a partition that has any, else the kind with the most nodes.
    """
    kinds: dict[str, list[Partition]] = {}
    for line in text.split("\n"):
        if line.count("|") != FORMAT.count("|"):
            continue
        name, up, limit, nodes, cpus, mem, gres = (field.strip() for field in line.split("|"))
        if up != "up" or not int(nodes):
            continue
        node = Partition(
            name.rstrip("*"),
            name.endswith("*"),
            minutes(limit),
            int(nodes),
            int(cpus.rstrip("+")),
            int(mem.rstrip("+")),
            max(map(int, GPU.findall(gres)), default=1 if re.match(r"(.*,)?gpu\b", gres) else 0),
        )
        kinds.setdefault(node.name, []).append(node)
    return [
        max(nodes, key=lambda node: (node.gpus > 0, node.nodes, node.mem_mb, node.cpus))
        for nodes in kinds.values()
    ]


def minutes(limit: str) -> int | None:
    """Return a time limit of Slurm ([days-]hours:minutes:seconds, minutes:seconds) in minutes; None: endless.

    Raises ClusterError for anything else.
    """
    if limit in ("infinite", "UNLIMITED", "n/a", ""):
        return None
    match = TIME.match(limit)
    if not match:
        raise ClusterError(
            f"sinfo says {limit!r} where a time limit should be; use --partition to choose another"
        )
    days, *parts = match.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is None:  # MM, MM:SS or HH:MM:SS
        hours, rest = (numbers[0], numbers[1]) if len(numbers) == 3 else (0, numbers[0])
        return hours * 60 + rest
    return (int(days) * 24 + numbers[0]) * 60 + (numbers[1] if len(numbers) > 1 else 0)


def _accounts() -> list[str]:
    """The user's accounts, the default one first; none where Slurm keeps none."""
    user = getpass.getuser()
    default = _lines(["sacctmgr", "-nP", "show", "user", user, "format=DefaultAccount"])
    others = _lines(["sacctmgr", "-nP", "show", "assoc", f"user={user}", "format=Account"])
    if not (default or others):
        others = _lines(["sshare", "-U", "-n", "-P", "-o", "Account"])
    return list(dict.fromkeys(name.strip() for name in (*default, *others) if name.strip()))


def _lines(command: Sequence[str]) -> list[str]:
    """What a command prints, nothing if it fails: not every cluster keeps accounts."""
    try:
        return _run(command).splitlines()
    except ClusterError:
        return []


def _answers(command: Sequence[str]) -> bool:
    try:
        _run(command)
    except ClusterError:
        return False
    return True


def _run(command: Sequence[str]) -> str:
    """Run a command of Slurm. Raises ClusterError where it is missing, fails or does not end."""
    if shutil.which(command[0]) is None:
        raise ClusterError(
            f"{command[0]} was not found: run this on a login node, where Slurm's commands are "
            "(`module load slurm` on some)"
        )
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"`{' '.join(command)}` did not answer in {SECONDS} s; try again later") from error
    if done.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
