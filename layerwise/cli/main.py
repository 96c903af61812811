"""The command ``layerwise``: one subcommand per question to a run.

    layerwise recommend demo --task pr        which layer of each model to take, and why
    layerwise status demo                     what is stale, and why
    layerwise verify demo                     whether all is as it was recorded
    layerwise compare demo other --out both   runs side by side, with differences and their intervals
    layerwise why results/demo/tables/layer_scores.csv        what a file was made from
    layerwise crate demo demo.zip             the run as an RO-Crate

Answers come from the tables and records of a run.
"""

import argparse
import sys
from collections.abc import Sequence

from layerwise.cli import compare, crate, profile, recommend, status, verify, why
from layerwise.errors import LayerwiseError

COMMANDS = (recommend, compare, status, verify, why, crate, profile)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return the exit status; errors that a user can act on go to stderr."""
    parser = argparse.ArgumentParser(prog="layerwise", description="Ask a finished run, or a cluster.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        own = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(own)
        own.set_defaults(answer=command.answer)
    given = parser.parse_args(arguments)
    try:
        for line in given.answer(given):
            print(line, flush=True)
    except LayerwiseError as error:
        print(f"layerwise: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
