"""What jobs ask a scheduler for: memory and time from the size of the corpus and of the model.

The numbers are measured peaks (docs/cluster.md) with head room; each new try of a job asks for twice as much.
"""

from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path

import yaml

from layerwise.errors import ConfigError

# Before the corpus is checked and the model is fetched nobody knows how large they are.
UNKNOWN_HOURS = 10.0
UNKNOWN_GIGABYTES = 1.3  # a large model


@dataclass(frozen=True)
class Amount:
    """Memory in MB and time in minutes: a base, and more for each hour of audio and GB of checkpoint.

    ``cost`` is minutes for each hour of audio and GB of checkpoint on CPUs, ``gpu_cost`` on a GPU, and
    ``gpu_mb`` memory of the host that a GPU needs.
    """

    mem_mb: float
    minutes: float
    mb_per_gigabyte: float = 0
    mb_per_hour: float = 0
    minutes_per_gigabyte: float = 0
    minutes_per_hour: float = 0
    cost: float = 0
    gpu_cost: float = 0
    gpu_mb: float = 0

    def memory(self, hours: float, gigabytes: float, gpu: bool) -> float:
        """Return the MB of a first try."""
        return (
            self.mem_mb
            + self.mb_per_gigabyte * gigabytes
            + self.mb_per_hour * hours
            + (self.gpu_mb if gpu else 0)
        )

    def time(self, hours: float, gigabytes: float, gpu: bool) -> float:
        """Return the minutes of a first try."""
        cost = self.gpu_cost if gpu else self.cost
        return (
            self.minutes
            + self.minutes_per_gigabyte * gigabytes
            + hours * (self.minutes_per_hour + cost * gigabytes)
        )


AMOUNTS = {
    "pretrain_data": Amount(8000, 120),
    "pretrain_stem": Amount(8000, 240),
    "pretrain": Amount(8000, 2880),
    "manifest": Amount(2000, 60, minutes_per_hour=1),
    "align": Amount(2000, 30, mb_per_hour=50, minutes_per_hour=10),
    "extract": Amount(
        2500, 30, mb_per_gigabyte=2500, mb_per_hour=5, minutes_per_hour=3, cost=240, gpu_cost=12, gpu_mb=3000
    ),
    "cca": Amount(4000, 30, mb_per_gigabyte=1000, minutes_per_gigabyte=60, gpu_mb=3000),
    "measure": Amount(
        4000,
        30,
        mb_per_gigabyte=1000,
        mb_per_hour=200,
        minutes_per_hour=10,
        cost=60,
        gpu_cost=10,
        gpu_mb=3000,
    ),
    "downstream": Amount(
        4000,
        120,
        mb_per_gigabyte=4000,
        mb_per_hour=20,
        minutes_per_hour=30,
        cost=60,
        gpu_cost=10,
        gpu_mb=3000,
    ),
}


@dataclass(frozen=True)
class Limit:
    """The most memory (MB) and time (minutes) that a job may ask for."""

    mem_mb: float = inf
    runtime: float = inf


@dataclass(frozen=True)
class Limits:
    """What the partitions of a profile allow a job without a GPU and one with a GPU (None: there is none)."""

    cpu: Limit = Limit()
    gpu: Limit | None = Limit()

    def of(self, gpu: bool) -> Limit:
        """Return those of a job; where there is no GPU it gets none."""
        return self.gpu if gpu and self.gpu else self.cpu


def memory(kind: str, attempt: int, gpu: bool, limits: Limits, hours: float = 0, gigabytes: float = 0) -> int:
    """Return the MB that a try of a kind of job asks for; ``attempt`` counts from 1."""
    wanted = AMOUNTS[kind].memory(hours, gigabytes, gpu) * 2.0 ** (attempt - 1)
    return ceil(min(wanted, limits.of(gpu).mem_mb))


def runtime(
    kind: str, attempt: int, gpu: bool, limits: Limits, hours: float = 0, gigabytes: float = 0
) -> int:
    """Return the minutes that a try of a kind of job asks for; ``attempt`` counts from 1."""
    wanted = AMOUNTS[kind].time(hours, gigabytes, gpu) * 2.0 ** (attempt - 1)
    return ceil(min(wanted, limits.of(gpu).runtime))


def read_limits(path: Path | str) -> Limits:
    """Return the limits in the file of partitions that `layerwise profile` writes.

    Raises ConfigError where the file is missing or has none.
    """
    try:
        limits = yaml.safe_load(Path(path).read_text(encoding="utf-8"))["limits"]
        return Limits(Limit(**limits["cpu"]), Limit(**limits["gpu"]) if "gpu" in limits else None)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(
            f"slurm-partition-config: {path} has no `limits:` with `cpu: {{mem_mb: ..., runtime: ...}}` "
            f"({error}); write the file with `layerwise profile`"
        ) from error
