"""Pre-train one model."""

import torch
from _checkpoints import checkpoint_folder
from _job import job, snakemake

from layerwise.pretrain.data import Masking
from layerwise.pretrain.model import Architecture
from layerwise.pretrain.run import pretrain
from layerwise.pretrain.train import Training

with job():
    torch.set_num_threads(snakemake.threads)
    objective = snakemake.wildcards.objective
    pretrain(
        snakemake.input.speech,
        snakemake.input.stem,
        snakemake.output.model,
        checkpoint_folder(snakemake, objective),
        objective,
        Architecture(),
        Training(snakemake.params.steps),
        Masking(),
        snakemake.params.seed,
        snakemake.params.sources,
    )
