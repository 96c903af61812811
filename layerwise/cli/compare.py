"""``layerwise compare RUN RUN... --out FOLDER``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from layerwise.cli.runs import run_folder
from layerwise.errors import ReportError
from layerwise.report.names import FACTS_NAME

NAME = "compare"
HELP = "Put finished runs side by side: curves, tasks and configs, with differences and their intervals."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help="runs in results/ by their names, or their folders; the first "
        "one is what the others are compared with",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where all is written")
    parser.add_argument(
        "--same",
        action="append",
        default=[],
        metavar="NAME=OTHER",
        help="models that go by two names: NAME is compared as OTHER (may be given several times)",
    )
    parser.add_argument(
        "--training",
        metavar="PATTERN",
        help="checkpoints of a model: its names, or those of runs, with {step} for the number: hubert-{step}",
    )


def answer(given: argparse.Namespace) -> Iterator[str]:
    """Write the comparison and say where it is.

    Raises `ReportError` for a run that is not there or has no tables, for models that do not match, and where
    FOLDER is one of the runs.
    """
    # Here, for figures and fonts take seconds that other commands need not wait for.
    from layerwise.report.compare.runs import read_runs, series_of
    from layerwise.report.compare.write import compare, write

    folders = [run_folder(run, f"tables/{FACTS_NAME}", "make the tables first") for run in given.runs]
    inside = [folder for folder in folders if given.out.resolve().is_relative_to(folder.resolve())]
    if inside:
        raise ReportError(f"--out {given.out} is in the run {inside[0]}, which is to stay as it is")
    runs = read_runs(folders, _same(given.same))
    made = compare(runs, series_of(runs, given.training))
    paths = write(made, given.out)
    yield f"Compared: {', '.join(run.label for run in runs)}; {len(made.series)} models"
    if len(made.unmatched):
        yield f"Not compared, for only some runs have it: {len(made.unmatched)} (tables/unmatched.csv)"
    yield f"Written: {paths[0]}, {paths[1]}, and {len(paths) - 2} tables and figures in {given.out}"


def _same(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, sign, other = pair.partition("=")
        if not (name and sign and other):
            raise ReportError(f"--same {pair!r}: write NAME=OTHER, two names of one model")
        found[name] = other
    return found
