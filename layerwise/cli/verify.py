"""``layerwise verify RUN``."""

import argparse
from pathlib import Path

from layerwise.cli.runs import run_folder
from layerwise.errors import LineageError
from layerwise.features.digest import verify
from layerwise.lineage.watch import recorded_artifacts, unlike_records

NAME = "verify"
HELP = "Read stores, results and inputs of a run again, and name all that is not as it was recorded."
ADVICE = (
    "What a rule made comes back after you delete it and run again (of a store, delete its digest.json); "
    "a file of yours that was changed on purpose is taken up by the next run."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="a run in results/ by its name, or its folder")
    parser.add_argument("--model", help="the store of this model only")


def answer(given: argparse.Namespace) -> list[str]:
    """Return a line that all is well. Raises LineageError that lists what is not."""
    return [verified(run_folder(given.run, "lineage", "run it first"), given.model)]


def verified(run: Path, model: str | None = None) -> str:
    """Compare a run with its records and say what was looked at.

    ``run`` is its folder below the working directory; with ``model``, only the stores of that model are
    read. Stores that were deleted are not missed: they come back when they are needed. Raises LineageError
    that lists what differs.
    """
    digests = sorted(run.rglob(f"features/{model or '*'}.digest.json"))
    if model and not digests:
        raise LineageError(f"{run}: no model {model!r} has features there")
    stores = [(path.with_name(path.name.replace(".digest.json", ".zarr")), path) for path in digests]
    there = [(store, digest) for store, digest in stores if store.exists()]
    problems = [line for store, digest in there for line in verify(store, digest)]
    looked_at = f"{len(there)} stores"
    if not model:
        records = run / "lineage"
        problems += [f"{path} {what}" for path, what in unlike_records(records)]
        looked_at += f" and {len(recorded_artifacts(records))} files"
    if problems:
        raise LineageError("\n".join([f"{len(problems)} differences:", *problems, ADVICE]))
    return f"{looked_at} are as they were recorded"
