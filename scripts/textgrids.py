"""Write the alignment as TextGrids."""

import pandas as pd
from _job import job, log, snakemake

from layerwise.align.textgrid_writer import write_textgrids
from layerwise.corpus.manifest import read_manifest

with job():
    intervals = pd.read_parquet(snakemake.input.intervals)
    written = write_textgrids(read_manifest(snakemake.input.manifest), intervals, snakemake.output.textgrids)
    log.info("%d TextGrids", written)
