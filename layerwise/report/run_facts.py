"""The facts of a run, put together from the values of its config and from its files."""

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise import contracts
from layerwise.contracts.corpus import MANIFEST
from layerwise.errors import ReportError
from layerwise.features.choice import read_stored
from layerwise.features.store import FeatureStore
from layerwise.files import sha256_file
from layerwise.lineage.records import RECORDED_PACKAGES
from layerwise.report.facts import (
    CorpusFacts,
    ModelFacts,
    ModelKind,
    RunFacts,
    Supervision,
    analysis_facts,
    measure_facts,
    task_facts,
)

SUPERVISION: dict[str, Supervision] = {
    "self": "self-supervised",
    "weak": "weakly supervised",
    "none": "none",
}


def run_facts(
    values: Mapping[str, Any],
    manifest: Path,
    stores: Iterable[Path],
    artifacts: Iterable[Path],
    corpora: Iterable[Path] = (),
    stored: Iterable[Path] = (),
) -> RunFacts:
    """Put the facts of a run together.

    ``values`` are plain: run, protocol, seed, aligner, samples, trials, smallest_effect; corpus (its path)
    and description; models (name, source, objective, supervision, recipe of each, as in a config); analyses,
    measures and tasks (see `facts.analysis_facts`, `measure_facts` and `task_facts`); corpora (name and
    description of each that only tasks use) and features (task, corpus, pooled and asked of each task).
    ``stores`` are the feature stores, ``{model}.zarr`` for each model; ``artifacts`` are the files whose
    SHA-256 the report states, in this order; ``corpora`` are the manifests
    ``corpora/{name}/manifest.parquet``; ``stored`` are the files ``{model}.stored.json`` of all corpora.
    ``licences`` are texts by key of the config.

    Raises `ReportError` for a model without a store, and the errors of readers for broken files.
    """
    by_model = {path.stem: path for path in stores}
    versions = {name: importlib.metadata.version(name) for name in ("layerwise", *RECORDED_PACKAGES)}
    return RunFacts(
        run=values["run"],
        protocol=values["protocol"],
        seed=values["seed"],
        models=tuple(_model(entry, values["models"], by_model) for entry in values["models"]),
        corpus=_corpus(values["corpus"], values["description"], contracts.read(MANIFEST, manifest)),
        aligner=values["aligner"],
        samples=values["samples"],
        trials=values["trials"],
        smallest_effect=values["smallest_effect"],
        analyses=analysis_facts(values["analyses"]),
        tasks=task_facts(values["tasks"]),
        measures=measure_facts(values["measures"]),
        versions={**versions, "python": platform.python_version()},
        digests={path.as_posix(): sha256_file(path) for path in artifacts},
        corpora=tuple(_task_corpora(values["corpora"], corpora)),
        live=_live(values["features"], [entry["name"] for entry in values["models"]], stored),
        licences=values.get("licences", {}),
    )


def _model(
    entry: Mapping[str, Any], models: Sequence[Mapping[str, Any]], stores: Mapping[str, Path]
) -> ModelFacts:
    name, source = entry["name"], entry["source"]
    if name not in stores:
        raise ReportError(f"model {name!r} has no feature store; extract its features first")
    kind: ModelKind = "trained"
    if source.startswith("random:"):
        kind = "random"
    elif source == "logmel":
        kind = "baseline"
    return ModelFacts(
        name=name,
        source=source,
        objective=entry["objective"],
        supervision=SUPERVISION[entry["supervision"]],
        kind=kind,
        twin_of=next((model["name"] for model in models if source == f"random:{model['source']}"), None),
        parameters=FeatureStore(stores[name]).header.provenance["parameters"] or None,
        recipe=entry["recipe"],
    )


def _task_corpora(entries: Iterable[Mapping[str, str]], manifests: Iterable[Path]) -> Iterable[CorpusFacts]:
    by_name = {path.parent.name: path for path in manifests}
    for entry in entries:
        manifest = contracts.read(MANIFEST, by_name[entry["name"]])
        yield _corpus(entry["name"], entry["description"], manifest)


def _live(
    tasks: Iterable[Mapping[str, Any]], models: Sequence[str], stored: Iterable[Path]
) -> dict[str, list[str]]:
    """Models that encode live, by task; tasks without any are left out."""
    found = {}
    for path in stored:
        corpus = path.parent.parent.name if path.parent.parent.parent.name == "corpora" else ""
        found[(corpus, path.name.removesuffix(".stored.json"))] = read_stored(path)
    live = {}
    for task in tasks:
        # Where nothing of a corpus may be stored, there is no file that says so.
        of_models = {model: found.get((task["corpus"], model)) for model in models}
        live[task["task"]] = [
            model
            for model, choice in of_models.items()
            if choice is None or choice.mode(task["pooled"], task["asked"]) == "live"
        ]
    return {task: names for task, names in live.items() if names}


def _corpus(path: str, description: str, manifest: pd.DataFrame) -> CorpusFacts:
    splits = manifest["split"].value_counts().sort_index()
    return CorpusFacts(
        name=path,
        utterances=len(manifest),
        speakers=manifest["speaker"].nunique(),
        seconds=float((manifest["samples"] / manifest["sample_rate"]).sum()),
        description=description,
        splits={str(name): int(count) for name, count in splits.items()},
    )
