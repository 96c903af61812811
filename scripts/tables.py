"""Gather the scores of all models into the tables of the run."""

from pathlib import Path

from _job import job, snakemake

from layerwise.report.facts import write_facts
from layerwise.report.gather import RawFiles, gather
from layerwise.report.latex_tables import write_latex
from layerwise.report.run_facts import run_facts
from layerwise.report.run_tables import write_tables

with job():
    inputs, target = snakemake.input, Path(snakemake.output.facts)
    corpora = [Path(path) for path in inputs.corpora]
    files = RawFiles.of(dict(inputs.items()))
    facts = run_facts(
        snakemake.params.facts,
        manifest=files.manifest,
        stores=map(Path, inputs.stores),
        artifacts=[files.manifest, *corpora, files.intervals, *map(Path, inputs.digests)],
        corpora=corpora,
        stored=map(Path, inputs.stored),
    )
    tables = gather(files, facts)
    write_tables(tables, target.parent)
    write_latex(tables, facts, target.parent)
    write_facts(facts, target)
