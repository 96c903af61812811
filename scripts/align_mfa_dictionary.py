"""Add the run's lexicon to the dictionary of the Montreal Forced Aligner."""

from _job import job, log, snakemake

from layerwise.align.mfa_corpus import write_dictionary

with job():
    added = write_dictionary(snakemake.input.dictionary, snakemake.input.lexicon, snakemake.output.dictionary)
    log.info("%d pronunciations added", added)
