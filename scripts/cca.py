"""Score every layer of one model in one analysis."""

from itertools import product

import pandas as pd
from _job import job

from layerwise.cca.analyses import run_analysis
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv

with job(snakemake):
    options = dict(snakemake.params.cca)
    values = options.pop("epsilons")
    source = FeatureStore(snakemake.input.store)
    tables = [
        run_analysis(
            snakemake.wildcards.analysis,
            source,
            pd.read_parquet(path),
            number,
            logmel=FeatureStore(snakemake.input.logmel),
            protocol=snakemake.params.protocol,
            seed=snakemake.params.seed,
            epsilons=list(product(values, values)) if values else None,
            threads=snakemake.threads,
            **options,
        )
        for number, path in enumerate(snakemake.input.samples)
    ]
    write_csv(pd.concat(tables), snakemake.output.scores)
