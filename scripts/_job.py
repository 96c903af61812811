"""What every script of the workflow does around its own work."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from layerwise.errors import LayerwiseError
from layerwise.files import write_json
from layerwise.lineage.records import provenance

log = logging.getLogger("layerwise")


class Job(Protocol):
    """What a script gets of its job."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    resources: Any
    log: Any
    threads: int
    rule: str


def _given() -> Any:
    """The object that Snakemake put into the script; a script that is run by hand gets one like it."""
    main = sys.modules["__main__"]
    if not hasattr(main, "snakemake") and Path(getattr(main, "__file__", "")).parent == Path(__file__).parent:
        # By name: it is no part of the code of a job.
        return import_module("_mock").mock_snakemake(sys.argv[0], sys.argv[1:])
    return getattr(main, "snakemake", None)


snakemake: Job = _given()


@contextmanager
def job() -> Iterator[dict[str, Any]]:
    """Log to the rule's log file; end with one clear line on a user's error; record provenance on success.

    Yields what the job tells of its circumstances, for its run record.
    """
    try:
        logging.basicConfig(
            level=logging.INFO,
            format="%(asctime)s %(message)s",
            datefmt="%H:%M:%S",
            handlers=[logging.StreamHandler(), logging.FileHandler(snakemake.log[0], "w", encoding="utf-8")],
        )
        logging.captureWarnings(True)
        logging.getLogger("fontTools").setLevel(logging.WARNING)  # else a line for each glyph of a figure
        watch = import_module("_watch").Watch(snakemake, _named_paths(snakemake.input))
        told: dict[str, Any] = {}
        yield told
        watch.end()
        target = snakemake.output.get("record")
        if target:
            outputs = [path for path in snakemake.output if path != target]
            waited = ("replanned", "parts")  # for these, not read; of parts the store is all that stays
            read = {role: paths for role, paths in watch.inputs.items() if role not in waited}
            params = dict(snakemake.params.items())
            write_json(provenance(snakemake.rule, outputs, read, params), target)
            watch.note(told)
    except LayerwiseError as error:
        log.error("%s: %s", type(error).__name__, error)
        sys.exit(1)
    except BaseException as error:
        import_module("_watch").end_if_full(error, snakemake)
        log.exception("unexpected error in rule %s", snakemake.rule)
        raise


def _named_paths(files: Any) -> dict[str, list[str]]:
    return {name: [paths] if isinstance(paths, str) else list(paths) for name, paths in files.items()}
