"""Tables of scores: where a layer sits in a plot, and the mean over samples and trials with its interval."""

import numpy as np
import pandas as pd

SCORE_COLUMNS = (
    "model",
    "layer",
    "layer_index",
    "analysis",
    "sample",
    "trial",
    "score",
    "low",
    "high",
    "floor",
    "epsilon_x",
    "epsilon_y",
    "n_train",
    "n_dev",
    "n_test",
    "dim_x",
    "dim_y",
)
SIMILARITY_COLUMNS = ("mean_cca", "svcca", "cka")
# One row per pair of layers: no column ``layer``, but one for each model.
INTER_COLUMNS = (
    *("model_a", "layer_a", "layer_index_a", "model_b", "layer_b", "layer_index_b"),
    *("analysis", "trial", "score", "low", "high", "floor", "epsilon_x", "epsilon_y"),
    *("n_train", "n_dev", "n_test", "dim_x", "dim_y"),
)
_NORMAL_95 = 1.959963984540054


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, layer and analysis: the mean over samples and trials, with a 95 % interval.

    ``scores`` has the columns SCORE_COLUMNS. Columns returned: model, layer, layer_index, analysis, mean,
    low, high, floor, n; n is the number of scores. The variance of one score is taken as the larger of two
    estimates: that over samples and trials, which sees the choice of data and splits, and the mean bootstrap
    variance (interval width / 3.92, squared), which sees the utterances of the test part. Training sets of
    different trials overlap, so scores are not independent: as Nadeau and Bengio (2003) propose, the variance
    of the mean of n is (1/n + n_test / n_train) times that of one, not 1/n. low and high are mean -+ 1.96
    standard errors; NaN for a single score without a bootstrap interval.
    """
    records = []
    keys = ["model", "layer", "layer_index", "analysis"]
    for key, rows in scores.groupby(keys, sort=False):
        widths = (rows["high"] - rows["low"]).to_numpy(np.float64) / (2 * _NORMAL_95)
        spread = rows["score"].var(ddof=1)
        variances = [value for value in (np.mean(widths**2), spread) if np.isfinite(value)]
        overlap = float((rows["n_test"] / rows["n_train"]).mean())
        error = np.sqrt(max(variances) * (1 / len(rows) + overlap)) if variances else np.nan
        mean = float(rows["score"].mean())
        record = dict(zip(keys, key, strict=True))
        records.append(
            record
            | {
                "mean": mean,
                "low": mean - _NORMAL_95 * error,
                "high": mean + _NORMAL_95 * error,
                "floor": rows["floor"].mean(),
                "n": len(rows),
            }
        )
    table = pd.DataFrame.from_records(records, columns=[*keys, "mean", "low", "high", "floor", "n"])
    return table.sort_values(["analysis", "model", "layer_index"], ignore_index=True)
