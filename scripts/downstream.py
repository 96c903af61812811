"""Train one task on every layer of one model."""

import pandas as pd
from _job import job

from layerwise.corpus.manifest import read_manifest
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv
from layerwise.tasks.train import train_task

with job(snakemake):
    options = dict(snakemake.params.downstream)
    result = train_task(
        FeatureStore(snakemake.input.store),
        read_manifest(snakemake.input.manifest),
        pd.read_parquet(snakemake.input.intervals),
        snakemake.wildcards.task,
        seed=snakemake.params.seed,
        protocol=snakemake.params.protocol,
        resamples=options.pop("bootstrap"),
        threads=snakemake.threads,
        **options,
    )
    write_csv(result.scores, snakemake.output.scores)
    write_csv(result.weights, snakemake.output.weights)
    write_csv(result.curves, snakemake.output.curves)
    write_csv(result.excluded, snakemake.output.excluded)
    write_csv(result.decodes, snakemake.output.decodes)
