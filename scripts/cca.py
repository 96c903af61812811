"""Score every layer of one model in one analysis."""

import pandas as pd
from _job import job, snakemake

from layerwise import contracts
from layerwise.analyses.engine import Beside, score_layers
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.samples import SAMPLE
from layerwise.contracts.scores import SCORES
from layerwise.contracts.vectors import VECTORS
from layerwise.features.store import FeatureStore
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.code import load_object


def speakers(path: str) -> dict[str, str]:
    """The speaker of each utterance of a manifest."""
    manifest = contracts.read(MANIFEST, path)
    return dict(zip(manifest["utt_id"], manifest["speaker"], strict=True))


with job():
    inputs, params = snakemake.input, snakemake.params
    analysis = load_object(params.plugin)
    beside = Beside(
        logmel=FeatureStore(inputs.logmel) if inputs.logmel else None,
        speakers=speakers(inputs.speakers) if inputs.speakers else {},
        vectors=contracts.read(VECTORS, inputs.vectors).set_index("label") if inputs.vectors else None,
    )
    tables = [
        score_layers(
            analysis,
            snakemake.wildcards.analysis,
            FeatureStore(inputs.store),
            contracts.read(SAMPLE, path),
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
    contracts.write(SCORES, pd.concat(tables), snakemake.output.scores)
