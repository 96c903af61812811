"""Comparisons of systems on the same test utterances: paired, by resampling, over utterances and trainings.

A system is a layer, the learned sum, or what stands for a choice among layers. Counts of layers are arrays
(L, S, U) for S trainings (seeds) and U units, NaN for trainings that a layer lacks; the metric is the sum of
the counts over that of the totals (U,). A unit is an utterance, or a speaker where there are ten or more.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.paired import CONFIDENCE, Difference

FEWEST_SPEAKERS = 10
DRAWS = 9_999
HALVES = 200
_CHUNK = 500  # draws at once
_SPLITS = 20  # splits at once
_ROUNDING = 1e-12

Floats = NDArray[np.float64]


def comparison_units(utterances: Sequence[str], speakers: Sequence[str]) -> list[str]:
    """Return the unit of each utterance: its speaker where all are known and there are ten or more."""
    known = set(speakers)
    return list(speakers if len(known) >= FEWEST_SPEAKERS and "" not in known else utterances)


def seed_means(counts: Floats) -> Floats:
    """Return the mean over the trainings that are there, of counts (..., S, U)."""
    return np.asarray(np.nanmean(counts, axis=-2))


def rates(counts: Floats, totals: Floats) -> Floats:
    """Return the metric of the mean over trainings, of counts (..., S, U)."""
    return np.asarray(seed_means(counts).sum(axis=-1) / totals.sum())


class Trainings(NamedTuple):
    """Variance of a layer's metric over its trainings, beyond what test units see, and degrees of freedom."""

    variance: float
    freedom: float


def training_variance(counts: Floats, totals: Floats) -> Trainings:
    """Return what trainings add to the variance of a metric, pooled over the layers of counts (L, S, U).

    Trainings differ as a whole, and in single units; the second part shows in the units and is taken off
    (components of variance of trainings, units and their interaction). What a seed does to all layers alike
    does not count: it leaves their differences alone. Three trainings of one layer tell little; those of all
    layers together do, if layers do not differ in it. A single training adds nothing. Layers that lack a
    training are left out.
    """
    shares = counts[~np.isnan(counts).any(axis=(1, 2))] / totals.sum()
    layers, seeds, units = shares.shape
    if not layers or seeds < 2 or units < 2:
        return Trainings(0.0, float(max(units - 1, 1)))
    deviations = shares - shares.mean(axis=1, keepdims=True)
    if layers > 1:
        deviations -= deviations.mean(axis=0, keepdims=True)
    freedom = (seeds - 1) * max(layers - 1, 1)
    whole = deviations.sum(axis=-1)
    single = deviations - whole[..., None] * totals / totals.sum()
    inner = np.sum(single**2) * units / (units - 1)
    return Trainings(max(0.0, float(np.sum(whole**2) - inner) / freedom), float(freedom))


def unit_variance(differences: Floats, totals: Floats) -> Floats:
    """Return the variance of a difference of metrics over units, of differences of counts (..., U)."""
    total, units = float(totals.sum()), len(totals)
    errors = differences - differences.sum(axis=-1, keepdims=True) * totals / total
    return np.asarray(np.sum(errors**2, axis=-1) * units / max(units - 1, 1) / total**2)


def paired_differences(
    first: Floats,
    second: Floats,
    totals: Floats,
    variances: Sequence[float] = (),
    freedom: float = 1.0,
    *,
    seed: int,
    draws: int = DRAWS,
) -> list[Difference]:
    """Return the metric of each first system minus that of the second, with 95 % interval and p.

    ``first`` and ``second`` are counts (K, U), means over trainings. Under the null hypothesis two systems
    can be exchanged within each unit: p is the share of ``draws`` random exchanges whose difference is larger
    (Fisher's randomisation test); those with the same difference, which counts of few errors make often, and
    the data themselves, count half (mid-p, Lancaster 1961). The interval holds the differences that the same
    exchanges do not reject; one splits the units in two, and its limits are the differences on the two parts
    (Hartigan 1969, "Using subsample values as typical values").

    What adds to the variance of each difference (``variances``), as trainings do, which are a sample too
    (`training_variance`), enters the draws as Student's t with ``freedom`` degrees of freedom.

    Fewer than two units have no interval: the limits are infinite and p is NaN.
    """
    means = first - second
    total, sums = float(totals.sum()), means.sum(axis=1)
    if len(totals) < 2:
        return [Difference(float(value), -np.inf, np.inf, np.nan, len(totals)) for value in sums / total]
    student, exchanges = _exchanges(len(totals), seed, freedom, draws)
    scale = np.sqrt(np.asarray(variances or np.zeros(len(sums)), dtype=np.float64))
    lower, upper = np.empty((2, draws, len(sums)))
    beyond, within = np.zeros((2, len(sums)))
    for start in range(0, draws, _CHUNK):
        part = slice(start, min(start + _CHUNK, draws))
        signs = exchanges[part].astype(np.float64)
        exchanged = signs @ means.T
        exchanged += total * np.outer(student[part], scale)
        weight = (signs @ totals)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = (sums - exchanged) / (total - weight), (sums + exchanged) / (total + weight)
        low, high = np.minimum(*ends, out=lower[part]), np.maximum(*ends, out=upper[part])
        # All units in one part: the difference stays, a tie, and every other one passes too.
        whole = np.abs(weight[:, 0]) == total
        low[whole], high[whole] = -np.inf, np.inf
        beyond += ((low < -_ROUNDING) & (high > _ROUNDING))[~whole].sum(axis=0)
        within += ((low > _ROUNDING) | (high < -_ROUNDING)).sum(axis=0)
    p = np.where(sums == 0, 1.0, (beyond + (1 + draws - beyond - within) / 2) / (1 + draws))
    # As np.quantile with the methods "lower" and "higher", but without sorting all.
    least, most = int((1 - CONFIDENCE) * (draws - 1)), ceil(CONFIDENCE * (draws - 1))
    low, high = np.partition(lower, least, axis=0)[least], np.partition(upper, most, axis=0)[most]
    return [
        Difference(float(value), float(lowest), float(highest), float(chance), len(totals))
        for value, lowest, highest, chance in zip(sums / total, low, high, p, strict=True)
    ]


@lru_cache(maxsize=2)  # models are compared on the same units, one after the other
def _exchanges(units: int, seed: int, freedom: float, draws: int) -> tuple[Floats, NDArray[np.int8]]:
    """Student's t (draws,), and which units are exchanged (draws, units): -1 for those, 1 for others."""
    rng = np.random.default_rng(seed)
    student = rng.standard_t(freedom, draws)
    signs = np.empty((draws, units), dtype=np.int8)
    for start in range(0, draws, _CHUNK):
        part = signs[start : start + _CHUNK]
        part[:] = 1 - 2 * rng.integers(0, 2, part.shape)
    return student, signs


def best_by_halves(means: Floats, totals: Floats, sign: int, *, seed: int, halves: int = HALVES) -> Floats:
    """Return the share (L, U) with which each layer stands for the best one in each unit.

    ``means`` (L, U) are means over trainings; ``sign`` is -1 where a low metric is good. The units are split
    ``halves`` times; the layer that is best on one half stands for the best on the other, and the other way
    round. So a unit never takes part in the choice of the layer that it is scored with (a best layer that is
    found and scored on the same units looks too good). Ties go to the lower layer.
    """
    units = len(totals)
    shares = np.zeros(means.shape)
    rng = np.random.default_rng(seed)
    for start in range(0, halves, _SPLITS):
        orders = np.array([rng.permutation(units) for _ in range(start, min(start + _SPLITS, halves))])
        parts = orders[:, : units // 2], orders[:, units // 2 :]
        for found, scored in (parts, parts[::-1]):
            sums = np.maximum(totals[found].sum(axis=1), _ROUNDING)
            values = sign * means.T[found].sum(axis=1) / sums[:, None]
            best = np.argmax(values > values.max(axis=1, keepdims=True) - _ROUNDING, axis=1)
            for layer, there in zip(best, scored, strict=True):
                shares[layer, there] += 1
    return shares / halves
