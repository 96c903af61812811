"""Values with intervals over units (speakers or utterances), by the jackknife."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index
from layerwise.cca.units import t_interval, unit_contributions
from layerwise.seeds import derive_seed

# With fewer speakers than this there is no telling how speakers vary.
MANY_SPEAKERS = 10


class Estimate(NamedTuple):
    """A value and the limits of its 95 % interval; they are NaN with fewer than two units."""

    value: float
    low: float
    high: float


def jackknife(value: float, without: Array) -> Estimate:
    """Return a value with its interval, from the values without each unit, (m,): t with m - 1 degrees."""
    return mean_of([(value, without)])


def mean_of(parts: Iterable[tuple[float, Array]]) -> Estimate:
    """Return the mean of values of parts that share no unit, each with those without each unit, (m,)."""
    values, withouts = zip(*parts, strict=True)
    contributions = np.concatenate([unit_contributions(without) for without in withouts]) / len(values)
    mean = float(np.mean(values))
    if min(map(len, withouts)) < 2:
        return Estimate(mean, np.nan, np.nan)
    return Estimate(mean, *t_interval(mean, contributions))


def ratio(numerators: Array, denominators: Array) -> Estimate:
    """Return the sum of numerators over that of denominators, (m,) each, one for each unit."""
    above, below = numerators.sum(), denominators.sum()
    if len(numerators) < 2:
        return Estimate(float(above / below), np.nan, np.nan)
    return jackknife(float(above / below), (above - numerators) / (below - denominators))


def sum_by(units: NDArray[Any], *values: Array) -> tuple[Array, ...]:
    """Return the sums of values (n,) over the rows of each unit, (m,) each."""
    codes = np.unique(units, return_inverse=True)[1]
    return tuple(np.bincount(codes, weights=each).astype(np.float64) for each in values)


def drawn_units(utterances: NDArray[np.str_], speakers: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return what intervals take as drawn: speakers where there are ten, else utterances; both (n,)."""
    return speakers if len(np.unique(speakers)) >= MANY_SPEAKERS else utterances


def grouped(units: NDArray[np.str_], most: int, seed: int) -> Index:
    """Return the group (n,) of each row: its unit, or, where units are more than ``most``, one of so many.

    Units are dealt to groups at random, in equal numbers as far as that goes.
    """
    codes = np.unique(units, return_inverse=True)[1]
    number = int(codes.max()) + 1
    order = np.random.default_rng(derive_seed(seed, "groups")).permutation(number)
    return np.asarray(order[codes] % most, np.int64)
