"""Score every layer of one model in one analysis."""

from itertools import product

import pandas as pd
from _job import job

from layerwise.analyses.run import LabelVectors, run_analysis
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv

with job(snakemake):
    options = dict(snakemake.params.cca)
    values = options.pop("epsilons")
    source = FeatureStore(snakemake.input.store)
    inputs, own = snakemake.input, dict(snakemake.params.own)
    if inputs.speakers:
        options["speakers"] = pd.read_parquet(inputs.speakers).set_index("utt_id")["speaker"].to_dict()
    elif inputs.vectors:
        options["vectors"] = LabelVectors(pd.read_parquet(inputs.vectors).set_index("label"), **own)
    elif own:
        options["clusters"] = {kind: own[f"{kind}_clusters"] for kind in ("phone", "word")}
        options["cluster_seeds"] = own["seeds"]
    tables = [
        run_analysis(
            snakemake.wildcards.analysis,
            source,
            pd.read_parquet(path),
            number,
            logmel=FeatureStore(inputs.logmel),
            protocol=snakemake.params.protocol,
            seed=snakemake.params.seed,
            epsilons=list(product(values, values)) if values else None,
            threads=snakemake.threads,
            **options,
        )
        for number, path in enumerate(inputs.samples)
    ]
    write_csv(pd.concat(tables), snakemake.output.scores)
