"""Download the published alignments of LibriSpeech."""

from _job import job

from layerwise.align.librispeech import download

with job(snakemake):
    download(snakemake.output.archive)
