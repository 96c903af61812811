"""What it costs to choose a layer without trying all: regret of ways to choose (strategies)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from layerwise.contracts.run_tables import columns
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.comparisons import OnDev, best_on_dev, on_dev
from layerwise.report.curves import Signed, mean_weights, ranking_curves
from layerwise.report.facts import RunFacts
from layerwise.report.task_counts import System, TaskCounts, task_by_task
from layerwise.report.words import AVERAGE, DEV, LAST, WEIGHT


class Strategy(NamedTuple):
    """A way to choose, the layer that it chose (``all``: the sum; empty: none), and what that makes."""

    name: str
    layer: str
    system: System


def strategies(
    counts: TaskCounts,
    dev: OnDev,
    weights: dict[tuple[str, str], Signed],
    curves: dict[str, dict[str, Signed]],
    facts: RunFacts,
) -> Iterator[Strategy]:
    """Give the choices among the layers that were trained.

    Peaks of analyses and measures (not of those in which each model is its own reference), the layer that is
    best on dev, the one with the largest mean weight in the learned sum, the last block, the sum itself, and,
    to compare, the mean over block layers: what a layer picked blindly gives on average. ``dev``, ``weights``
    and ``curves`` are those of `comparisons.on_dev`, `curves.mean_weights` and `curves.ranking_curves`.
    """

    def highest(scores: Signed) -> str:
        """The layer with the highest score among those that were trained; empty without any."""
        trained = [layer for layer in scores if layer in counts.single]
        return trained[int(np.argmax([scores[layer] for layer in trained]))] if trained else ""

    for name, scores in curves.get(counts.model, {}).items():
        peak = highest(scores)
        if peak and not facts.compared(name).own_reference:
            yield Strategy(name, peak, counts.layer(peak))
    best = best_on_dev(counts, dev, facts)
    yield Strategy(DEV, best, counts.layer(best))
    if heaviest := highest(weights.get((counts.model, counts.task), {})):
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
    nothing to choose and no row. ``curves`` are those of `curves.headlines`, ``runs`` is
    `RunTables.downstream`.
    """
    dev, summed, ranked = on_dev(runs), mean_weights(weights), ranking_curves(curves, facts)

    def rows_of(counts: TaskCounts) -> Iterator[tuple[object, ...]]:
        if len(counts.single) < 2:
            return
        chosen = list(strategies(counts, dev, summed, ranked, facts))
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
