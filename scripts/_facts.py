"""The facts of a run that its tables, figures and report state beside the numbers."""

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise.corpus.manifest import read_manifest
from layerwise.features.store import FeatureStore
from layerwise.lineage import RECORDED_PACKAGES, digest
from layerwise.report.facts import CorpusFacts, Exclusion, ModelFacts, RunFacts
from layerwise.report.results import Results, gather

SUPERVISION = {"self": "self-supervised", "weak": "weakly supervised", "none": "none"}


def results(snakemake: Any) -> tuple[Results, RunFacts]:
    """Read the result files that a rule takes as input."""
    facts = run_facts(snakemake)
    inputs = snakemake.input
    paths = (map(Path, files) for files in (inputs.scores, inputs.downstream, inputs.weights, inputs.inter))
    read = gather(facts, *paths)
    return read, facts


def run_facts(snakemake: Any) -> RunFacts:
    """Put the facts together from a rule's inputs (see `FACTS` in rules/common.smk) and params."""
    inputs, params = snakemake.input, snakemake.params
    versions = {name: importlib.metadata.version(name) for name in ("layerwise", *RECORDED_PACKAGES)}
    artifacts = [inputs.manifest, inputs.intervals, *inputs.digests]
    return RunFacts(
        run=params.run,
        protocol=params.protocol,
        seed=params.seed,
        models=tuple(_model(entry, params.models, inputs.stores) for entry in params.models),
        corpus=_corpus(params.corpus, params.description, read_manifest(inputs.manifest)),
        aligner=params.aligner,
        samples=params.samples,
        trials=params.trials,
        exclusions=tuple(_exclusions(inputs)),
        versions={**versions, "python": platform.python_version()},
        digests={path: digest(path) for path in artifacts},
    )


def _model(entry: dict[str, Any], models: list[dict[str, Any]], stores: list[str]) -> ModelFacts:
    store = next(path for path in stores if Path(path).stem == entry["name"])
    source = entry["source"]
    kind = "random" if source.startswith("random:") else "baseline" if source == "logmel" else "trained"
    return ModelFacts(
        name=entry["name"],
        source=source,
        objective=entry["objective"],
        supervision=SUPERVISION[entry["supervision"]],
        kind=kind,
        twin_of=next((m["name"] for m in models if source == f"random:{m['source']}"), None),
        parameters=FeatureStore(store).header.provenance["parameters"] or None,
    )


def _corpus(path: str, description: str, manifest: pd.DataFrame) -> CorpusFacts:
    return CorpusFacts(
        name=path,
        utterances=len(manifest),
        speakers=manifest.speaker.nunique(),
        seconds=float((manifest.samples / manifest.sample_rate).sum()),
        description=description,
        splits=manifest.split.value_counts().sort_index().to_dict(),
    )


def _exclusions(inputs: Any) -> list[Exclusion]:
    corpus = _read(inputs.excluded)
    quality = _read(inputs.quality).query("status != 'aligned'")
    found = [Exclusion("corpus", row.utt_id, row.reason) for row in corpus.itertuples()]
    found += [Exclusion("alignment", row.utt_id, row.reason) for row in quality.itertuples()]
    tasks = [_read(path) for path in inputs.task_exclusions]
    lost = pd.concat(tasks).drop_duplicates(["task", "utt_id", "reason"]) if tasks else pd.DataFrame()
    found += [Exclusion(f"task {row.task}", row.utt_id, row.reason) for row in lost.itertuples()]
    for path in inputs.missing_vectors:
        stage = f"vectors {Path(path).name.removesuffix('.missing.csv')}"
        found += [
            Exclusion(stage, row.label, f"no vector ({row.segments} segments)")
            for row in _read(path).itertuples()
        ]
    return found


def _read(path: str) -> pd.DataFrame:
    """Read a table as text: an utterance may be called 0012 or NA."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)
