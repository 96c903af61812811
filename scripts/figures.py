"""Draw every figure, as PDF and PNG."""

from pathlib import Path

import pandas as pd
from _facts import results
from _job import job

from layerwise.corpus.manifest import read_manifest
from layerwise.report.figures.style import save_figure
from layerwise.report.results import make_figures

with job(snakemake):
    corpus = (
        read_manifest(snakemake.input.manifest),
        pd.read_parquet(snakemake.input.intervals),
        pd.read_csv(snakemake.input.quality),
    )
    folder = Path(snakemake.output[0]).parent
    for stem, figure in make_figures(*results(snakemake), corpus).items():
        save_figure(figure, folder / stem)
