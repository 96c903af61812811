"""Synthetic tables of the shape of a real run, for the tests of the report."""

from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from layerwise.contracts.scores import NULLS, SCORES, SIZES, UNITS
from layerwise.contracts.tasks import TASK_UTTERANCES
from layerwise.report.evidence import Evidence
from layerwise.report.facts import (
    AnalysisFacts,
    CorpusFacts,
    ModelFacts,
    RunFacts,
    analysis_facts,
    task_facts,
)
from layerwise.report.gather import RawFiles, gather
from layerwise.report.shapes import peaks
from layerwise.report.summary import layer_summary
from layerwise.specs import analyses as analysis_specs
from layerwise.specs import tasks as task_specs

ANALYSES = ("cca-intra", "cca-mel", "cca-phone", "cca-word")
TASKS = {"pr": "per", "scenario": "accuracy"}
FIELDS = [field.name for field in fields(AnalysisFacts)]
ANALYSIS_VALUES = [{field: getattr(spec, field) for field in FIELDS} for spec in analysis_specs.ANALYSES]
TASK_VALUES = [
    {
        "name": spec.name,
        "title": spec.title,
        "metric": asdict(spec.metric),
        "also": [asdict(metric) for metric in spec.also],
        "goal": spec.goal,
        "chance": spec.chance,
    }
    for spec in task_specs.TASKS
    if spec.name in TASKS
]
OF_LAYER = ["model", "layer", "layer_index", "analysis", "sample"]
NULL = 0.03
EXCLUDED = ("spy_iax2", "no path through the beam")


def run_facts(
    names=("hubert-tiny", "wav2vec2-tiny", "whisper-tiny-en"), twins=True, baseline=True, **changes
):
    objectives = ["masked cluster prediction", "masked contrastive prediction", "supervised transcription"]
    models = []
    for number, name in enumerate(names):
        weak = "whisper" in name
        objective = objectives[2] if weak else objectives[number % 2]
        models.append(
            ModelFacts(
                name=name,
                source=f"resources/models/{name}",
                objective=objective,
                supervision="weakly supervised" if weak else "self-supervised",
                kind="trained",
                parameters=4_000_000,
            )
        )
    if twins:
        models += [
            ModelFacts(
                f"random-{m.name}", f"random:{m.source}", "none", "none", "random", m.name, m.parameters
            )
            for m in models
        ]
    if baseline:
        models.append(ModelFacts("logmel", "logmel", "none", "none", "baseline"))
    facts = {
        "run": "demo",
        "protocol": "corrected",
        "seed": 7,
        "models": tuple(models),
        "corpus": CorpusFacts(
            "prompts",
            559,
            1,
            24 * 60.0,
            {"train": 439, "dev": 60, "test": 60},
            "Asterisk core sound prompts, CC BY-SA 3.0; voice: Allison Smith.",
        ),
        "aligner": "pocketsphinx",
        "samples": 2,
        "trials": 3,
        "analyses": analysis_facts(ANALYSIS_VALUES),
        "tasks": task_facts(TASK_VALUES),
        "versions": {"layerwise": "0.1.0", "python": "3.11.9", "torch": "2.11.0"},
        "digests": {"corpus/manifest.parquet": "ab" * 32, "features/hubert-tiny.zarr": "cd" * 32},
    }
    return RunFacts(**{**facts, **changes})


def model_layers(model, blocks=None, convs=None):
    if model.kind == "baseline":
        return [("T0", 0.0)]
    weak = "whisper" in model.name
    blocks, convs = blocks or (4 if weak else 6), convs or (2 if weak else 3)
    layers = [(f"C{i + 1}", float(i - convs)) for i in range(convs)]
    layers += [(f"T{i}", float(i)) for i in range(blocks + 1)]
    return layers + ([(f"T{blocks}+ln", blocks + 0.5)] if weak else [])


def _curve(model, analysis, depth, number):
    if analysis == "cca-intra":
        return 1 - (0.5 - 0.05 * number) * np.sin(max(0, depth) * 2.2) if depth != 0 else 1.0
    top = {"cca-mel": 0.7, "cca-phone": 0.55, "cca-word": 0.45}[analysis] - 0.03 * number
    centre = {"cca-mel": 0.0, "cca-phone": 0.75, "cca-word": 0.8}[analysis] - 0.15 * number
    height = 0.55 if model.kind != "trained" else 1.0
    return height * top * np.exp(-((depth - centre) ** 2) / 0.8)


def scores(facts, analyses=ANALYSES, samples=2, trials=3, seed=0, **shape):
    rng = np.random.default_rng(seed)
    rows = []
    for number, model in enumerate(facts.models):
        layers = model_layers(model, **shape)
        deepest = max(index for _, index in layers) or 1.0
        for analysis in analyses:
            if model.kind == "baseline" and analysis in ("cca-intra", "cca-mel"):
                continue
            for sample in range(samples):
                for trial in range(trials):
                    shift = rng.normal(0, 0.008)
                    for layer, index in layers:
                        score = _curve(model, analysis, index / deepest, number % 3) + shift
                        score = (
                            1.0
                            if analysis == "cca-intra" and layer == "T0"
                            else np.clip(score + rng.normal(0, 0.006), -1, 1)
                        )
                        half = 0.0 if score == 1.0 else 0.02
                        limits = (score - half, score + half, NULL)
                        rest = (1e-4, 1e-4, 4000, 500, 500, 3 if layer == "T0" else 0, 192, 39)
                        rows.append(
                            (model.name, layer, index, analysis, sample, trial, score, *limits, *rest)
                        )
    return pd.DataFrame(rows, columns=list(SCORES.required))


def units_of(table, number=40, size=0.006, seed=4):
    """Units behind the scores of a table: what a unit adds is in part shared by all layers."""
    rng = np.random.default_rng(seed)
    shared = {name: rng.normal(0, size, number) for name in sorted(set(table["analysis"]))}
    parts = []
    for key, rows in table.groupby(OF_LAYER, sort=False):
        own = rng.normal(0, size / 4, number)
        errors = (shared[key[3]] + own) * (rows["score"].std() > 0) / number**0.5
        errors -= errors.mean()
        columns = {"unit": [f"u{place:02d}" for place in range(number)], "rows": 12, "excluded": 0}
        parts.append(
            pd.DataFrame({**dict(zip(OF_LAYER, key, strict=True)), **columns}).assign(
                contribution=errors, influence=-errors
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(UNITS.required))


def nulls_of(table, permutations=20, seed=5):
    """Draws with permuted targets, around NULL, half of the permutations with the whole search."""
    rng = np.random.default_rng(seed)
    parts = []
    for key, _ in table.groupby(OF_LAYER, sort=False):
        draws = NULL + rng.normal(0, 0.004, permutations)
        columns = {"permutation": range(permutations), "score": draws, "search": "grid"}
        parts.append(pd.DataFrame({**dict(zip(OF_LAYER, key, strict=True)), **columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(NULLS.required))


def sizes_of(table):
    """A curve that rises with the number of training parts to the score."""
    parts = []
    for key, rows in table.groupby(OF_LAYER, sort=False):
        counts = np.array([1, 2, 4, 8])
        columns = {"parts": counts, "n_train": counts * 500.0, "score": rows["score"].mean() * counts / 8}
        parts.append(pd.DataFrame({**dict(zip(OF_LAYER, key, strict=True)), **columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SIZES.required))


def traits_of(table):
    """Effective rank, ceiling and control of each layer."""
    keys = table[OF_LAYER].drop_duplicates()
    return keys.assign(effective_rank=30.0, ceiling=0.95, control=0.1)


def evidence(table):
    return Evidence(table, units_of(table), nulls_of(table))


def summary(facts, table):
    """The summary of synthetic scores, without files."""
    known = evidence(table)
    return layer_summary(known, traits_of(table), peaks(known, facts), facts)


def downstream(facts, tasks=TASKS, seeds=(0, 1), seed=1, **shape):
    rng = np.random.default_rng(seed)
    rows = []
    for number, model in enumerate(facts.models):
        layers = [(layer, index) for layer, index in model_layers(model, **shape) if layer[0] == "T"]
        deepest = max(index for _, index in layers) or 1.0
        for task, metric in tasks.items():
            for layer, index in [*layers, *([("all", 0.7 * deepest)] if len(layers) > 1 else [])]:
                skill = _curve(model, "cca-phone", index / deepest, number % 3) + 0.25 + rng.normal(0, 0.01)
                for run in seeds:
                    for split in ("dev", "test"):
                        value = (1 - skill if metric == "per" else skill) + rng.normal(0, 0.01)
                        rows.append(
                            (
                                model.name,
                                task,
                                layer,
                                run,
                                0.01,
                                split,
                                metric,
                                value,
                                value - 0.03,
                                value + 0.03,
                            )
                        )
    columns = "model task layer seed learning_rate split metric value low high"
    return pd.DataFrame(rows, columns=columns.split())


def utterances(runs, number=60, speakers=1, seed=6):
    """Counts of test and dev utterances behind results: what makes one hard is hard for all layers."""
    rng = np.random.default_rng(seed)
    ids = [f"utt{place:03d}" for place in range(number)]
    hard, labels = rng.normal(0, 0.1, number), rng.integers(5, 40, number)
    parts = []
    for row in runs.itertuples():
        totals = np.ones(number) if row.metric == "accuracy" else labels
        chances = np.clip(row.value + hard, 0.0, 1.0)
        columns = {name: getattr(row, name) for name in ("model", "task", "metric", "layer", "seed", "split")}
        parts.append(
            pd.DataFrame(
                {
                    **columns,
                    "utt_id": [f"{row.split}-{name}" for name in ids],
                    "speaker": [f"s{place % speakers}" for place in range(number)],
                    "count": rng.binomial(totals.astype(int), chances).astype(float),
                    "total": totals.astype(float),
                }
            )
        )
    empty = pd.DataFrame(columns=list(TASK_UTTERANCES.required))
    return pd.concat(parts, ignore_index=True) if parts else empty


def weights(facts, tasks=TASKS, seeds=(0, 1), seed=2, **shape):
    rng = np.random.default_rng(seed)
    rows = []
    for model in facts.models:
        layers = [layer for layer, _ in model_layers(model, **shape) if layer[0] == "T"]
        for task in tasks:
            for run in seeds:
                values = rng.dirichlet(np.full(len(layers), 8.0))
                rows += [(model.name, task, layer, run, w) for layer, w in zip(layers, values, strict=True)]
    return pd.DataFrame(rows, columns=["model", "task", "layer", "seed", "weight"])


def corpus(utterances=300, seed=3):
    rng = np.random.default_rng(seed)
    ids = [f"utt{i:03d}" for i in range(utterances)]
    samples = (16000 * rng.gamma(2.0, 1.2, utterances) + 8000).astype(int)
    splits = ["train" if i % 10 < 8 else "dev" if i % 10 == 8 else "test" for i in range(utterances)]
    audio = {"audio_path": "a.wav", "samples": samples, "sample_rate": 16000}
    manifest = pd.DataFrame(
        {"utt_id": ids, "speaker": "s", "split": splits, **audio, "text": "a", "sha256": "0" * 64}
    )
    status = ["failed" if i == 7 else "dropped" if i in (20, 21) else "aligned" for i in range(utterances)]
    reasons = ["" if name == "aligned" else "too fast" for name in status]
    quality = pd.DataFrame(
        {"utt_id": ids, "status": status, "reason": reasons, "score": np.nan, "words": 5, "phones": 20}
    )
    phones = (
        "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
    )
    labels = rng.choice(phones.split(), 6000, p=rng.dirichlet(np.full(39, 1.0)))
    tiers = ["phone"] * 6000 + ["word"] * 1500
    places = np.arange(len(tiers))
    times = {"start": places / 8, "end": (places + 1) / 8}
    intervals = pd.DataFrame(
        {
            "utt_id": [ids[place % utterances] for place in places],
            "tier": tiers,
            **times,
            "label": [*labels, *["word"] * 1500],
            "word_index": 0,
        }
    )
    return manifest, intervals, quality


def write(table, folder, *, names=("model", "analysis"), ending="csv"):
    """Write a table as the per-model files of the contract and return their paths."""
    paths = []
    for key, group in table.groupby(list(names), sort=False):
        path = folder / str(key[0]).replace("/", "--") / f"{key[1]}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending.endswith("parquet"):
            group.to_parquet(path, index=False)
        else:
            group.to_csv(path, index=False)
        paths.append(path)
    return tuple(paths)


def score_files(table, folder, **changed):
    """Write scores and the tables beside them; return them by the names of `RawFiles`."""
    beside = {
        "units": (units_of(table), "units.parquet"),
        "nulls": (nulls_of(table), "null.parquet"),
        "sizes": (sizes_of(table), "sizes.csv"),
        "traits": (traits_of(table), "traits.csv"),
        **changed,
    }
    return {
        "scores": write(table, folder),
        **{name: write(frame, folder, ending=ending) for name, (frame, ending) in beside.items()},
    }


def corpus_files(folder, excluded=EXCLUDED, **shape):
    """Write the files of a corpus and its alignment; return them by the names of `RawFiles`."""
    manifest, intervals, quality = corpus(**shape)
    folder.mkdir(parents=True, exist_ok=True)
    manifest.to_parquet(folder / "manifest.parquet")
    intervals.to_parquet(folder / "intervals.parquet")
    quality.to_csv(folder / "quality.csv", index=False)
    lost = pd.DataFrame([(excluded[0], "b.wav", excluded[1])], columns=["utt_id", "audio_path", "reason"])
    lost.to_csv(folder / "excluded.csv", index=False)
    names = {"manifest": "parquet", "intervals": "parquet", "quality": "csv", "excluded": "csv"}
    return {name: folder / f"{name}.{suffix}" for name, suffix in names.items()}


def gathered(facts, folder, analyses=ANALYSES, tasks=TASKS, **files):
    """Write the files of a run with synthetic numbers, and gather its tables."""
    pair = ("model", "task")
    runs = downstream(facts, tasks)
    made = {
        **corpus_files(folder),
        **score_files(scores(facts, analyses), folder / "cca"),
        "downstream": write(runs, folder / "down", names=pair),
        "task_utterances": write(utterances(runs), folder / "down", names=pair, ending="utterances.parquet"),
        "weights": write(weights(facts, tasks), folder / "weights", names=pair),
    }
    return gather(RawFiles(**{**made, **files}), facts)
