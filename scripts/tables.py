"""Gather the scores of all models into the tables of the run."""

from pathlib import Path

from _facts import results
from _job import job

from layerwise.report.results import write_tables

with job(snakemake):
    write_tables(*results(snakemake), Path(snakemake.output[0]).parent)
