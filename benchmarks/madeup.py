"""Whole made-up runs: files of every stage, from which the tables of a run are gathered.

`made_up` writes what a run of any number of models, layers, analyses, measures and tasks has on the disk,
with curves that rise and fall over the layers; nothing is computed from speech. Equal shapes give equal
bytes.
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.madeup_facts import FAMILIES, Shape, run_facts
from layerwise.contracts.measures import VALUES
from layerwise.contracts.scores import INTER, NULLS, SCORES, SIZES, TRAITS, UNITS
from layerwise.contracts.spec import Table
from layerwise.contracts.tasks import TASK_SCORES, TASK_UTTERANCES, TASK_WEIGHTS
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.gather import RawFiles, gather
from layerwise.report.run_tables import RunTables

PHONES = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
)
NULL = 0.03


def made_up(shape: Shape, folder: Path) -> tuple[RunTables, RunFacts]:
    """Write the files of a run into a folder and gather its tables."""
    facts, files = write_run(shape, folder)
    return gather(files, facts), facts


def write_run(shape: Shape, folder: Path) -> tuple[RunFacts, RawFiles]:
    """Write the files of a run into a folder; return its facts and its files."""
    facts = run_facts(shape)
    rng = np.random.default_rng(0)
    made: dict[str, Path | tuple[Path, ...]] = {**_corpus(folder, rng)}
    scored = [_analysis(shape, facts, number, rng) for number in range(len(facts.models))]
    for name, (ending, table) in _SCORE_FILES.items():
        frames = [frame for model in scored for frame in model[name]]
        made[name] = _write(frames, table, folder / "cca", ("model", "analysis"), ending)
    made["infeasible"] = _infeasible(shape, facts, folder / "cca")
    runs = [_task(shape, facts, number, rng) for number in range(len(facts.models))]
    for name, (ending, table) in _TASK_FILES.items():
        frames = [frame for model in runs for frame in model[name]]
        made[name] = _write(frames, table, folder / "downstream", ("model", "task"), ending)
    values = [frame for number in range(len(facts.models)) for frame in _measured(shape, facts, number, rng)]
    made["measured"] = _write(values, VALUES, folder / "measures", ("model", "measure"), "csv")
    made["inter"] = _inter(shape, facts, folder / "inter", rng)
    return facts, RawFiles(**made)  # type: ignore[arg-type]  # as its fields are


_SCORE_FILES = {
    "scores": ("csv", SCORES),
    "units": ("units.parquet", UNITS),
    "nulls": ("null.parquet", NULLS),
    "sizes": ("sizes.csv", SIZES),
    "traits": ("traits.csv", TRAITS),
}
_TASK_FILES = {
    "downstream": ("csv", TASK_SCORES),
    "task_utterances": ("utterances.parquet", TASK_UTTERANCES),
    "weights": ("weights.csv", TASK_WEIGHTS),
}


def _layers(shape: Shape, model: ModelFacts) -> tuple[list[str], NDArray[np.float64]]:
    """Names and places of the layers of a model."""
    if model.kind == "baseline":
        return ["T0"], np.zeros(1)
    names = [f"C{place + 1}" for place in range(shape.convs)]
    places = np.arange(-shape.convs, shape.layers, dtype=np.float64)
    return [*names, *(f"T{place}" for place in range(shape.layers))], places


def _curve(
    model: ModelFacts, number: int, what: str, places: NDArray[np.float64], layers: int
) -> NDArray[np.float64]:
    """A curve over layers: it peaks where the property and the family say, lower for controls."""
    depth = np.clip(places / max(layers - 1, 1), -0.3, 1)
    if what.startswith("cca-intra"):
        return np.where(places == 0, 1.0, 1 - 0.4 * np.sin(np.clip(depth, 0, 1) * (2.0 + 0.1 * (number % 4))))
    tops = {"cca-mel": (0.7, 0.0), "cca-phone": (0.6, 0.65), "cca-word": (0.5, 0.8)}
    top, centre = tops.get(what, (0.5, 0.7))
    centre -= 0.12 * (number % len(FAMILIES)) / 2
    height = top * (1.0 if model.kind == "trained" else 0.5) * (1 - 0.01 * number)
    return np.asarray(0.05 + height * np.exp(-((depth - centre) ** 2) / 0.6))


def _analysis(
    shape: Shape, facts: RunFacts, number: int, rng: np.random.Generator
) -> dict[str, list[pd.DataFrame]]:
    """Scores of a model and the tables beside them, a table of each kind per analysis."""
    model = facts.models[number]
    names, places = _layers(shape, model)
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in _SCORE_FILES}
    for analysis in facts.analyses:
        if analysis.name in shape.excluded or (model.kind == "baseline" and analysis.reference):
            continue
        curve = _curve(model, number, analysis.name, places, shape.layers)
        keys = _product(layer=range(len(names)), sample=range(shape.samples))
        layer = keys["layer"].to_numpy()
        key = pd.DataFrame(
            {
                "model": model.name,
                "layer": np.array(names)[layer],
                "layer_index": places[layer],
                "analysis": analysis.name,
                "sample": keys["sample"],
            }
        )
        rows = key.loc[key.index.repeat(shape.trials)].reset_index(drop=True)
        score = np.clip(np.repeat(curve[layer], shape.trials) + rng.normal(0, 0.006, len(rows)), -1, 1)
        score = np.where(np.repeat(curve[layer], shape.trials) == 1, 1.0, score)
        made["scores"].append(
            rows.assign(
                trial=np.tile(np.arange(shape.trials), len(key)),
                score=score,
                low=np.clip(score - 0.02, -1, 1),
                high=np.clip(score + 0.02, -1, 1),
                null=NULL,
                **dict.fromkeys(["epsilon_x", "epsilon_y"], 1e-4),
                **{"n_train": 4000, "n_dev": 500, "n_test": 500, "n_excluded": 0, "dim_x": 768, "dim_y": 39},
            )
        )
        if analysis.measure.startswith("PWCCA"):
            made["units"].append(_units(shape, key, rng))
        draws = key.loc[key.index.repeat(shape.permutations)].reset_index(drop=True)
        made["nulls"].append(
            draws.assign(
                permutation=np.tile(np.arange(shape.permutations), len(key)),
                score=NULL + rng.normal(0, 0.004, len(draws)),
                search="grid",
            )
        )
        parts = np.array([1, 2, 4, 8])
        grown = key.loc[key.index.repeat(len(parts))].reset_index(drop=True)
        made["sizes"].append(
            grown.assign(
                parts=np.tile(parts, len(key)),
                n_train=np.tile(parts * 500.0, len(key)),
                score=np.repeat(curve[layer], len(parts)) * np.tile(1 - 0.3 / parts, len(key)),
            )
        )
        made["traits"].append(key.assign(effective_rank=30.0, ceiling=0.95, control=0.1))
    return made


def _units(shape: Shape, key: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What units add to errors, in part the same in all layers."""
    shared = rng.normal(0, 0.006, shape.units)
    own = rng.normal(0, 0.002, (len(key), shape.units))
    errors = (shared + own) / shape.units**0.5
    errors -= errors.mean(axis=1, keepdims=True)
    rows = key.loc[key.index.repeat(shape.units)].reset_index(drop=True)
    return rows.assign(
        unit=np.tile([f"speaker{place:02d}" for place in range(shape.units)], len(key)),
        rows=12,
        excluded=0,
        contribution=errors.ravel(),
        influence=-errors.ravel(),
    )


def _task(
    shape: Shape, facts: RunFacts, number: int, rng: np.random.Generator
) -> dict[str, list[pd.DataFrame]]:
    """Results of all tasks on a model, the counts behind them and the weights of the learned sum."""
    model = facts.models[number]
    names, places = _layers(shape, model)
    blocks = [place for place, name in enumerate(names) if name[0] == "T"]
    layers = [names[place] for place in blocks]
    heads = [*layers, *(["all"] if len(layers) > 1 else [])]
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in _TASK_FILES}
    for task in facts.tasks:
        what = "cca-phone" if task.name == "pr" else "cca-word"
        skill = 0.3 + _curve(model, number, what, places[blocks], shape.layers)
        skill = np.append(skill, skill.max() - 0.01)[: len(heads)]
        scores, counts = [], []
        for metric in task.metrics:
            keys = _product(head=range(len(heads)), seed=range(shape.seeds), split=("dev", "test"))
            right = np.clip(skill[keys["head"]] + rng.normal(0, 0.01, len(keys)), 0.02, 0.98)
            value = 1 - right if metric.lower_is_better else right
            key = pd.DataFrame(
                {"model": model.name, "task": task.name, "layer": np.array(heads)[keys["head"]]}
            )
            key = key.assign(seed=keys["seed"], split=keys["split"], metric=metric.name)
            limits = {"low": np.clip(value - 0.03, 0, 1), "high": np.clip(value + 0.03, 0, 1)}
            scores.append(key.assign(learning_rate=0.01, value=value, **limits))
            counts.append(_counts(shape, key, value, rng))
        made["downstream"].append(pd.concat(scores, ignore_index=True))
        made["task_utterances"].append(pd.concat(counts, ignore_index=True))
        if len(layers) > 1:
            drawn = rng.dirichlet(np.full(len(layers), 8.0), shape.seeds)
            weights = _product(seed=range(shape.seeds), layer=layers)
            made["weights"].append(weights.assign(model=model.name, task=task.name, weight=drawn.ravel()))
    return made


def _counts(
    shape: Shape, key: pd.DataFrame, value: NDArray[np.float64], rng: np.random.Generator
) -> pd.DataFrame:
    number = shape.utterances
    hard = np.random.default_rng(1).normal(0, 0.1, number)
    chances = np.clip(value[:, None] + hard, 0, 1)
    names = np.array([f"utt{place:04d}" for place in range(number)])
    speakers = np.array([f"s{place % 5}" for place in range(number)])
    rows = key.loc[key.index.repeat(number)].reset_index(drop=True)
    return rows.assign(
        utt_id=rows["split"] + "-" + np.tile(names, len(key)),
        speaker=np.tile(speakers, len(key)),
        count=rng.binomial(20, chances).ravel().astype(float),
        total=20.0,
    )


def _measured(shape: Shape, facts: RunFacts, number: int, rng: np.random.Generator) -> Iterable[pd.DataFrame]:
    model = facts.models[number]
    names, places = _layers(shape, model)
    for measure in facts.measures:
        skill = _curve(model, number, "cca-phone", places, shape.layers)
        frames = []
        for variant in measure.variants:
            value = skill if variant.higher_is_better else 0.5 - skill / 2
            value = np.clip(value + rng.normal(0, 0.004, len(names)), 0, 1)
            frames.append(
                pd.DataFrame(
                    {
                        **{"model": model.name, "layer": names, "layer_index": places},
                        **{"measure": measure.name, "variant": variant.name, "value": value},
                        **{"low": np.clip(value - 0.02, 0, 1), "high": np.clip(value + 0.02, 0, 1), "n": 900},
                    }
                )
            )
        yield pd.concat(frames, ignore_index=True)


def _inter(shape: Shape, facts: RunFacts, folder: Path, rng: np.random.Generator) -> tuple[Path, ...]:
    trained = facts.of_kind("trained")
    paths = []
    for a, b in list(pairwise(trained))[: shape.pairs]:
        names, places = _layers(shape, a)
        keys = _product(a=range(len(names)), b=range(len(names)), trial=range(shape.trials))
        near = np.exp(-((places[keys["a"]] - places[keys["b"]]) ** 2) / shape.layers)
        score = np.clip(0.9 * near + rng.normal(0, 0.005, len(keys)), 0.02, 0.98)
        table = pd.DataFrame(
            {
                **{
                    "model_a": a.name,
                    "layer_a": np.array(names)[keys["a"]],
                    "layer_index_a": places[keys["a"]],
                },
                **{
                    "model_b": b.name,
                    "layer_b": np.array(names)[keys["b"]],
                    "layer_index_b": places[keys["b"]],
                },
                **{
                    "analysis": "cca-inter",
                    "trial": keys["trial"],
                    "score": score,
                    "low": score - 0.02,
                    "high": score + 0.02,
                },
                **dict.fromkeys(["epsilon_x", "epsilon_y"], 1e-4),
                **{"null": NULL, "n_train": 4000, "n_dev": 500, "n_test": 500, "n_excluded": 0},
                **{"dim_x": 768, "dim_y": 768},
            }
        )
        folder.mkdir(parents=True, exist_ok=True)
        paths.append(folder / f"{a.name}-vs-{b.name}.csv")
        table[list(INTER.required)].to_csv(paths[-1], index=False)
    return tuple(paths)


def _infeasible(shape: Shape, facts: RunFacts, folder: Path) -> tuple[Path, ...]:
    reason = "no utterance is left: all 300 were excluded (no aligned word)"
    paths = []
    for model in facts.models:
        for name in shape.excluded:
            path = folder / model.name / f"{name}.infeasible.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [(model.name, name, sample, reason) for sample in range(shape.samples)]
            pd.DataFrame(rows, columns=["model", "analysis", "sample", "reason"]).to_csv(path, index=False)
            paths.append(path)
    return tuple(paths)


def _corpus(folder: Path, rng: np.random.Generator) -> dict[str, Path | tuple[Path, ...]]:
    number = 300
    ids = [f"utt{place:03d}" for place in range(number)]
    samples = (16000 * rng.gamma(2.0, 1.2, number) + 8000).astype(int)
    splits = ["train" if place % 10 < 8 else "dev" if place % 10 == 8 else "test" for place in range(number)]
    speakers = [f"speaker{place % 40:02d}" for place in range(number)]
    audio = {"audio_path": "a.wav", "samples": samples, "sample_rate": 16000, "text": "a", "sha256": "0" * 64}
    status = [
        "failed" if place == 7 else "dropped" if place in (20, 21) else "aligned" for place in range(number)
    ]
    tiers = ["phone"] * 6000 + ["word"] * 1500
    places = np.arange(len(tiers))
    phones = rng.choice(PHONES.split(), 6000, p=rng.dirichlet(np.full(39, 1.0)))
    words = rng.choice([f"word{place}" for place in range(60)], 1500)
    tables = {
        "manifest": pd.DataFrame({"utt_id": ids, "speaker": speakers, "split": splits, **audio}),
        "intervals": pd.DataFrame(
            {
                "utt_id": [ids[place % number] for place in places],
                **{"tier": tiers, "start": places / 8, "end": (places + 1) / 8},
                **{"label": [*phones, *words], "word_index": 0},
            }
        ),
        "quality": pd.DataFrame(
            {
                **{"utt_id": ids, "status": status},
                "reason": ["" if name == "aligned" else "too fast" for name in status],
                **{"score": np.nan, "words": 5, "phones": 20},
            }
        ),
        "excluded": pd.DataFrame(
            [("lost", "b.wav", "no transcript")], columns=["utt_id", "audio_path", "reason"]
        ),
    }
    warned = pd.DataFrame({"utt_id": ids[:9], "audio_path": "a.wav", "warning": "clipped: 12 samples"})
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Path | tuple[Path, ...]] = {}
    for name, table in tables.items():
        made[name] = path = folder / f"{name}.{'parquet' if name in ('manifest', 'intervals') else 'csv'}"
        table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    (folder / "corpus").mkdir(exist_ok=True)
    warned.to_csv(folder / "corpus/warnings.csv", index=False)
    return {**made, "warnings": (folder / "corpus/warnings.csv",)}


def _product(**values: Iterable[object]) -> pd.DataFrame:
    return pd.MultiIndex.from_product(list(values.values()), names=list(values)).to_frame(index=False)


def _write(
    frames: Iterable[pd.DataFrame], table: Table, folder: Path, names: tuple[str, str], ending: str
) -> tuple[Path, ...]:
    """Write each table, of one model and one analysis, measure or task, as the file of its contract."""
    paths = []
    for frame in frames:
        first, second = (str(frame[name].iloc[0]) for name in names)
        path = folder / first / f"{second}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = frame[list(table.required)]
        frame.to_parquet(path, index=False) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
        paths.append(path)
    return tuple(paths)
