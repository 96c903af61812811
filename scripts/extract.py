"""Encode a corpus with one model and write its feature store."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from _encoder import load_encoder
from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.corpus import MANIFEST, SELECTION
from layerwise.contracts.samples import SAMPLE, SEGMENTS
from layerwise.features.choice import Kind, choose_stored, write_stored
from layerwise.features.digest import write_digest
from layerwise.features.extract import extract, store_bytes
from layerwise.features.heap import give_back_freed_memory
from layerwise.jobs.stores import candidates
from layerwise.layers import on_curve
from layerwise.lineage.content import digest

with job() as told:
    give_back_freed_memory()
    inputs, params = snakemake.input, snakemake.params
    torch.set_num_threads(snakemake.threads)
    model = load_encoder(params.encoder, inputs.model, params.extraction, params.seed)
    dtype = params.extraction["store_dtype"]
    if inputs.segments:
        manifest = contracts.read(SELECTION, inputs.selection)
        samples = pd.concat([contracts.read(SAMPLE, path) for path in inputs.samples])
        sampled = set(samples[samples.kind == "utterance"].utt_id)
        segments, layers = contracts.read(SEGMENTS, inputs.segments), None
    else:  # a corpus of tasks
        manifest = contracts.read(MANIFEST, inputs.selection)
        sampled = set()
        segments = pd.DataFrame(columns=list(SEGMENTS.required))
        layers = [layer for layer in model.layers if on_curve(layer)]
    everyone = manifest.utt_id.tolist()
    least = store_bytes(model, manifest, segments, sorted(sampled), layers=layers, dtype=dtype)
    most = store_bytes(model, manifest, segments, everyone, layers=layers, dtype=dtype)
    analysed = bool(inputs.segments)  # then means are there, and only frames are to be paid for
    wishes = params.for_tasks["wishes"] | ({"means": "stored"} if analysed else {})
    sizes: dict[Kind, int] = {"frames": most - least, "means": 0 if analysed else least}
    stored = choose_stored(wishes, sizes, params.for_tasks["disk_gb"])
    if not (stored.frames or stored.means):
        manifest = manifest.head(0)
    target = snakemake.output.store
    whole, part = Path(target), None
    if number := snakemake.wildcards.get("part"):  # of {model}.parts
        whole = whole.parent.with_suffix(".zarr")
        part = int(number), params.shards
    parts = [Path(path) for path in inputs.parts if path.endswith(".zarr")]
    carried = extract(
        model,
        manifest,
        segments,
        everyone if stored.frames else sorted(sampled),
        target,
        name=snakemake.wildcards.model,
        layers=layers,
        dtype=dtype,
        batch_seconds=float(snakemake.resources.batch_seconds),
        reuse=[*parts, *candidates(whole)] if part is None else [whole, *candidates(whole)],
        part=part,
        provenance={
            "parameters": model.parameters,
            "device": str(model.device),
            "precision": params.extraction["precision"],
            "window": params.encoder["window"],
            "seed": params.seed,
            "files": {path: digest(path) for path in inputs.model},
            "selection": digest(inputs.selection),
            "segments": digest(inputs.segments) if inputs.segments else None,
            "environment": params.environment,
            "code": params.code,
        },
    )
    if part is None:
        write_stored(stored, snakemake.output.stored)
    told["carried_over"] = [asdict(each) for each in carried]
    write_digest(target, snakemake.output.digest)
