"""Score every layer of one model against every layer of another."""

from itertools import product

import pandas as pd
from _job import job

from layerwise.analyses.inter import run_inter
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv

with job(snakemake):
    options = dict(snakemake.params.cca)
    values = options.pop("epsilons")
    scores = run_inter(
        FeatureStore(snakemake.input.store_a),
        FeatureStore(snakemake.input.store_b),
        pd.read_parquet(snakemake.input.sample),
        protocol=snakemake.params.protocol,
        seed=snakemake.params.seed,
        epsilons=list(product(values, values)) if values else None,
        threads=snakemake.threads,
        **options,
        **snakemake.params.inter,
    )
    write_csv(scores, snakemake.output.scores)
