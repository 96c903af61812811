"""Train one task on every layer of one model."""

import pandas as pd
from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.tasks import TASK_CURVES, TASK_DECODES, TASK_EXCLUSIONS, TASK_SCORES, TASK_WEIGHTS
from layerwise.features.store import FeatureStore
from layerwise.options.training import TrainingOptions, TrainingRecipe
from layerwise.specs.code import load_object
from layerwise.specs.metrics import Metric
from layerwise.tasks.data import Task
from layerwise.tasks.train import train_heads

with job():
    params = snakemake.params
    if snakemake.input.intervals:
        intervals = contracts.read(INTERVALS, snakemake.input.intervals)
    else:
        intervals = pd.DataFrame(columns=list(INTERVALS.required))
    result = train_heads(
        FeatureStore(snakemake.input.store),
        contracts.read(MANIFEST, snakemake.input.manifest),
        intervals,
        Task(
            snakemake.wildcards.task,
            Metric(**params.metric),
            TrainingRecipe(**params.recipe),
            load_object(params.plugin),
            params.own,
        ),
        seed=params.seed,
        options=TrainingOptions(**params.downstream),
        protocol=params.protocol,
        threads=snakemake.threads,
    )
    contracts.write(TASK_SCORES, result.scores, snakemake.output.scores)
    contracts.write(TASK_WEIGHTS, result.weights, snakemake.output.weights)
    contracts.write(TASK_CURVES, result.curves, snakemake.output.curves)
    contracts.write(TASK_EXCLUSIONS, result.excluded, snakemake.output.excluded)
    contracts.write(TASK_DECODES, result.decodes, snakemake.output.decodes)
