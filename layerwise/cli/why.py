"""``layerwise why FILE[:ROW]``."""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from layerwise.errors import LineageError
from layerwise.lineage.graph import brought, steps_to
from layerwise.lineage.watch import read_record

NAME = "why"
HELP = "Say what a file of a run was made from, down to audio, weights, code and keys of the config."
SHOWN = 90  # characters of a value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "file",
        metavar="FILE[:ROW]",
        help="a file below results/RUN, as seen from here; a row of a CSV counts from 1, without the header",
    )


def answer(given: argparse.Namespace) -> list[str]:
    """Return the chain of jobs that made a file. Raises LineageError where no record names it."""
    name, _, number = given.file.rpartition(":")
    path = Path(name if number.isdecimal() and name else given.file)
    parents = [parent for parent in path.parents if (parent / "lineage").is_dir()]
    if not parents:
        raise LineageError(f"{path}: in no folder of a run, which has a folder `lineage`")
    records = parents[0] / "lineage"
    row = _row(path, int(number)) if path.as_posix() == name else {}
    steps = steps_to(path.as_posix(), records, partial(_concerns, row, parents[0]))
    lines = [f"row {number}: {', '.join(f'{key}={value}' for key, value in row.items())}"] if row else []
    for step in steps:
        lines += [step.artifact, f"  rule {step.rule}, code {step.code[:12]}, lock {step.environment[:12]}"]
        lines += _circumstances(read_record(records / "runs" / step.record))
        lines += [f"  {name}: {_short(value)}" for name, value in sorted(step.options.items())]
        lines += [f"  reads {role}: {_files(list(files))}" for role, files in step.inputs.items() if files]
    lines.append("files of yours:")
    folders = Counter(Path(name).parent.as_posix() for name in brought(steps, records))
    lines += [f"  {folder}: {count}" for folder, count in sorted(folders.items())]
    lines.append("It is made again when one of these files, codes, locks or keys changes.")
    return lines


def _row(path: Path, number: int) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise LineageError(f"{path}: cannot be read: {error}") from error
    if not 1 <= number <= len(rows):
        raise LineageError(f"{path}: there is no row {number}; it has {len(rows)}")
    return rows[number - 1]


def _concerns(row: Mapping[str, str], run: Path, path: str) -> bool:
    """Whether a file of a run may have gone into a row: it is of no other model, analysis or task."""
    folder, *names = Path(path).relative_to(run).parts if Path(path).is_relative_to(run) else ("",)
    model, kept = row.get("model", ""), ("logmel", "prosody", "inter")
    if not model or folder not in ("features", "cca", "downstream"):
        return True
    of_model = names[0].partition(".")[0]
    if of_model != model:
        return of_model in kept and folder != "downstream"
    what = row.get({"cca": "analysis", "downstream": "task"}.get(folder, ""), "")
    return not what or names[-1].partition(".")[0] == what


def _circumstances(ran: Mapping[str, Any]) -> list[str]:
    if not ran:
        return []
    state = ran["git"]
    commit = f"commit {state['commit'][:12]}{', edited' if state['dirty'] else ''}" if state["commit"] else ""
    facts = [f"ran {ran['started']} to {ran['ended']}", f"{ran['peak_mb']} MB", ran["device"], commit]
    licences = [f"  licence of {key}: {licence}" for key, licence in ran.get("licences", {}).items()]
    return [f"  {', '.join(filter(None, facts))}", *licences]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _files(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} files, {names[0]} ..."
