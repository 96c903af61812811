"""Draw every figure, as PDF and PNG."""

from pathlib import Path

from _job import job, snakemake

from layerwise.report.facts import read_facts
from layerwise.report.figures.all import make_figures
from layerwise.report.figures.style import save_figure
from layerwise.report.run_tables import read_tables

with job():
    source = Path(snakemake.input.facts)
    folder = Path(snakemake.output[0]).parent
    for stem, figure in make_figures(read_tables(source.parent), read_facts(source)).items():
        save_figure(figure, folder / stem)
