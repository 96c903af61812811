"""``layerwise crate RUN OUT``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from layerwise.cli.runs import run_folder
from layerwise.errors import LineageError

NAME = "crate"
HELP = "Write a run as an RO-Crate (Provenance Run Crate): by reference, or whole with its data."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="a run in results/ by its name, or its folder")
    parser.add_argument("out", metavar="OUT", type=Path, help="a new folder, or a file that ends in .zip")
    parser.add_argument("--data", action="store_true", help="with the results, not their digests alone")
    parser.add_argument(
        "--inputs",
        action="store_true",
        help="with audio, weights and texts of yours, if their licences allow",
    )
    parser.add_argument("--license", default="", help="of the results, best as a URL")


def answer(given: argparse.Namespace) -> Iterator[str]:
    """Write the crate; name what it could not hold. Raises LineageError for results that were edited."""
    from layerwise.lineage.crate import RunCrate, Wish  # the library is needed here only

    folder = run_folder(given.run, "lineage", "run it first").absolute()
    if given.out.exists():
        raise LineageError(f"{given.out} is there already; name another place")
    base = folder.parents[1]
    wish = Wish(given.data, given.inputs, given.license)
    crate = RunCrate(folder.relative_to(base), base, Path.cwd(), wish)
    yield from crate.cautions
    crate.write(given.out)
    size = sum(path.stat().st_size for path in [given.out, *given.out.rglob("*")] if path.is_file())
    yield f"Written: {given.out} ({size / 1e6:.1f} MB)"
