"""What it costs to choose a layer without trying all: regret of ways to choose (strategies)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from layerwise.contracts.run_tables import columns
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.comparisons import best_on_dev
from layerwise.report.curves import curve_of
from layerwise.report.facts import RunFacts
from layerwise.report.task_counts import System, TaskCounts, task_by_task
from layerwise.report.words import AVERAGE, DEV, LAST, WEIGHT


class Strategy(NamedTuple):
    """A way to choose, the layer that it chose (``all``: the sum; empty: none), and what that makes."""

    name: str
    layer: str
    system: System


def strategies(
    counts: TaskCounts, runs: pd.DataFrame, weights: pd.DataFrame, curves: pd.DataFrame, facts: RunFacts
) -> Iterator[Strategy]:
    """Give the choices among the layers that were trained.

    Peaks of analyses and measures (not of those in which each model is its own reference), the layer that is
    best on dev, the one with the largest mean weight in the learned sum, the last block, the sum itself, and,
    to compare, the mean over block layers: what a layer picked blindly gives on average. ``curves`` are those
    of `curves.headlines`, ``runs`` is `RunTables.downstream`.
    """
    for name in sorted(set(curves["analysis"])):
        analysis = facts.compared(str(name))
        curve = curve_of(curves, counts.model, analysis.name)
        curve = curve[curve.index.isin(counts.single)]
        if not analysis.own_reference and len(curve) > 0:
            peak = str(curve.index[int(np.argmax(analysis.sign * curve["score"].to_numpy(dtype=float)))])
            yield Strategy(analysis.name, peak, counts.layer(peak))
    dev = best_on_dev(counts, runs, facts)
    yield Strategy(DEV, dev, counts.layer(dev))
    mine = weights[(weights["model"] == counts.model) & (weights["task"] == counts.task)]
    means = mine[mine["layer"].isin(counts.single)].groupby(["layer_index", "layer"])["weight"].mean()
    if not means.empty:
        heaviest = str(means.index[int(np.argmax(means.to_numpy()))][1])
        yield Strategy(WEIGHT, heaviest, counts.layer(heaviest))
    if counts.blocks:
        yield Strategy(LAST, counts.blocks[-1], counts.layer(counts.blocks[-1]))
        yield Strategy(AVERAGE, "", counts.mixture(dict.fromkeys(counts.blocks, 1 / len(counts.blocks))))
    if WEIGHTED_SUM in counts.layers:
        yield Strategy(WEIGHTED_SUM, WEIGHTED_SUM, counts.layer(WEIGHTED_SUM))


def choice(
    found: list[TaskCounts],
    runs: pd.DataFrame,
    weights: pd.DataFrame,
    curves: pd.DataFrame,
    facts: RunFacts,
) -> pd.DataFrame:
    """Regret of each strategy: what the best layer is better by, in units of the metric (positive: a loss).

    The best layer is found on one half of the test units and scored on the other, both ways
    (`tasks.paired.best_by_halves`), so regret can be negative: dev may tell more than half of the test set,
    and the sum may beat every layer. Intervals are paired over units and trainings. Models of one layer have
    nothing to choose and no row.
    """
    # Those of one model at a time.
    results, summed, ranked = (dict(iter(table.groupby("model"))) for table in (runs, weights, curves))

    def rows_of(counts: TaskCounts) -> Iterator[tuple[object, ...]]:
        if len(counts.single) < 2:
            return
        chosen = list(
            strategies(
                counts,
                results.get(counts.model, runs.iloc[:0]),
                summed.get(counts.model, weights.iloc[:0]),
                ranked.get(counts.model, curves.iloc[:0]),
                facts,
            )
        )
        best = counts.best(counts.seed(facts, "halves"))
        sides = [(best, way.system)[:: counts.metric.sign] for way in chosen]
        made = counts.differences(
            *([side[0] for side in sides], [side[1] for side in sides], counts.seed(facts, "regret")),
            more=[counts.choosing(best, way.system) for way in chosen],
        )
        for way, regret in zip(chosen, made, strict=True):
            value = counts.value(way.system)
            head = (counts.model, counts.task, way.name, way.layer, counts.metric.name, value)
            # + 0.0 turns -0.0 into 0.0
            yield (*head, regret.difference + 0.0, regret.low, regret.high, regret.n)

    return pd.DataFrame(task_by_task(found, rows_of), columns=columns("choice"))
