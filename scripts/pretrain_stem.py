"""Train the stem that all pre-trained models start from."""

import torch
from _checkpoints import checkpoint_folder
from _job import job, snakemake

from layerwise.pretrain.model import Architecture
from layerwise.pretrain.run import pretrain_stem, stem_training

with job():
    torch.set_num_threads(snakemake.threads)
    pretrain_stem(
        snakemake.input.speech,
        snakemake.output.stem,
        checkpoint_folder(snakemake, "stem"),
        Architecture(),
        stem_training(snakemake.params.steps),
        snakemake.params.seed,
    )
