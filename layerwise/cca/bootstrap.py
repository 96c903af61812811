"""Confidence intervals of held-out scores: a bootstrap over utterances from moments of each of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index, View, row_blocks
from layerwise.cca.pwcca import Directions, HeldOut

CONFIDENCE = (2.5, 97.5)
REPLICATES_AT_ONCE = 64


def bootstrap_interval(
    x: View,
    y: View,
    rows: Index,
    units: NDArray[Any],
    mean: Array,
    directions: Directions,
    result: HeldOut,
    replicates: int,
    seed: int,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a PWCCA score over resampled units of its test rows.

    ``rows`` are the test rows and ``units`` (len(rows),) their utterances or speakers; ``mean`` (dx + dy,) is
    theirs. A replicate draws units with repetition. All that it needs are each unit's count, sums and
    second moments of the canonical variates (directions of ``result`` stay fixed, and so do its weights),
    so its cost does not depend on the number of rows. NaN with fewer than two units or no replicates.
    """
    names, codes = np.unique(units, return_inverse=True)
    if len(names) < 2 or replicates == 0:
        return np.nan, np.nan
    live = np.flatnonzero((result.weights > 0) & (result.correlations != 0))
    counts, sums = _unit_moments(x, y, rows, codes, mean, directions.A[:, live], directions.B[:, live])
    rng = np.random.default_rng(seed)
    scores = []
    for start in range(0, replicates, REPLICATES_AT_ONCE):
        draws = rng.integers(len(names), size=(min(REPLICATES_AT_ONCE, replicates - start), len(names)))
        times = np.stack([np.bincount(draw, minlength=len(names)) for draw in draws]).astype(np.float64)
        n = (times @ counts)[:, None]
        sum_g, sum_h, sum_gg, sum_hh, sum_gh = (times @ values for values in sums)
        spread = np.maximum(sum_gg - sum_g**2 / n, 0) * np.maximum(sum_hh - sum_h**2 / n, 0)
        shared = sum_gh - sum_g * sum_h / n
        correlations = np.divide(shared, np.sqrt(spread), out=np.zeros_like(shared), where=spread > 0)
        scores.append(correlations @ result.weights[live])
    low, high = np.percentile(np.concatenate(scores), CONFIDENCE)
    return float(low), float(high)


def _unit_moments(
    x: View, y: View, rows: Index, codes: Index, mean: Array, A: Array, B: Array
) -> tuple[Array, Array]:
    """Count (units,) and sums of g, h, g^2, h^2 and gh (5, units, k) of the variates g = A'x, h = B'y."""
    units, dim_x = int(codes.max()) + 1, x.shape[1]
    counts = np.bincount(codes, minlength=units).astype(np.float64)
    sums = np.zeros((5, units, A.shape[1]))
    for block in row_blocks(len(rows)):
        order = block[np.argsort(codes[block], kind="stable")]
        g = (x[rows[order]] - mean[:dim_x]) @ A
        h = (y[rows[order]] - mean[dim_x:]) @ B
        present, starts = np.unique(codes[order], return_index=True)
        for total, values in zip(sums, (g, h, g * g, h * h, g * h), strict=True):
            total[present] += np.add.reduceat(values, starts, axis=0)
    return counts, sums
