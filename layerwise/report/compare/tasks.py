"""Differences of task results between runs, layer by layer."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from layerwise.cca.paired import Difference, holm
from layerwise.layers import layer_index
from layerwise.report.compare.differences import (
    DIFFERENCE,
    NOT,
    PAIRED,
    PARTLY,
    SIDES,
    STANDARD,
    same_units,
)
from layerwise.report.compare.runs import Series, Side
from layerwise.report.run_tables import of
from layerwise.report.task_counts import TaskCounts
from layerwise.tasks.paired import paired_differences

TASKS = ["task", "metric", *SIDES, "layer", "value_a", "value_b", *DIFFERENCE]


def task_differences(series: Sequence[Series]) -> pd.DataFrame:
    """Return the test results of each layer that two runs trained, and their difference (b - a), by `TASKS`.

    Only the metric that decides, of tasks of one name and metric. Paired by random exchange of the results
    of the test units that both have (`tasks.paired`), with the variance of trainings added; a difference that
    is partly paired rests on these units alone, so that it need not be that of the two values. Without such
    units, the intervals over utterances are taken as independent. p_holm is corrected over the rows of a pair
    of runs and a task.
    """
    rows: list[tuple[object, ...]] = []
    for entry in series:
        first = entry.sides[0]
        for other in entry.sides[1:]:
            apart = same_units(first.run, other.run) if not _own_corpora(first, other) else ""
            for task in first.run.tables.tasks:
                rows += _of_task(entry.name, first, other, task, apart)
    table = pd.DataFrame(rows, columns=TASKS)
    table["p_holm"] = table.groupby(["task", "run_a", "run_b"])["p"].transform(holm)
    table = table.assign(order=[layer_index(str(layer)) for layer in table["layer"]])
    table = table.sort_values(["task", "series", "order"], kind="stable", ignore_index=True)
    return table[TASKS]


def _own_corpora(first: Side, other: Side) -> bool:
    """Whether both runs name the same corpora that only tasks use: their utterances are in no table."""
    return bool(first.run.facts.corpora) and first.run.facts.corpora == other.run.facts.corpora


def _of_task(name: str, first: Side, other: Side, task: str, apart: str) -> list[tuple[object, ...]]:
    if task not in other.run.tables.tasks:
        return []
    metric = first.run.facts.task(task).metric
    if other.run.facts.task(task).metric != metric:
        return []
    left, right = (
        of(side.run.tables.downstream_summary, model=side.model, task=task, metric=metric.name)
        for side in (first, other)
    )
    both = left.merge(right, on="layer", suffixes=("_a", "_b"))
    if both.empty:
        return []
    head = (task, metric.name, name, first.run.label, first.model, other.run.label, other.model)
    layers = list(map(str, both["layer"]))
    counts = [side.run.counts.get((task, side.model)) for side in (first, other)]
    if apart or counts[0] is None or counts[1] is None:
        why = apart or "no counts of test units"
        made = [(_independent(row), 0, NOT, why) for row in both.to_dict("records")]
    else:
        made = _paired(first, counts[0], counts[1], layers, both)
    values = zip(layers, both["value_a"], both["value_b"], made, strict=True)
    return [
        (*head, layer, a, b, *found[:4], np.nan, found.n, shared, pairing, reason)
        for layer, a, b, (found, shared, pairing, reason) in values
    ]


def _paired(
    first: Side, a: TaskCounts, b: TaskCounts, layers: Sequence[str], both: pd.DataFrame
) -> list[tuple[Difference, int, str, str]]:
    totals = [dict(zip(side.units, side.totals, strict=True)) for side in (a, b)]
    shared = [unit for unit in a.units if totals[0][unit] == totals[1].get(unit)]
    if not shared:
        why = "no test unit is the same in both"
        return [(_independent(row), 0, NOT, why) for row in both.to_dict("records")]
    sides = [side.among(shared) for side in (a, b)]
    systems = [[side.layer(layer) for layer in layers] for side in sides]
    variances = [
        float(sum(side.variance(made[place].weights) for side, made in zip(sides, systems, strict=True)))
        for place in range(len(layers))
    ]
    left, right = (np.stack([system.counts for system in made]) for made in systems)
    freedom = min(side.trainings.freedom for side in sides)
    seed = a.seed(first.run.facts, "runs")
    found = paired_differences(right, left, sides[0].totals, variances, freedom, seed=seed)
    alone = len(a.units) + len(b.units) - 2 * len(shared)
    pairing, reason = (PARTLY, f"{alone} units in one only or of other length") if alone else (PAIRED, "")
    return [(difference, len(shared), pairing, reason) for difference in found]


def _independent(row: Mapping[Hashable, Any]) -> Difference:
    """The difference of two results whose intervals over utterances are independent."""
    values, variance = [], 0.0
    for end in "ab":
        value, low, high = (float(row[f"{name}_{end}"]) for name in ("value", "low", "high"))
        values.append(value)
        variance += ((high - low) / 2 / STANDARD) ** 2
    difference = values[1] - values[0]
    if not np.isfinite(variance) or variance == 0:
        return Difference(difference, -np.inf, np.inf, np.nan, 2)
    error = float(np.sqrt(variance))
    p = float(2 * norm.sf(abs(difference) / error))
    half = STANDARD * error
    return Difference(difference, difference - half, difference + half, p, 2)
