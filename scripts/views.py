"""Cut the tables of a run into small ones, one for each curve and layer."""

from pathlib import Path

from _job import job, snakemake

from layerwise.files import write_aside, write_csv
from layerwise.report.run_tables import read_tables
from layerwise.report.views import curves, layers

with job():
    tables = read_tables(Path(snakemake.input.tables[0]).parent)
    for cut, target in ((curves, snakemake.output.curves), (layers, snakemake.output.layers)):
        with write_aside(target) as folder:
            folder.mkdir()
            for name, table in cut(tables):
                write_csv(table, folder / name)
