"""Scores and task results of all models as the tables of a run."""

import numpy as np
import pandas as pd

from layerwise.errors import ReportError
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import RunFacts
from layerwise.report.names import TABLE_COLUMNS

_NORMAL_95 = 1.959963984540054


def layer_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, layer and analysis: the mean over samples and trials, with a 95 % interval.

    ``scores`` is `raw.read_scores`; n is the number of scores. The variance of one score is taken as the
    larger of two estimates: that over samples and trials, which sees the choice of data and splits, and the
    mean bootstrap variance (interval width / 3.92, squared), which sees the utterances of the test part.
    Training sets of different trials overlap, so scores are not independent: as Nadeau and Bengio (2003)
    propose, the variance of the mean of n is (1/n + n_test / n_train) times that of one, not 1/n. low and
    high are mean -+ 1.96 standard errors; NaN for a single score without a bootstrap interval.
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
    table = pd.DataFrame.from_records(records, columns=list(TABLE_COLUMNS["layer_summary"]))
    return table.sort_values(["analysis", "model", "layer_index"], ignore_index=True)


def downstream_summary(runs: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Average each layer's metric over seeds.

    ``low`` and ``high`` are the means of the seeds' 95% bootstrap limits over utterances, so they leave out
    the variation between seeds.
    """
    part = runs[runs["split"] == split]
    groups = part.groupby(["model", "task", "metric", "layer_index", "layer"], sort=True)
    summary = groups[["value", "low", "high"]].mean().reset_index()
    return summary[list(TABLE_COLUMNS["downstream_summary"])]


def single_and_weighted(runs: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Compare the best single layer, chosen on dev, with the weighted sum of all layers, both on test.

    Models with one layer, or without a weighted sum, have nothing to compare and no row. Raises
    `ReportError` where layers were not scored on dev.
    """
    rows = []
    test = downstream_summary(runs)
    dev = downstream_summary(runs, "dev")
    for names, group in test.groupby(["model", "task", "metric"], sort=True):
        model, task, metric = map(str, names)
        single = group[group["layer"] != WEIGHTED_SUM]
        whole = group[group["layer"] == WEIGHTED_SUM]
        if len(single) < 2 or whole.empty:
            continue
        tuning = dev[(dev["model"] == model) & (dev["task"] == task)]
        tuning = tuning[tuning["layer"].isin(single["layer"])]
        if len(tuning) < len(single):
            raise ReportError(
                f"downstream/{model}/{task}.csv: {metric} lacks dev rows for some layers; "
                "the best layer is chosen on dev"
            )
        values = facts.task(task).metric.sign * tuning["value"].to_numpy(dtype=float)
        best = tuning["layer"].iloc[int(np.argmax(values))]
        row = single[single["layer"] == best].iloc[0]
        numbers = [*row[["value", "low", "high"]], *whole.iloc[0][["value", "low", "high"]]]
        rows.append((model, task, metric, best, *numbers))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS["single_weighted"]))
