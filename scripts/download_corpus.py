"""Download and unpack a corpus."""

from _job import job, snakemake

from layerwise.corpus.catalogue import fetch_corpus

with job():
    fetch_corpus(snakemake.params.name, snakemake.output.folder)
