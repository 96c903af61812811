"""``layerwise why FILE``."""

import argparse
import json
from collections import Counter
from pathlib import Path

from layerwise.errors import LineageError
from layerwise.lineage.graph import brought, steps_to

NAME = "why"
HELP = "Say what a file of a run was made from, down to audio, weights, code and keys of the config."
SHOWN = 90  # characters of a value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", metavar="FILE", help="a file below results/RUN, as seen from here")


def answer(given: argparse.Namespace) -> list[str]:
    """Return the chain of jobs that made a file. Raises LineageError where no record names it."""
    path = Path(given.file)
    parents = [parent for parent in path.parents if (parent / "lineage").is_dir()]
    if not parents:
        raise LineageError(f"{path}: in no folder of a run, which has a folder `lineage`")
    records = parents[0] / "lineage"
    steps = steps_to(path.as_posix(), records)
    lines = []
    for step in steps:
        lines += [step.artifact, f"  rule {step.rule}, code {step.code[:12]}, lock {step.environment[:12]}"]
        lines += [f"  {name}: {_short(value)}" for name, value in sorted(step.options.items())]
        lines += [f"  reads {role}: {_files(list(files))}" for role, files in step.inputs.items() if files]
    lines.append("files of yours:")
    folders = Counter(Path(name).parent.as_posix() for name in brought(steps, records))
    lines += [f"  {folder}: {count}" for folder, count in sorted(folders.items())]
    lines.append("It is made again when one of these files, codes, locks or keys changes.")
    return lines


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _files(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} files, {names[0]} ..."
