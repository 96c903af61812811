"""Held-out rows seen unit by unit: which leave the training range, and what each unit adds to a score.

A unit is what was drawn from the population as a whole: a speaker or an utterance.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from layerwise.cca.moments import Array, Index, View, row_blocks
from layerwise.cca.pwcca import Directions, HeldOut

# Training rows, evenly spaced, that the range of the variates is taken from.
RANGE_ROWS = 4096
# A row is out of range where a variate is so many times as far from its mean as in any of those training rows
# ...
RANGE_FACTOR = 1.5
# ... and so many training standard deviations.
LEAST_RANGE = 8.0


class Variates(NamedTuple):
    """Canonical variates of rows, centred by their training means: g = A'x and h = B'y, both (n, k)."""

    g: Array
    h: Array


def variates(
    x: NDArray[np.floating], y: NDArray[np.floating], mean: Array, directions: Directions
) -> Variates:
    """Return the variates of rows x (n, dx) and y (n, dy); ``mean`` (dx + dy,) is that of training."""
    dim_x = x.shape[1]
    return Variates((x - mean[:dim_x]) @ directions.A, (y - mean[dim_x:]) @ directions.B)


def training_range(training: Variates) -> Array:
    """Return how far from the mean each variate may be, (2, k), from those of training rows."""
    farthest = np.array([np.abs(side).max(axis=0) for side in training])
    return np.maximum(RANGE_FACTOR * farthest, LEAST_RANGE)


class UnitSums(NamedTuple):
    """Rows of each unit, (m,), and their sums of g, h, g^2, h^2 and gh, (5, m, k)."""

    units: Index
    counts: Array
    sums: Array


def examine(
    x: View, y: View, rows: Index, units: Index, mean: Array, directions: Directions, limits: Array
) -> tuple[UnitSums, Index]:
    """Sum the variates of test rows by unit, and find the rows that are out of range.

    ``rows`` are row numbers and ``units`` (len(rows),) the number of each one's unit. Rows with a variate
    beyond ``limits`` (2, k) are not summed; they are returned.
    """
    names, codes = np.unique(units, return_inverse=True)
    counts, sums = np.zeros(len(names)), np.zeros((5, len(names), directions.A.shape[1]))
    outside = []
    for block in row_blocks(len(rows)):
        block = block[np.argsort(codes[block], kind="stable")]
        found = variates(x[rows[block]], y[rows[block]], mean, directions)
        inside = np.all(
            [(np.abs(side) <= limit).all(axis=1) for side, limit in zip(found, limits, strict=True)], axis=0
        )
        outside.append(rows[block[~inside]])
        if not inside.any():
            continue
        g, h = found.g[inside], found.h[inside]
        present, starts, size = np.unique(codes[block[inside]], return_index=True, return_counts=True)
        counts[present] += size
        for total, values in zip(sums, (g, h, g * g, h * h, g * h), strict=True):
            total[present] += np.add.reduceat(values, starts, axis=0)
    return UnitSums(names, counts, sums), np.sort(np.concatenate(outside))


def without_each(sums: UnitSums, result: HeldOut) -> Array:
    """Return the score of a test part without each of its units, (m,).

    Directions and PWCCA weights stay those of ``result``; a unit that has no rows left changes nothing. NaN
    for a single unit.
    """
    n = (sums.counts.sum() - sums.counts)[:, None]
    g, h, gg, hh, gh = (total.sum(axis=0) - total for total in sums.sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (gg - g**2 / n) * (hh - h**2 / n)
        correlations = np.where(
            spread > 0, (gh - g * h / n) / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0
        )
    live = result.correlations != 0
    scores: Array = correlations[:, live] @ result.weights[live]
    return np.where(n[:, 0] > 0, scores, np.nan)


def unit_contributions(without: Array) -> Array:
    """Return what each of m units contributes to the score of a part, from the scores without each, (m,).

    The sum of their squares is the variance of the jackknife, (m - 1) / m times the sum of squared deviations
    (Efron and Stein 1981). A unit without rows contributes nothing; nor does a single unit.
    """
    m = len(without)
    if m < 2 or np.isnan(without).all():
        return np.zeros(m)
    known = np.where(np.isnan(without), np.nanmean(without), without)
    contributions: Array = np.sqrt((m - 1) / m) * (known.mean() - known)
    return contributions


def t_interval(mean: float, contributions: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the limits of a mean from what each unit contributes to it, (m,); NaN with fewer than two units.

    Its variance is the sum of squared contributions, with m - 1 degrees of freedom.
    """
    m = len(contributions)
    if m < 2:
        return np.nan, np.nan
    error = float(np.sqrt(np.sum(contributions**2)))
    half = float(stdtrit(m - 1, 0.5 + level / 2)) * error
    return mean - half, mean + half
