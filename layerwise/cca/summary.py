"""The mean of scores over samples and trials, with its interval."""

from typing import NamedTuple

import numpy as np
import pandas as pd

_KEYS = ["model", "layer", "layer_index", "analysis"]
_NORMAL_95 = 1.959963984540054


class MeanScore(NamedTuple):
    """The mean of ``n`` scores, its 95 % interval, and the mean of their floors."""

    mean: float
    low: float
    high: float
    floor: float
    n: int


def mean_score(scores: pd.DataFrame) -> MeanScore:
    """Return the mean of scores of one layer over samples and trials, with a 95 % interval.

    ``scores`` has the columns of ``cross_validate``. The variance of one score is taken as the larger of two
    estimates: that over samples and trials, which sees the choice of data and splits, and the mean bootstrap
    variance (interval width / 3.92, squared), which sees the utterances of the test part. Training sets of
    different trials overlap, so scores are not independent: as Nadeau and Bengio (2003) propose, the variance
    of the mean of n is (1/n + n_test / n_train) times that of one, not 1/n. low and high are mean -+ 1.96
    standard errors; NaN for a single score without a bootstrap interval.
    """
    widths = (scores["high"] - scores["low"]).to_numpy(np.float64) / (2 * _NORMAL_95)
    spread = scores["score"].var(ddof=1)
    variances = [value for value in (np.mean(widths**2), spread) if np.isfinite(value)]
    overlap = float((scores["n_test"] / scores["n_train"]).mean())
    error = np.sqrt(max(variances) * (1 / len(scores) + overlap)) if variances else np.nan
    mean = float(scores["score"].mean())
    low, high = mean - _NORMAL_95 * error, mean + _NORMAL_95 * error
    return MeanScore(mean, low, high, scores["floor"].mean(), len(scores))


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, layer and analysis: the mean over samples and trials (``mean_score``).

    ``scores`` has the columns of `contracts.scores.SCORES`. Columns returned: model, layer, layer_index,
    analysis, mean, low, high, floor, n; n is the number of scores.
    """
    records = [(*key, *mean_score(rows)) for key, rows in scores.groupby(_KEYS, sort=False)]
    table = pd.DataFrame.from_records(records, columns=[*_KEYS, *MeanScore._fields])
    return table.sort_values(["analysis", "model", "layer_index"], ignore_index=True)
