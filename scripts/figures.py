"""Draw every figure, in the sizes and formats of papers and of the report."""

from pathlib import Path

from _job import job, snakemake

from layerwise.options.style import StyleOptions
from layerwise.report.facts import read_facts
from layerwise.report.figures.all import save_all
from layerwise.report.run_tables import read_tables

with job():
    source = Path(snakemake.input.facts)
    folder = Path(snakemake.output.pdf[0]).parent
    options = StyleOptions(**snakemake.params.style)
    save_all(read_tables(source.parent), read_facts(source), options, folder, cores=snakemake.threads)
