"""Rank correlations over layers, with intervals over test units and trainings."""

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
    rng = np.random.default_rng(seed)
    means, units = seed_means(counts), len(totals)
    values = np.empty((draws, len(means)))
    for start in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - start)
        weights = rng.multinomial(units, np.full(units, 1 / units), size=size).astype(np.float64)
        values[start : start + size] = (weights @ means.T) / (weights @ totals)[:, None]
    for place, layer in enumerate(counts):
        each = layer[~np.isnan(layer).any(axis=1)].sum(axis=1) / totals.sum()
        if len(each) > 1:
            wider = np.sqrt(len(each) / (len(each) - 1))
            chosen = rng.integers(0, len(each), (draws, len(each)))
            values[:, place] += wider * (each - each.mean())[chosen].mean(axis=1)
    return values


def spearman(first: Floats, second: Floats) -> Floats:
    """Return Spearman's correlation over the last axis of (..., layers); NaN where one side is constant."""
    ranks = [rankdata(values, axis=-1) for values in np.broadcast_arrays(first, second)]
    a, b = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1)))


def rank_interval(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval of Spearman's correlation over draws (draws, layers).

    A side that is not resampled, (layers,), stays as it is in all draws.
    """
    found = spearman(first, second)
    if np.isnan(found).all():
        return np.nan, np.nan
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
