"""Score every layer of one model in one analysis."""

import pandas as pd
from _job import job, snakemake

from layerwise.analyses.engine import Beside, score_layers
from layerwise.features.store import FeatureStore
from layerwise.files import write_csv
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.code import load_object

with job():
    inputs, params = snakemake.input, snakemake.params
    analysis = load_object(params.plugin)
    beside = Beside(
        logmel=FeatureStore(inputs.logmel) if inputs.logmel else None,
        speakers=pd.read_parquet(inputs.speakers).set_index("utt_id")["speaker"].to_dict()
        if inputs.speakers
        else {},
        vectors=pd.read_parquet(inputs.vectors).set_index("label") if inputs.vectors else None,
    )
    tables = [
        score_layers(
            analysis,
            snakemake.wildcards.analysis,
            FeatureStore(inputs.store),
            pd.read_parquet(path),
            number,
            options=ScoringOptions(**params.cca),
            own=analysis.own(**params.own) if analysis.own else None,
            beside=beside,
            protocol=params.protocol,
            seed=params.seed,
            threads=snakemake.threads,
        )
        for number, path in enumerate(inputs.samples)
    ]
    write_csv(pd.concat(tables), snakemake.output.scores)
