"""Compare the alignment of the run with a second one."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.boundaries import agreement, coverage
from layerwise.align.intervals import interval_table, quality_table
from layerwise.align.textgrid import align
from layerwise.contracts.alignment import BOUNDARY_AGREEMENT, COMPARED, INTERVALS
from layerwise.contracts.corpus import MANIFEST

with job():
    manifest = contracts.read(MANIFEST, snakemake.input.manifest)
    intervals = contracts.read(INTERVALS, snakemake.input.intervals)
    found = list(align(manifest, **snakemake.params.compare))
    other = interval_table(found)
    counts = coverage(intervals, other)
    log.info("utterances: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    contracts.write(BOUNDARY_AGREEMENT, agreement(intervals, other), snakemake.output.agreement)
    contracts.write(COMPARED, quality_table(found), snakemake.output.quality)
