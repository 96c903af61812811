"""Check the dictionary of the Montreal Forced Aligner, cut it to the corpus and add the run's lexicon."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.mfa_dictionary import write_dictionary
from layerwise.contracts.corpus import MANIFEST

with job():
    coverage = write_dictionary(
        snakemake.input.dictionary,
        snakemake.output.dictionary,
        texts=contracts.read(MANIFEST, snakemake.input.manifest)["text"],
        lexicon=snakemake.input.get("lexicon") or None,
        acoustic=snakemake.input.get("acoustic") or None,
        cut=snakemake.params.cut,
    )
    log.info("%s", coverage)
    log.info("%d pronunciations of the lexicon", coverage.added)
