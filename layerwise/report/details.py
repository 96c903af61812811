"""What a reader asks of one layer: the regularisers that dev chose, errors by label, confusions."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from rapidfuzz.distance import Levenshtein

from layerwise import contracts
from layerwise.contracts.run_tables import columns
from layerwise.contracts.tasks import TASK_CURVES, TASK_DECODES
from layerwise.layers import WEIGHTED_SUM, layer_index
from layerwise.report.facts import RunFacts, TaskFacts

MOST_LABELS = 100  # phones and classes; words are too many for a table
NONE = ""  # in place of a label that the other side lacks

Steps = Counter[tuple[str, str]]


def regularisers(scores: pd.DataFrame) -> pd.DataFrame:
    """How often dev chose each pair of regularisers, over sample sets and trials; ``scores`` as `SCORES`."""
    chosen = scores.dropna(subset=["epsilon_x", "epsilon_y"])
    key = ["model", "layer", "layer_index", "analysis", "epsilon_x", "epsilon_y"]
    counted = chosen.groupby(key, sort=False).size().rename("times").reset_index()
    order = ["model", "analysis", "layer_index", "layer", "epsilon_x", "epsilon_y"]
    return counted[columns("regularisers")].sort_values(order, ignore_index=True)


def label_tables(
    decodes: Iterable[Path], chosen: pd.DataFrame, facts: RunFacts
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Count errors by label of the reference (``label_errors``) and labels taken for others (``confusions``).

    The third table is ``chance`` (`chance`).

    ``decodes`` are files ``downstream/{model}/{task}.decodes.csv``; ``chosen`` is the table single_weighted.
    Each reference is aligned with what was predicted by the fewest edits, and all seeds count. Tasks of more
    than 100 labels are left out; confusions are those of the learned sum and of the layer that dev chose.
    """
    errors, confused, levels = [], [], []
    for path in decodes:
        table = contracts.read(TASK_DECODES, path)
        for (model, task), of_task in table.groupby(["model", "task"], sort=False):
            level = chance(of_task, facts.task(str(task)))
            levels += [(model, task, *level)] if level else []
        if len({label for text in table["reference"].unique() for label in text.split()}) > MOST_LABELS:
            continue
        for (model, task), of_task in table.groupby(["model", "task"], sort=False):
            metric = facts.task(str(task)).metric.name
            rows = (chosen["model"] == model) & (chosen["task"] == task) & (chosen["metric"] == metric)
            told = {WEIGHTED_SUM, *chosen.loc[rows, "layer"]}
            for layer, of_layer in of_task.groupby("layer", sort=False):
                key, steps = (str(model), str(task), str(layer)), _steps(of_layer)
                errors += [(*key, *row) for row in _errors(steps)]
                if layer in told:
                    confused += [(*key, *pair, times) for pair, times in sorted(steps.items())]
    return (
        _ordered(pd.DataFrame(errors, columns=columns("label_errors")), "label"),
        _ordered(pd.DataFrame(confused, columns=columns("confusions")), "reference", "predicted"),
        pd.DataFrame(levels, columns=columns("chance")).sort_values(["model", "task"], ignore_index=True),
    )


def chance(decodes: pd.DataFrame, task: TaskFacts) -> tuple[str, str, int, float] | None:
    """What one answer for all test utterances reaches: metric, answer, number of utterances, value.

    ``decodes`` are those of one model. Of references that are equally frequent the first by name is taken;
    none where the task has no such level (`TaskFacts.chance`).
    """
    if task.chance is None:
        return None
    references = decodes.drop_duplicates("utt_id")["reference"].astype(str)
    if task.chance != "majority":
        return task.metric.name, NONE, len(references), float(task.chance)
    counts = references.value_counts()
    answer = min(counts.index[counts == counts.iloc[0]])
    share = float(counts.iloc[0]) / len(references)
    return task.metric.name, answer, len(references), 1 - share if task.metric.lower_is_better else share


def training(
    curves: Iterable[Path], runs: pd.DataFrame, chosen: pd.DataFrame, facts: RunFacts
) -> pd.DataFrame:
    """Looks at dev in trainings whose rate was kept, of the learned sum and the layer that dev chose.

    ``curves`` are files ``downstream/{model}/{task}.curves.csv``; ``runs`` is the table downstream, which has
    the rate of each training; ``chosen`` is single_weighted.
    """
    key = ["model", "task", "layer"]
    main = [
        metric == facts.task(str(task)).metric.name
        for task, metric in zip(chosen["task"], chosen["metric"], strict=True)
    ]
    told = chosen.loc[main, key]
    told = pd.concat([told, told.assign(layer=WEIGHTED_SUM)]).drop_duplicates()
    kept = runs[[*key, "seed", "learning_rate"]].drop_duplicates().merge(told, on=key)
    found = [contracts.read(TASK_CURVES, path).merge(kept) for path in curves]
    found = [rows for rows in found if len(rows)]  # empty ones have no types to keep
    if not found:
        return pd.DataFrame(columns=columns("training"))
    return _ordered(pd.concat(found), "seed", "learning_rate", "epoch")[columns("training")]


def _steps(decodes: pd.DataFrame) -> Steps:
    """Pairs of a label of the reference and the one predicted for it; one of the two may be missing."""
    steps: Steps = Counter()
    for reference, predicted in zip(decodes["reference"], decodes["predicted"], strict=True):
        right, said = reference.split(), predicted.split()
        for step in Levenshtein.opcodes(right, said):
            a = right[step.src_start : step.src_end]
            b = said[step.dest_start : step.dest_end]
            longest = max(len(a), len(b))
            steps.update(zip(a + [NONE] * (longest - len(a)), b + [NONE] * (longest - len(b)), strict=True))
    return steps


def _errors(steps: Steps) -> Iterable[tuple[str, int, int, int, int]]:
    """Each label with how often it occurs, is taken for another, is left out, and is put in."""
    for label in sorted({name for pair in steps for name in pair} - {NONE}):
        of = {said: times for (right, said), times in steps.items() if right == label}
        n, right, deleted = sum(of.values()), of.get(label, 0), of.get(NONE, 0)
        yield label, n, n - right - deleted, deleted, steps[(NONE, label)]


def _ordered(table: pd.DataFrame, *last: str) -> pd.DataFrame:
    place = [layer_index(str(layer)) if layer != WEIGHTED_SUM else float("inf") for layer in table["layer"]]
    placed = table.assign(place=place).sort_values(["model", "task", "place", *last], ignore_index=True)
    return placed.drop(columns="place")
