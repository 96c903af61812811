"""Comparisons of systems on the same test utterances: paired, by resampling, over utterances and seeds.

A system is a layer, the learned sum, or what stands for a choice among layers. It is known by its counts
(S, U) for S trainings (seeds) and U units, NaN in the rows of trainings that it lacks; the metric is the sum
of the counts over that of the totals (U,). A unit is an utterance, or a speaker where there are ten or more.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.paired import CONFIDENCE, Difference

FEWEST_SPEAKERS = 10
DRAWS = 9_999
HALVES = 200
_CHUNK = 500  # draws at once
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


def paired_differences(
    first: Sequence[Floats], second: Sequence[Floats], totals: Floats, *, seed: int, draws: int = DRAWS
) -> list[Difference]:
    """Return the metric of each first system minus that of the second, with 95 % interval and p.

    ``first`` and ``second`` hold counts (S, U). Under the null hypothesis the two systems can be exchanged
    within each unit: p is the share of ``draws`` random exchanges whose difference is larger (Fisher's
    randomisation test); those with the same difference, which counts of few errors make often, and the data
    themselves, count half (mid-p, Lancaster 1961). The interval holds the differences that the same exchanges
    do not reject; an exchange splits the units in two, and its limits are the differences on the two parts
    (Hartigan 1969, "Using subsample values as typical values").

    Trainings are a sample too. What they add to the variance of the difference beyond what the units account
    for (components of variance of seeds, units and their interaction) enters each draw as a t with the
    degrees of freedom of the trainings. A single training adds nothing.

    Fewer than two units have no interval: the limits are infinite and p is NaN.
    """
    means = np.stack([seed_means(a) - seed_means(b) for a, b in zip(first, second, strict=True)])
    total, sums = float(totals.sum()), means.sum(axis=1)
    if len(totals) < 2:
        return [Difference(float(value), -np.inf, np.inf, np.nan, len(totals)) for value in sums / total]
    rng = np.random.default_rng(seed)
    noise = np.stack(
        [
            np.sqrt(variance) * rng.standard_t(freedom, draws) if variance else np.zeros(draws)
            for variance, freedom in (_of_seeds(a - b, totals) for a, b in zip(first, second, strict=True))
        ],
        axis=1,
    )
    lower, upper = np.empty((draws, len(sums))), np.empty((draws, len(sums)))
    for start in range(0, draws, _CHUNK):
        part = slice(start, min(start + _CHUNK, draws))
        signs = 1.0 - 2.0 * rng.integers(0, 2, (part.stop - start, len(totals)))
        flipped = signs @ means.T + total * noise[part]
        weight = (signs @ totals)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack([(sums - flipped) / (total - weight), (sums + flipped) / (total + weight)])
        # All units in one part: nothing is exchanged, and every difference passes.
        whole = np.abs(weight) == total
        lower[part] = np.where(whole, -np.inf, ends.min(axis=0))
        upper[part] = np.where(whole, np.inf, ends.max(axis=0))
    beyond = ((lower < -_ROUNDING) & (upper > _ROUNDING)).sum(axis=0)
    within = ((lower > _ROUNDING) | (upper < -_ROUNDING)).sum(axis=0)
    p = np.where(sums == 0, 1.0, (beyond + (1 + draws - beyond - within) / 2) / (1 + draws))
    low = np.quantile(lower, 1 - CONFIDENCE, axis=0, method="lower")
    high = np.quantile(upper, CONFIDENCE, axis=0, method="higher")
    return [
        Difference(float(value), float(least), float(most), float(chance), len(totals))
        for value, least, most, chance in zip(sums / total, low, high, p, strict=True)
    ]


def _of_seeds(differences: Floats, totals: Floats) -> tuple[float, int]:
    """Variance of a mean over trainings that is theirs alone, and its degrees of freedom.

    ``differences`` (S, U). The variance between trainings is that of trainings and of what they do to single
    units; the second part, which the units see, is taken off.
    """
    there = differences[~np.isnan(differences).any(axis=1)]
    seeds, units = there.shape
    if seeds < 2 or units < 2:
        return 0.0, 0
    total = totals.sum()
    each = there.sum(axis=1) / total
    residuals = there - there.mean(axis=0) - np.outer(each - each.mean(), totals)
    interaction = np.sum(residuals**2) * units / ((seeds - 1) * (units - 1)) / total**2
    return max(0.0, float(each.var(ddof=1) - interaction)) / seeds, seeds - 1


def best_by_halves(counts: Floats, totals: Floats, sign: int, *, seed: int, halves: int = HALVES) -> Floats:
    """Return counts (S, U) of the best layer, found on one half of the units and scored on the other.

    ``counts`` (layers, S, U); ``sign`` is -1 where a low metric is good. The units are split ``halves`` times
    and each half is used both ways, so a unit never takes part in the choice of the layer that it is scored
    with (a best layer that is found and scored on the same units looks too good). A count is the mean over
    splits. Ties go to the lower layer. A training that a layer lacks is the mean of its others.
    """
    means = seed_means(counts)
    filled = np.where(np.isnan(counts), means[:, None], counts)
    units = len(totals)
    shares = np.zeros(means.shape)
    rng = np.random.default_rng(seed)
    for _ in range(halves):
        order = rng.permutation(units)
        parts = order[: units // 2], order[units // 2 :]
        for found, scored in (parts, parts[::-1]):
            values = sign * means[:, found].sum(axis=1) / max(totals[found].sum(), _ROUNDING)
            shares[int(np.argmax(values > values.max() - _ROUNDING)), scored] += 1 / halves
    return np.asarray(np.einsum("lu,lsu->su", shares, filled))
