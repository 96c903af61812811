"""Do analyses, learned weights and other heads rank layers as a task does?"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.contracts.run_tables import columns
from layerwise.report.curves import Signed, mean_weights, ranking_curves
from layerwise.report.facts import RunFacts
from layerwise.report.task_counts import TaskCounts
from layerwise.report.words import WEIGHTS
from layerwise.tasks.paired import rates
from layerwise.tasks.ranks import (
    centred_ranks,
    percentiles,
    rank_interval,
    ranks_correlation,
    resampled_rates,
)

MIN_LAYERS = 3


def agreement(
    found: list[TaskCounts], curves: pd.DataFrame, weights: pd.DataFrame, facts: RunFacts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank correlation of each analysis and measure, and of the learned weights, with each task over blocks.

    Scores and metrics are signed so that a positive correlation means agreement. Layers are the blocks that
    both have, without ``TL+ln`` (``TL`` in another form) and without the reference layer of an analysis, that
    scores 1 by definition. The interval is that of Spearman's correlation over test units and trainings
    of the task (`tasks.ranks.resampled_rates`); scores and weights stay as they are. A task is ranked by the
    metric that decides. ``curves`` are those of `curves.headlines`.

    Pairs with fewer than 3 shared layers or a constant curve have no row in the first table and one in the
    second, which says why.
    """
    rows: list[tuple[Any, ...]] = []
    omitted: list[tuple[Any, ...]] = []
    places = {(counts.model, counts.task): place for place, counts in enumerate(found)}
    ranked = ranking_curves(curves, facts)
    summed = mean_weights(weights)
    # Task by task: models of a task have draws in common. Then in the order of the models.
    for counts in sorted(deciding(found, facts), key=lambda counts: counts.task):
        drawn: dict[tuple[str, ...], NDArray[np.float64]] = {}
        for name, scores in _curves(counts, ranked, summed, facts):
            shared = [layer for layer in counts.blocks if layer in scores]
            values = np.array([scores[layer] for layer in shared])
            goals = _goals(counts, shared)
            reason = undefined(values, goals)
            if reason:
                omitted.append((counts.model, counts.task, name, reason))
                continue
            layers = tuple(shared)
            if layers not in drawn:
                drawn[layers] = centred_ranks(_drawn(counts, shared, facts))
            limits = percentiles(ranks_correlation(centred_ranks(values), drawn[layers]))
            rows.append((counts.model, counts.task, name, *correlations(values, goals), *limits, len(shared)))
    for made in (rows, omitted):
        made.sort(key=lambda row: places[row[:2]])
    return (
        pd.DataFrame(rows, columns=columns("agreement")),
        pd.DataFrame(omitted, columns=columns("omissions")),
    )


def head_agreement(found: list[TaskCounts], facts: RunFacts) -> pd.DataFrame:
    """Rank correlation over block layers of two tasks that differ in the head alone.

    Both are resampled together. Pairs with fewer than 3 shared layers, a constant curve or other test units
    have no row.
    """
    rows = []
    for a, b in combinations(deciding(found, facts), 2):
        goal = facts.task(a.task).goal
        if not goal or a.model != b.model or facts.task(b.task).goal != goal or a.units != b.units:
            continue
        shared = [layer for layer in a.blocks if layer in b.blocks]
        goals = [_goals(side, shared) for side in (a, b)]
        if undefined(*goals):
            continue
        # One seed: the same units are drawn for both.
        limits = rank_interval(*(_drawn(side, shared, facts, "heads") for side in (a, b)))
        rows.append((a.model, a.task, b.task, *correlations(*goals), *limits, len(shared)))
    return pd.DataFrame(rows, columns=columns("head_agreement"))


def deciding(found: list[TaskCounts], facts: RunFacts) -> list[TaskCounts]:
    """Counts of the metric that decides in each task."""
    return [counts for counts in found if counts.metric == facts.task(counts.task).metric]


def _curves(
    counts: TaskCounts,
    curves: dict[str, dict[str, Signed]],
    weights: dict[tuple[str, str], Signed],
    facts: RunFacts,
) -> Iterator[tuple[str, Signed]]:
    """What ranks layers: signed scores of analyses and measures, and the mean weights, by layer."""
    for name, scores in curves.get(counts.model, {}).items():
        reference = facts.compared(name).reference
        yield name, {layer: score for layer, score in scores.items() if layer != reference}
    if learned := weights.get((counts.model, counts.task)):
        yield WEIGHTS, learned


def _goals(counts: TaskCounts, layers: list[str]) -> NDArray[np.float64]:
    return np.asarray(counts.metric.sign * rates(counts.of(layers), counts.totals), dtype=np.float64)


def _drawn(
    counts: TaskCounts, layers: list[str], facts: RunFacts, what: str = "ranks"
) -> NDArray[np.float64]:
    seed = counts.seed(facts, what)
    return counts.metric.sign * resampled_rates(counts.of(layers), counts.totals, seed=seed)


def correlations(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Spearman's and Kendall's rank correlation of two curves."""
    # To the last digit those of scipy.stats, which spends most of its time on p values.
    a, b = (np.sign(values[:, None] - values) for values in (first, second))
    ranks = np.column_stack([(signs.sum(axis=1) + len(signs) + 1) / 2 for signs in (a, b)])
    untied = [np.count_nonzero(signs) / 2 for signs in (a, b)]
    tau = (a * b).sum() / 2 / np.sqrt(untied[0]) / np.sqrt(untied[1])
    return float(np.asarray(np.corrcoef(ranks, rowvar=False))[1, 0]), float(np.clip(tau, -1.0, 1.0))


def undefined(first: NDArray[np.float64], second: NDArray[np.float64]) -> str:
    """Why there is no rank correlation; empty where there is one."""
    if len(first) < MIN_LAYERS:
        return f"shared layers: {len(first)}; at least {MIN_LAYERS} are needed"
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return "a curve is constant over its layers"
    return ""
