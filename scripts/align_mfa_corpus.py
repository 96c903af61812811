"""Pack the corpus for the Montreal Forced Aligner."""

from _job import job, log, snakemake

from layerwise import contracts
from layerwise.align.mfa_corpus import pack_corpus
from layerwise.contracts.alignment import MFA_DROPPED, MFA_SPEECH
from layerwise.contracts.corpus import MANIFEST

with job():
    packed = pack_corpus(contracts.read(MANIFEST, snakemake.input.manifest), snakemake.output.corpus)
    log.info("%d utterances left out", len(packed.dropped))
    contracts.write(MFA_DROPPED, packed.dropped, snakemake.output.dropped)
    contracts.write(MFA_SPEECH, packed.speech, snakemake.output.speech)
