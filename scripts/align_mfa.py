"""Call the Montreal Forced Aligner. Needs nothing but Python 3.10: it runs in the environment of MFA."""

import argparse
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from layerwise.align.mfa_command import align_shard, fetch_model, train_model
from layerwise.errors import LayerwiseError
from layerwise.jobs.alone import follow_run


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("fetch")
    fetch.add_argument("kind", choices=("acoustic", "dictionary", "g2p"))
    fetch.add_argument("name")
    fetch.add_argument("output", type=Path)
    align, train = commands.add_parser("align"), commands.add_parser("train")
    for command in (align, train):
        command.add_argument("--corpus", type=Path, nargs="+", required=True)
        command.add_argument("--dictionary", type=Path, required=True)
        command.add_argument("--g2p", type=Path, nargs="*", help="one model or none")
        command.add_argument("--threads", type=int, default=1)
        command.add_argument("--timeout-minutes", type=float, required=True)
        command.add_argument("--output", type=Path, required=True)
    align.add_argument("--acoustic", type=Path, required=True)
    train.add_argument("--learned", type=Path, required=True)
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    if arguments.command == "fetch":
        fetch_model(arguments.kind, arguments.name, arguments.output)
        return
    common = {
        "g2p": arguments.g2p[0] if arguments.g2p else None,
        "threads": arguments.threads,
        "seconds": 60 * arguments.timeout_minutes,
    }
    if arguments.command == "train":
        models = {"learned": arguments.learned, **common}
        train_model(arguments.corpus, arguments.dictionary, arguments.output, **models)
    else:
        (corpus,) = arguments.corpus
        align_shard(corpus, arguments.dictionary, arguments.acoustic, arguments.output, **common)


signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that MFA is stopped too
try:
    follow_run(lambda: os.kill(os.getpid(), signal.SIGTERM))
    run(parse())
except LayerwiseError as error:
    sys.exit(f"{type(error).__name__}: {error}")
