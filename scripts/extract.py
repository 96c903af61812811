"""Encode the corpus with one model and write its feature store."""

import pandas as pd
import torch
from _job import job

from layerwise.corpus.manifest import read_manifest
from layerwise.features.digest import write_digest
from layerwise.features.extract import extract
from layerwise.features.heap import give_back_freed_memory
from layerwise.lineage import digest
from layerwise.models import load_model
from layerwise.models.hub import pinned_revision
from layerwise.models.precision import use_precision
from layerwise.specs.sources import hub_id

with job(snakemake):
    give_back_freed_memory()
    entry, options = snakemake.params.model, snakemake.params.extraction
    torch.set_num_threads(snakemake.threads)
    revision = entry["revision"]
    if hub_id(entry["source"]):
        revision = pinned_revision(snakemake.input.model[0])
    model = load_model(
        entry["source"],
        revision=revision,
        device=options["device"],
        dtype=use_precision(options["precision"]),
        seed=snakemake.params.seed,
        window=entry["window"],
    )
    manifest = read_manifest(snakemake.input.manifest)
    samples = pd.concat(map(pd.read_parquet, snakemake.input.samples))
    wanted = set(samples[samples.kind == "utterance"].utt_id)
    if snakemake.params.tasks:
        wanted |= set(manifest.utt_id)
    extract(
        model,
        manifest,
        pd.read_parquet(snakemake.input.segments),
        sorted(wanted),
        snakemake.output.store,
        name=snakemake.wildcards.model,
        dtype=options["store_dtype"],
        batch_seconds=options["batch_seconds"],
        provenance={
            "parameters": model.parameters,
            "precision": options["precision"],
            "window": entry["window"],
            "seed": snakemake.params.seed,
            "files": {path: digest(path) for path in snakemake.input.model},
            "manifest": digest(snakemake.input.manifest),
            "segments": digest(snakemake.input.segments),
            "environment": digest(snakemake.input.lock),
            "code": {path: digest(path) for path in snakemake.input.code},
        },
    )
    write_digest(snakemake.output.store, snakemake.output.digest)
