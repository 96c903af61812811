"""Train one task on every layer of one model."""

import pandas as pd
from _job import job, snakemake

from layerwise.corpus.manifest import read_manifest
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv
from layerwise.options.training import TrainingOptions, TrainingRecipe
from layerwise.specs.code import load_object
from layerwise.specs.metrics import Metric
from layerwise.tasks.data import Task
from layerwise.tasks.train import train_heads

with job():
    params = snakemake.params
    result = train_heads(
        FeatureStore(snakemake.input.store),
        read_manifest(snakemake.input.manifest),
        pd.read_parquet(snakemake.input.intervals),
        Task(
            snakemake.wildcards.task,
            Metric(**params.metric),
            TrainingRecipe(**params.recipe),
            load_object(params.plugin),
        ),
        seed=params.seed,
        options=TrainingOptions(**params.downstream),
        protocol=params.protocol,
        threads=snakemake.threads,
    )
    write_csv(result.scores, snakemake.output.scores)
    write_csv(result.weights, snakemake.output.weights)
    write_csv(result.curves, snakemake.output.curves)
    write_csv(result.excluded, snakemake.output.excluded)
    write_csv(result.decodes, snakemake.output.decodes)
