"""Damaged inputs of every kind, each through the public function of its stage: is every failure named?

    python benchmarks/fuzz.py [--tries 2000] [--seed 1] [STAGE ...]

A try must end well, in an exclusion that is counted, or in an error of layerwise that names the file, the
utterance or the key; a good utterance beside a damaged one must pass; and neither time nor memory may run
away. Prints, for each stage, the inputs tried, what became of them, the failures, the slowest try and the
largest growth of memory. Exits with 1 if there is a failure; the inputs of failures are kept in --keep.
"""

import argparse
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks.fuzz_stages import STAGES, Stage
from layerwise.errors import LayerwiseError

SLOWEST_SECONDS = 20.0
LARGEST_MB = 700.0
ADDRESS_BYTES = 8 << 30  # beyond this an allocation fails, rather than the machine


class TooSlowError(BaseException):
    """A try took too long; no `except Exception` may catch it."""


@dataclass
class Tally:
    """What became of the inputs of a stage; ``failures`` hold number, kind and traceback."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: float = 0.0
    largest_mb: float = 0.0


def fuzz(stage: Stage, tries: int, seed: int, keep: Path | None = None) -> Tally:
    """Try a stage on so many damaged inputs; the same seed gives the same ones."""
    tally = Tally()
    for number in range(tries):
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        rng = random.Random(f"{seed} {stage.name} {number}")
        before, started = _peak_mb(), time.perf_counter()
        kind, trace = _try(stage, rng, folder)
        seconds, growth = time.perf_counter() - started, _peak_mb() - before
        tally.slowest, tally.largest_mb = max(tally.slowest, seconds), max(tally.largest_mb, growth)
        if growth > LARGEST_MB:
            kind = f"memory grew by {growth:.0f} MB"
        tally.outcomes[kind if kind in ("fine", "excluded", "named") else "failed"] += 1
        if kind not in ("fine", "excluded", "named"):
            tally.failures.append((number, kind, trace))
            if keep:
                shutil.copytree(folder, keep / f"{stage.name}-{number}", dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    return tally


def _try(stage: Stage, rng: random.Random, folder: Path) -> tuple[str, str]:
    """What became of one input, and the traceback of a failure."""
    names: Sequence[str] = ()
    previous = signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_REAL, SLOWEST_SECONDS)
    try:
        names, run = stage.draw(rng, folder)
        return run(), ""
    except LayerwiseError as error:
        if any(name in str(error) for name in names):
            return "named", ""
        return f"names none of {', '.join(names)}: {error}", traceback.format_exc()
    except TooSlowError:
        return "too slow", traceback.format_exc()
    except Exception as error:
        return f"{type(error).__name__}: {error}", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _too_slow(_: int, frame: FrameType | None) -> None:
    raise TooSlowError


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table of stages, and the first failures."""
    parser = argparse.ArgumentParser(description="Fuzz every stage that reads what users have.")
    parser.add_argument("stages", nargs="*", help=", ".join(STAGES))
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    warnings.simplefilter("ignore")
    failed = 0
    print("| stage | inputs | fine | excluded | named | unnamed failures | slowest (s) | memory (MB) |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.stages or STAGES:
        tries = max(1, round(arguments.tries * STAGES[name].share))
        tally = fuzz(STAGES[name], tries, arguments.seed, arguments.keep)
        counts = " | ".join(str(tally.outcomes[kind]) for kind in ("fine", "excluded", "named", "failed"))
        print(f"| {name} | {tries} | {counts} | {tally.slowest:.1f} | {tally.largest_mb:.0f} |", flush=True)
        failed += len(tally.failures)
        _show(tally)
    sys.exit(failed > 0)


def _show(tally: Tally) -> None:
    """Print one failure of each kind."""
    by_kind: dict[str, tuple[int, str, str]] = {}
    for number, kind, trace in tally.failures:
        by_kind.setdefault(trace.rpartition("File ")[2].split(",")[0] + kind[:40], (number, kind, trace))
    for number, kind, trace in by_kind.values():
        print(f"try {number}: {kind}\n{trace[-1500:]}", file=sys.stderr)


if __name__ == "__main__":
    main()
