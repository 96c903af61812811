"""Rank correlations over layers, with intervals over test units and trainings."""

from copy import deepcopy
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from layerwise.tasks.paired import seed_means

DRAWS = 2_000
_CHUNK = 500  # draws at once

Floats = NDArray[np.float64]


def resampled_rates(counts: Floats, totals: Floats, *, seed: int, draws: int = DRAWS) -> Floats:
    """Return the metrics (draws, layers) of resampled units and trainings.

    ``counts`` (layers, S, U) and ``totals`` (U,) are those of `tasks.paired`. Units are drawn with
    replacement, the same for all layers; so are, for each layer by itself, its S trainings, whose deviations
    from their mean are widened by the root of S / (S - 1): a few that are drawn from as many vary too little.
    """
    means = seed_means(counts)
    weights, rng = _resampled_units(len(totals), seed, draws)
    values = np.empty((draws, len(means)))
    for start in range(0, draws, _CHUNK):
        part = weights[start : start + _CHUNK].astype(np.float64)
        values[start : start + _CHUNK] = (part @ means.T) / (part @ totals)[:, None]
    for place, layer in enumerate(counts):
        each = layer[~np.isnan(layer).any(axis=1)].sum(axis=1) / totals.sum()
        if len(each) > 1:
            wider = np.sqrt(len(each) / (len(each) - 1))
            chosen = rng.integers(0, len(each), (draws, len(each)))
            values[:, place] += wider * (each - each.mean())[chosen].mean(axis=1)
    return values


def _resampled_units(units: int, seed: int, draws: int) -> tuple[NDArray[np.int32], np.random.Generator]:
    """How often each unit is drawn (draws, units), and the generator as the draws left it."""
    weights, rng = _drawn_units(units, seed, draws)
    return weights, deepcopy(rng)


@lru_cache(maxsize=2)  # models are compared on the same units, one after the other
def _drawn_units(units: int, seed: int, draws: int) -> tuple[NDArray[np.int32], np.random.Generator]:
    rng = np.random.default_rng(seed)
    chances = np.full(units, 1 / units)
    weights = np.empty((draws, units), dtype=np.int32)
    for start in range(0, draws, _CHUNK):
        part = weights[start : start + _CHUNK]
        part[:] = rng.multinomial(units, chances, size=len(part))
    return weights, rng


def spearman(first: Floats, second: Floats) -> Floats:
    """Return Spearman's correlation over the last axis of (..., layers); NaN where one side is constant."""
    return ranks_correlation(centred_ranks(first), centred_ranks(second))


def centred_ranks(values: Floats) -> Floats:
    """Return the ranks over the last axis of (..., layers), less their mean."""
    ranks = rankdata(values, axis=-1)
    return np.asarray(ranks - ranks.mean(axis=-1, keepdims=True))


def ranks_correlation(a: Floats, b: Floats) -> Floats:
    """Return the correlation over the last axis of `centred_ranks`; NaN where one side is constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1)))


def rank_interval(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval of Spearman's correlation over draws (draws, layers).

    A side that is not resampled, (layers,), stays as it is in all draws.
    """
    return percentiles(spearman(first, second))


def percentiles(found: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval of correlations (draws,); NaN where none is known."""
    if np.isnan(found).all():
        return np.nan, np.nan
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
