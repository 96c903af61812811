"""Score every layer of one model against every layer of another."""

import pandas as pd
from _job import job, snakemake

from layerwise.analyses.inter import run_inter
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv
from layerwise.options.analyses import InterOptions
from layerwise.options.scoring import ScoringOptions

with job():
    scores = run_inter(
        FeatureStore(snakemake.input.store_a),
        FeatureStore(snakemake.input.store_b),
        pd.read_parquet(snakemake.input.sample),
        own=InterOptions(**snakemake.params.inter),
        options=ScoringOptions(**snakemake.params.cca),
        protocol=snakemake.params.protocol,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
    write_csv(scores, snakemake.output.scores)
