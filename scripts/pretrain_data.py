"""Pack speech for pre-training."""

from _job import job, snakemake

from layerwise.features.digest import write_digest
from layerwise.pretrain.data import pack_speech

with job():
    params = snakemake.params
    pack_speech(params.data, snakemake.output.speech, params.clusters, params.seed)
    write_digest(snakemake.output.speech, snakemake.output.digest)
