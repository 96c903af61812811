"""Train one task on every layer of one model."""

import json
from pathlib import Path

from _encoder import load_encoder
from _job import job, log, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.tasks import (
    TASK_CAUTIONS,
    TASK_CURVES,
    TASK_DECODES,
    TASK_EXCLUSIONS,
    TASK_SCORES,
    TASK_UTTERANCES,
    TASK_WEIGHTS,
)
from layerwise.features.choice import read_stored
from layerwise.features.heap import give_back_freed_memory
from layerwise.features.scratch import near
from layerwise.features.store import FeatureStore
from layerwise.files import sha256_file
from layerwise.lineage.content import digest
from layerwise.options.training import TrainingOptions, TrainingRecipe
from layerwise.specs.code import load_object
from layerwise.specs.metrics import Metric
from layerwise.tasks.data import Task
from layerwise.tasks.features import Source
from layerwise.tasks.sources.live import LiveEncoder
from layerwise.tasks.train import train_heads

with job():
    give_back_freed_memory()
    params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
    manifest = contracts.read(MANIFEST, inputs.manifest)
    stored = inputs.stored and read_stored(inputs.stored).mode(params.pooled, params.features) == "stored"
    source: Source
    if stored:
        source, content = FeatureStore(near(inputs.store)), [sha256_file(inputs.digest)]
    else:
        encoder = load_encoder(params.encoder, inputs.model, params.encoder["extraction"], params.seed)
        source = LiveEncoder.of(snakemake.wildcards.model, encoder, manifest)
        content = [params.encoder, *map(digest, inputs.model)]
    log.info("Features: %s", "stored" if stored else "live, from the encoder in each pass")
    result = train_heads(
        source,
        manifest,
        Task(
            snakemake.wildcards.task,
            tuple(Metric(**metric) for metric in params.metrics),
            tuple(params.labels),
            params.pooled,
            TrainingRecipe(**params.recipe),
            load_object(params.plugin),
            load_object(params.head),
            params.own,
        ),
        seed=params.seed,
        intervals=contracts.read(INTERVALS, inputs.intervals) if inputs.intervals else None,
        lexicon=Path(inputs.lexicon) if inputs.lexicon else None,
        guess=params.guess,
        options=TrainingOptions(**params.downstream),
        protocol=params.protocol,
        threads=snakemake.threads,
        checkpoint=Path(outputs.scores).with_suffix(".checkpoint"),
        key=json.dumps([params.code, content, sha256_file(inputs.manifest)]),
    )
    contracts.write(TASK_SCORES, result.scores, outputs.scores)
    contracts.write(TASK_WEIGHTS, result.weights, outputs.weights)
    contracts.write(TASK_CURVES, result.curves, outputs.curves)
    contracts.write(TASK_EXCLUSIONS, result.excluded, outputs.excluded)
    contracts.write(TASK_CAUTIONS, result.cautions, outputs.cautions)
    contracts.write(TASK_DECODES, result.decodes, outputs.decodes)
    contracts.write(TASK_UTTERANCES, result.utterances, outputs.utterances)
