"""Scores of permuted targets."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.batched import HOST, PermutedFold, place_on
from layerwise.cca.folds import Fold, Partition
from layerwise.cca.moments import Array, Index, Moments, View, cross_moments, in_memory, sum_of
from layerwise.cca.null import Exchange, with_target_cross
from layerwise.cca.partial import Mapped, SideBySide, mapped_moments, residual_map
from layerwise.cca.pwcca import held_out
from layerwise.cca.regularised import fit
from layerwise.cca.search import DevScores
from layerwise.cca.units import RANGE_ROWS
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

# Cross moments of permutations that are held at a time.
CROSS_BYTES = 64e6
# With fewer permutations no p value reaches 0.05.
FEWEST = 19
# What the calls for one score cost beside their sums, in floating-point operations.
CALLS, SEARCH_CALLS = 6e6, 4e7
# About so many pairs of regularisers are tried for one test part. Layers of equal size have equally many
# permutations.
TRIED = 11


def null_scores(
    partition: Partition,
    folds: Sequence[Fold],
    units: Index,
    permute: bool,
    options: ScoringOptions,
    seed: int,
    speakers: Index | None = None,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the mean score over folds of each permutation, and the mean over permutations for each fold.

    Everything is learned anew from the permuted targets, the choice of regularisers too ("grid"), where
    ``options.permutations`` of that cost no more than ``options.null_cost`` times what the scores did. Else
    directions are learned anew at the regularisers of the true targets ("chosen"; their choice does not see
    the test part), as often as that cost allows, but no fewer than 19 times. Rather fewer test parts are
    scored, which makes the null wider and p values larger than they need be. Where a third view is given, the
    residuals of y are permuted ("grid": and regressed on it anew, Freedman and Lane 1983; "chosen": they are
    not, Kennedy 1995). NaN and no rows for none.
    """
    columns = ["permutation", "score", "search"]
    if not options.permutations:
        return pd.DataFrame(columns=columns), np.full(len(folds), np.nan)
    count, tested, grid = _affordable(partition, folds, options)
    scored = folds[:tested]
    rng = np.random.default_rng(derive_seed(seed, "null"))
    exchange = Exchange(units, partition.part, permute, speakers)
    orders = [exchange.draw(rng) for _ in range(count)]
    if grid or partition.mode == "paper":
        scores = np.array(list(_one_by_one(partition, orders, scored, grid)))
    else:
        scores = np.concatenate(list(_batches(partition, orders, scored, options.device)))
    search = "grid" if grid else "chosen"
    table = pd.DataFrame({"permutation": np.arange(count), "score": scores.mean(axis=1), "search": search})
    by_fold = np.full(len(folds), scores.mean())
    by_fold[:tested] = scores.mean(axis=0)
    return table[columns], by_fold


def _affordable(
    partition: Partition, folds: Sequence[Fold], options: ScoringOptions
) -> tuple[int, int, bool]:
    """Return how many permutations there can be, of how many folds, and whether with the whole search.

    Floating-point operations are counted, not seconds, so that the answer is the same on every machine.
    """
    n, dims, dim_z = len(partition.part), partition.dims, partition.dim_z
    wide, narrow, width = max(dims), min(dims), float(sum(dims) + dim_z)
    pair = 8.0 * wide**2 * narrow + 20.0 * narrow**3 + SEARCH_CALLS
    search = len(folds) * TRIED * pair
    rows = min(n, RANGE_ROWS) + n / len(partition.moments)
    fits = len(folds) * (3.0 * width**3 + 2.0 * rows * width * narrow)
    sums = 2.0 * n * (dims[0] + dim_z) * dims[1]
    allowed = options.null_cost * (n * width**2 + search + fits)
    if options.permutations * (sums + search + fits) <= allowed:
        return options.permutations, len(folds), True
    once = 4.0 * wide**2 * narrow + 20.0 * narrow**3 + CALLS
    again = pair if partition.mode == "paper" else once
    count = min(options.permutations, max(FEWEST, int(allowed / (sums + len(folds) * again))))
    tested = int((allowed / count - sums) / again)
    return count, min(len(folds), max(1, tested)), False


def _batches(
    partition: Partition, orders: Sequence[Index], folds: Sequence[Fold], device: str
) -> Iterator[NDArray[np.float64]]:
    """Scores (orders, folds), as many orders at a time as memory allows."""
    place = HOST if device == "cpu" else place_on(device)
    x, y, shift, matrix = _exchanged(partition)
    x, y = in_memory(x), in_memory(y)
    moments = [mapped_moments(item, matrix) for item in partition.moments]
    permuted = [PermutedFold.of(fold, moments, y.shape[1], partition.dim_z, place) for fold in folds]
    size = max(1, int(CROSS_BYTES / (len(moments) * x.shape[1] * y.shape[1] * 8)))
    for start in range(0, len(orders), size):
        crosses = cross_moments(x, y, partition.part, orders[start : start + size], shift)
        total = crosses.sum(axis=1)
        scores = [
            one.scores(total - crosses[:, fold.dev] - crosses[:, fold.test], crosses[:, fold.test])
            for one, fold in zip(permuted, folds, strict=True)
        ]
        yield np.stack(scores, axis=1)


def _one_by_one(
    partition: Partition, orders: Sequence[Index], folds: Sequence[Fold], grid: bool
) -> Iterator[list[float]]:
    """The same in any mode, residuals being permuted if there is a third view; ``grid``: with the search."""
    x, y, shift, matrix = _exchanged(partition)
    moments = [mapped_moments(item, matrix) for item in partition.moments]
    for order in orders:
        crosses = cross_moments(x, y, partition.part, [order], shift)[0]
        permuted = [
            with_target_cross(item, cross, y.shape[1]) for item, cross in zip(moments, crosses, strict=True)
        ]
        yield [_score(partition, fold, permuted, grid) for fold in folds]


def _exchanged(partition: Partition) -> tuple[View, View, Array, Array | None]:
    """Return [x, z], what is permuted, their shift, and what takes [x, y, z] to [x, permuted, z]."""
    if partition.given is None:
        return partition.x, partition.y, partition.shift, None
    dim_x, dim_y = partition.dims
    matrix = np.eye(len(partition.shift))
    everything = partition.of(range(len(partition.moments)))
    matrix[dim_x : dim_x + dim_y] = residual_map(everything, partition.dim_z)[dim_x:]
    y = Mapped(SideBySide((partition.x, partition.rest)), matrix[dim_x : dim_x + dim_y].T)
    shift = matrix @ partition.shift
    shift = np.concatenate([shift[:dim_x], shift[dim_x + dim_y :], shift[dim_x : dim_x + dim_y]])
    return SideBySide((partition.x, partition.given)), y, shift, matrix


def _score(partition: Partition, fold: Fold, permuted: Sequence[Moments], grid: bool) -> float:
    train, dev, test = sum_of(permuted, fold.train), permuted[fold.dev], permuted[fold.test]
    if partition.given is None:
        cca = fold.cca.with_cross(train)
    else:
        residual = residual_map(train, partition.dim_z)
        cca = fit(mapped_moments(train, residual), partition.mode)
        dev, test = mapped_moments(dev, residual), mapped_moments(test, residual)
    pair = fold.search(DevScores(cca, dev, partition.mode)) if grid else fold.pair
    return held_out(cca.directions(*pair), test, partition.mode).pwcca
