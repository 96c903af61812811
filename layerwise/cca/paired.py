"""Differences of mean scores that were computed on the same units or in the same trials.

A unit (a speaker, an utterance or, where types are split, a label) contributes to the error of the mean score
of every layer and model that was tested on it. Errors of two scores are therefore subtracted unit by unit
before their size is taken: what makes a unit hard for both does not count against either.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

CONFIDENCE = 0.95


class Difference(NamedTuple):
    """A difference with its 95 % limits, the p of no difference (two-sided), and the pairs it rests on.

    Fewer than two pairs have no interval: the limits are infinite and p is NaN.
    """

    difference: float
    low: float
    high: float
    p: float
    n: int


def unit_errors(units: pd.DataFrame) -> pd.Series:
    """Return what each unit contributes to the error of a mean score, by unit.

    ``units`` has rows of one layer with the columns sample, unit and contribution (`contracts.scores.UNITS`).
    The score is the mean over the S sample sets, so a contribution is the mean over them, 0 in sets where the
    unit is absent.
    """
    sets = max(1, units["sample"].nunique())
    return units.groupby("unit", sort=True)["contribution"].sum() / sets


def unit_variance(errors: ArrayLike) -> float:
    """Return the variance of a mean score, U / (U - 1) times the sum of squared contributions (U,)."""
    values = np.asarray(errors, dtype=np.float64)
    count = len(values)
    return float(count / (count - 1) * np.sum(values**2)) if count > 1 else np.nan


def unit_difference(
    difference: float, errors: ArrayLike, seeds: Sequence[Sequence[float]] = ()
) -> Difference:
    """Return a difference with its interval, from the contributions (U,) of units to its error.

    ``seeds`` holds, for each side that is a mean over pre-training seeds, the value of each seed. Their
    variance is added, as the units do not see it, and t has the fewest degrees of freedom of all (Welch's
    test takes a few more). A side with a single seed adds nothing.
    """
    values = np.asarray(errors, dtype=np.float64)
    variance, freedom = unit_variance(values), len(values) - 1
    for side in (np.asarray(side, dtype=np.float64) for side in seeds):
        if len(side) > 1:
            variance += float(side.var(ddof=1)) / len(side)
            freedom = min(freedom, len(side) - 1)
    return _with_limits(difference, variance, freedom, len(values))


def trial_difference(differences: ArrayLike, test_train: float) -> Difference:
    """Return the mean of paired differences (n,) over sample sets and trials, for measures without units.

    Trials share training data, so the plain t interval is too narrow. The variance of the mean is
    (1/n + n_test/n_train) s^2 (Nadeau and Bengio 2003, "Inference for the generalization error").
    """
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    variance = float(values.var(ddof=1)) * (1 / n + test_train) if n > 1 else np.nan
    return _with_limits(float(values.mean()) if n else np.nan, variance, n - 1, n)


def t_quantile(freedom: int) -> float:
    """Return the quantile of Student's t that bounds a two-sided 95 % interval."""
    # As scipy.stats.t.ppf, which spends a hundred times as long on its arguments.
    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))


def _with_limits(difference: float, variance: float, freedom: int, n: int) -> Difference:
    if freedom < 1 or not np.isfinite(variance):
        return Difference(difference, -np.inf, np.inf, np.nan, n)
    error = float(np.sqrt(variance))
    half = t_quantile(freedom) * error
    # No error: equal units, of a layer with itself, or with one that scores the same by definition.
    p = 1.0 if difference == 0 else 0.0
    if error > 0:
        p = float(2 * stdtr(freedom, -abs(difference) / error))
    return Difference(difference, difference - half, difference + half, p, n)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p values (n,) corrected for their number (Holm 1979); NaN stays NaN and does not count."""
    values = np.asarray(p, dtype=np.float64)
    corrected = np.full(len(values), np.nan)
    order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
    steps = values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return corrected
