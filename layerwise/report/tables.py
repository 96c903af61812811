"""Scores and task results of all models as the tables of a run."""

import numpy as np
import pandas as pd

from layerwise.contracts.run_tables import columns
from layerwise.errors import ReportError
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import RunFacts


def downstream_summary(runs: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Average each layer's metric over seeds.

    ``low`` and ``high`` are the means of the seeds' 95% bootstrap limits over utterances, so they leave out
    the variation between seeds.
    """
    part = runs[runs["split"] == split]
    groups = part.groupby(["model", "task", "metric", "layer_index", "layer"], sort=True)
    summary = groups[["value", "low", "high"]].mean().reset_index()
    return summary[columns("downstream_summary")]


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
    return pd.DataFrame(rows, columns=columns("single_weighted"))
