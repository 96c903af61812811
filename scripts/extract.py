"""Encode the corpus with one model and write its feature store."""

import pandas as pd
import torch
from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.samples import SAMPLE, SEGMENTS
from layerwise.features.digest import write_digest
from layerwise.features.extract import extract
from layerwise.features.heap import give_back_freed_memory
from layerwise.lineage.content import digest
from layerwise.models.build import build_model
from layerwise.models.hub import pinned_revision
from layerwise.models.precision import use_precision

with job():
    give_back_freed_memory()
    params = snakemake.params
    entry, options = params.model, params.extraction
    torch.set_num_threads(snakemake.threads)
    model = build_model(
        params.plugin,
        entry["source"],
        params.location,
        random=params.random,
        revision=pinned_revision(snakemake.input.model[0]) if params.hub else entry["revision"],
        device=options["device"],
        dtype=use_precision(options["precision"]),
        seed=params.seed,
        window=entry["window"],
    )
    manifest = contracts.read(MANIFEST, snakemake.input.manifest)
    samples = pd.concat([contracts.read(SAMPLE, path) for path in snakemake.input.samples])
    wanted = set(samples[samples.kind == "utterance"].utt_id)
    if params.tasks:
        wanted |= set(manifest.utt_id)
    extract(
        model,
        manifest,
        contracts.read(SEGMENTS, snakemake.input.segments),
        sorted(wanted),
        snakemake.output.store,
        name=snakemake.wildcards.model,
        dtype=options["store_dtype"],
        batch_seconds=options["batch_seconds"],
        provenance={
            "parameters": model.parameters,
            "precision": options["precision"],
            "window": entry["window"],
            "seed": params.seed,
            "files": {path: digest(path) for path in snakemake.input.model},
            "manifest": digest(snakemake.input.manifest),
            "segments": digest(snakemake.input.segments),
            "environment": params.environment,
            "code": params.code,
        },
    )
    write_digest(snakemake.output.store, snakemake.output.digest)
