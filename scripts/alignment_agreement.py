"""Compare the alignment of the run with a second one."""

import pandas as pd
from _job import job, log, snakemake

from layerwise.align.boundaries import agreement, coverage
from layerwise.align.intervals import interval_table, quality_table
from layerwise.align.textgrid import align
from layerwise.corpus.manifest import read_manifest
from layerwise.files import write_csv

with job():
    manifest = read_manifest(snakemake.input.manifest)
    intervals = pd.read_parquet(snakemake.input.intervals)
    found = list(align(manifest, **snakemake.params.compare))
    other = interval_table(found)
    counts = coverage(intervals, other)
    log.info("utterances: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    write_csv(agreement(intervals, other), snakemake.output.agreement)
    write_csv(quality_table(found), snakemake.output.quality)
