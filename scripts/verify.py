"""Read everything that the run names again, and say what is not as it was written or read."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise.errors import LineageError
from layerwise.features.digest import verify
from layerwise.lineage.watch import recorded_artifacts, unlike_records

ADVICE = (
    "What a rule made comes back after you delete it and run again (of a store, delete its digest.json); "
    "a file of yours that was changed on purpose is taken up by the next run."
)

with job():
    records = Path(snakemake.params.records)
    pairs = zip(snakemake.input.stores, snakemake.input.digests, strict=True)
    problems = [problem for store, digest in pairs for problem in verify(store, digest)]
    problems += [f"{path} {what}" for path, what in unlike_records(records)]
    if problems:
        raise LineageError("\n".join([f"{len(problems)} differences:", *problems, ADVICE]))
    log.info(
        "%d stores and %d files are as they were written, and what they were made from as it was read",
        len(snakemake.input.stores),
        len(recorded_artifacts(records)),
    )
