"""Read everything that a run names again, and say what is not as it was recorded."""

from pathlib import Path

from _job import job, log, snakemake

from layerwise.cli.verify import verified

with job():
    log.info("%s", verified(Path(snakemake.input.digests[0]).parents[1]))
