"""Download the published alignments of LibriSpeech."""

from _job import job, snakemake

from layerwise.align.librispeech import download

with job():
    download(snakemake.output.archive)
