"""Write the alignment as TextGrids."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.textgrid_writer import write_textgrids
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST

with job():
    intervals = contracts.read(INTERVALS, snakemake.input.intervals)
    written = write_textgrids(
        contracts.read(MANIFEST, snakemake.input.manifest), intervals, snakemake.output.textgrids
    )
    log.info("%d TextGrids", written)
