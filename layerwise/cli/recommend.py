"""``layerwise recommend RUN [--task TASK]``."""

import argparse

from layerwise.cli.runs import run_folder
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
    folder = run_folder(given.run, f"tables/{FACTS_NAME}", "make the tables first") / "tables"
    return recommendations(read_tables(folder), read_facts(folder / FACTS_NAME), given.task)
