"""Download and unpack a corpus."""

from _job import job

from layerwise.corpus.catalogue import fetch_corpus

with job(snakemake):
    fetch_corpus(snakemake.params.name, snakemake.output.folder)
