"""``layerwise recommend RUN [--task TASK]``."""

import argparse
from pathlib import Path

from layerwise.errors import ReportError
from layerwise.report.facts import read_facts
from layerwise.report.names import FACTS_NAME
from layerwise.report.recommend import recommendations
from layerwise.report.run_tables import read_tables

NAME = "recommend"
HELP = "Say which layer of each model to take, why, and what it is expected to lose against the best one."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="a run in results/ by its name, or its folder")
    parser.add_argument("--task", help="one task; else all tasks of the run")


def answer(given: argparse.Namespace) -> list[str]:
    """Return one line per trained model and task. Raises `ReportError` where there is no such run."""
    places = [Path("results") / given.run / "tables", Path(given.run) / "tables"]
    folder = next((place for place in places if (place / FACTS_NAME).is_file()), None)
    if folder is None:
        raise ReportError(
            f"no run {given.run!r}: neither {' nor '.join(map(str, places))} holds {FACTS_NAME}; make the "
            "tables first, or name the run's folder"
        )
    return recommendations(read_tables(folder), read_facts(folder / FACTS_NAME), given.task)
