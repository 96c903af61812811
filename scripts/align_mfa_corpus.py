"""Pack the corpus for the Montreal Forced Aligner."""

from _job import job, log, snakemake

from layerwise.align.mfa_corpus import pack_corpus
from layerwise.corpus.manifest import read_manifest
from layerwise.files import write_csv

with job():
    dropped = pack_corpus(read_manifest(snakemake.input.manifest), snakemake.output.corpus)
    log.info("%d utterances left out", len(dropped))
    write_csv(dropped, snakemake.output.dropped)
