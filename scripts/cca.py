"""Score every layer of one model in one analysis."""

from _job import job, snakemake

from layerwise import contracts
from layerwise.analyses.engine import Beside, Variant, join_samples, score_layers
from layerwise.contracts.alignment import INTERVALS
from layerwise.contracts.corpus import MANIFEST
from layerwise.contracts.samples import SAMPLE
from layerwise.contracts.scores import INFEASIBLE, NULLS, SCORES, SIZES, TRAITS, UNITS
from layerwise.contracts.vectors import VECTORS
from layerwise.features.scratch import near
from layerwise.features.store import FeatureStore
from layerwise.options.scoring import ScoringOptions
from layerwise.specs.code import load_object


def speakers(path: str) -> dict[str, str]:
    """The speaker of each utterance of a manifest."""
    manifest = contracts.read(MANIFEST, path)
    return dict(zip(manifest["utt_id"], manifest["speaker"], strict=True))


with job():
    inputs, params, outputs = snakemake.input, snakemake.params, snakemake.output
    entry = params.entry
    analysis = load_object(entry["plugin"])
    beside = Beside(
        logmel=FeatureStore(near(inputs.logmel)) if inputs.logmel else None,
        prosody=FeatureStore(near(inputs.prosody)) if inputs.prosody else None,
        speakers=speakers(inputs.speakers) if inputs.speakers else {},
        vectors=contracts.read(VECTORS, inputs.vectors).set_index("label") if inputs.vectors else None,
        intervals=contracts.read(INTERVALS, inputs.intervals) if inputs.intervals else None,
    )
    store = near(inputs.store)
    tables = join_samples(
        [
            score_layers(
                analysis,
                snakemake.wildcards.analysis,
                FeatureStore(store),
                contracts.read(SAMPLE, path),
                number,
                options=ScoringOptions(**params.cca),
                own=analysis.own(**entry["own"]) if analysis.own else None,
                beside=beside,
                variant=Variant(
                    entry["plain"],
                    {name: load_object(code) for name, code in entry["given"].items()},
                    entry["split"],
                ),
                protocol=params.protocol,
                seed=params.seed,
                threads=snakemake.threads,
            )
            for number, path in enumerate(inputs.samples)
        ]
    )
    contracts.write(SCORES, tables.scores, outputs.scores)
    contracts.write(UNITS, tables.units, outputs.units)
    contracts.write(NULLS, tables.nulls, outputs.nulls)
    contracts.write(SIZES, tables.sizes, outputs.sizes)
    contracts.write(TRAITS, tables.traits, outputs.traits)
    contracts.write(INFEASIBLE, tables.infeasible, outputs.infeasible)
