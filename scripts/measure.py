"""Measure every layer of one model with one yardstick."""

from _job import job, snakemake

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.measures import CANNOT, LEFT_OUT, VALUES
from layerwise.contracts.samples import SAMPLE
from layerwise.features.scratch import near
from layerwise.features.store import FeatureStore
from layerwise.measures.base import MeasureRequest, run_measure
from layerwise.seeds import derive_seed
from layerwise.specs.code import load_object

with job():
    inputs, params, outputs = snakemake.input, snakemake.params, snakemake.output
    name = snakemake.wildcards.measure
    measure = load_object(params.entry["plugin"])
    manifest = contracts.read(MANIFEST, inputs.manifest)
    found = run_measure(
        measure,
        MeasureRequest(
            name=name,
            source=FeatureStore(near(inputs.store)),
            samples=[contracts.read(SAMPLE, path) for path in inputs.samples],
            intervals=contracts.read(INTERVALS, inputs.intervals),
            speakers=dict(zip(manifest["utt_id"], manifest["speaker"], strict=True)),
            protocol=params.protocol,
            seed=derive_seed(params.seed, name),
            own=measure.own(**params.entry["own"]) if measure.own else None,
            threads=snakemake.threads,
            logmel=FeatureStore(near(inputs.logmel)) if inputs.logmel else None,
            prosody=FeatureStore(near(inputs.prosody)) if inputs.prosody else None,
        ),
    )
    contracts.write(VALUES, found.values, outputs.measured)
    contracts.write(LEFT_OUT, found.left_out, outputs.left_out)
    contracts.write(CANNOT, found.cannot, outputs.infeasible)
