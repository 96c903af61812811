"""The mean of scores over samples and trials: its interval, its null and what it is above chance."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.cca.paired import t_quantile, unit_errors, unit_variance

TRIAL_NUMBERS = ("score", "low", "high", "null", "n_test", "n_train")  # what a mean needs of each trial
_NORMAL_95 = 1.959963984540054

Floats = NDArray[np.float64]


class MeanScore(NamedTuple):
    """The mean of ``n`` scores of one layer.

    Attributes:
        score: the mean.
        low: lower limit of its 95 % interval, NaN where there is none.
        high: upper limit.
        null: mean score with permuted targets, NaN without permutations.
        calibrated: (score - null) / (1 - null): 0 at chance, 1 at best.
        p: of a score as good with permuted targets.
        n_units: units that the interval rests on; 0 where it rests on trials.
        n: scores.
    """

    score: float
    low: float
    high: float
    null: float
    calibrated: float
    p: float
    n_units: int
    n: int


def mean_score(
    trials: pd.DataFrame,
    units: pd.DataFrame | None = None,
    null: pd.DataFrame | None = None,
    *,
    higher_is_better: bool = True,
) -> MeanScore:
    """Return the mean of the scores of one layer over samples and trials, with a 95 % interval.

    The tables have the columns of `contracts.scores.SCORES`, UNITS and NULLS; a column sample may be missing,
    if there is one sample set only. The interval is that of t over units, with the variance U / (U - 1) times
    the sum of squared contributions. Without units it is ``trial_interval``.

    p is (1 + draws that are as good) / (1 + draws); draws of all sample sets are pooled. A draw is a mean
    over one sample set, the score one over all of them, so p is rather too large. A ``null`` without rows
    leaves the column null of ``trials``.
    """
    draws = np.empty(0) if null is None else null["score"].to_numpy(np.float64)
    numbers = {name: trials[name].to_numpy(np.float64) for name in TRIAL_NUMBERS}
    return mean_of(numbers, _errors(units), draws, higher_is_better=higher_is_better)


def mean_of(
    trials: Mapping[str, Floats], errors: Floats, draws: Floats, *, higher_is_better: bool = True
) -> MeanScore:
    """Return what `mean_score` does, from arrays.

    ``trials`` holds the columns ``TRIAL_NUMBERS`` (n,) of the trials, ``errors`` (U,) are those of
    `cca.paired.unit_errors`, and ``draws`` (d,) permuted scores; the last two may be empty.
    """
    score = mean_known(trials["score"])
    if len(errors) > 1:
        half = t_quantile(len(errors) - 1) * np.sqrt(unit_variance(errors))
        low, high = score - half, score + half
    else:
        low, high = trial_interval(trials)
    chance = float(draws.mean()) if len(draws) else mean_known(trials["null"])
    above = (score - chance) / (1 - chance) if higher_is_better and chance < 1 else np.nan
    p = chance_p(score, draws, higher_is_better=higher_is_better)
    count = len(errors) if len(errors) > 1 else 0
    return MeanScore(score, low, high, chance, above, p, count, len(trials["score"]))


def mean_known(values: Floats) -> float:
    """Return the mean of the values that are not NaN; NaN where there are none."""
    empty = np.isnan(values)
    known = len(values) - int(empty.sum())
    return float(np.where(empty, 0.0, values).sum() / known) if known else np.nan


def chance_p(score: float, draws: ArrayLike, *, higher_is_better: bool = True) -> float:
    """Return (1 + draws at least as good as the score) / (1 + draws), or NaN without draws."""
    values = np.asarray(draws, dtype=np.float64)
    as_good = values >= score if higher_is_better else values <= score
    return float(1 + as_good.sum()) / (1 + len(values)) if len(values) else np.nan


def trial_interval(trials: Mapping[str, Floats]) -> tuple[float, float]:
    """Return 95 % limits of the mean of scores that have no units.

    The variance of one score is the larger of that over samples and trials, which sees the choice of data and
    splits, and the mean variance within a trial (interval width / 3.92, squared), which sees the test part.
    Training sets of different trials overlap: as Nadeau and Bengio (2003) propose, the variance of the mean
    of n is (1/n + n_test / n_train) times that of one, not 1/n, and t has n - 1 degrees of freedom. NaN for a
    single score without an interval of its own.
    """
    scores = trials["score"]
    widths = (trials["high"] - trials["low"]) / (2 * _NORMAL_95)
    count, score = len(scores), mean_known(scores)
    spread = float(scores.var(ddof=1)) if count > 1 else np.nan
    variances = [value for value in (float(np.mean(widths**2)), spread) if np.isfinite(value)]
    if not variances:
        return np.nan, np.nan
    overlap = float((trials["n_test"] / trials["n_train"]).mean())
    quantile = t_quantile(count - 1) if count > 1 else _NORMAL_95
    half = quantile * float(np.sqrt(max(variances) * (1 / count + overlap)))
    return score - half, score + half


def _errors(units: pd.DataFrame | None) -> Floats:
    if units is None or units.empty:
        return np.empty(0)
    found = unit_errors(units if "sample" in units else units.assign(sample=0))
    return found.to_numpy(np.float64)
