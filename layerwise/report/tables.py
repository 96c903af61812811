"""Scores and task results of all models as the tables of a run."""

import pandas as pd

from layerwise.contracts.run_tables import columns


def downstream_summary(runs: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Average each layer's metric over seeds.

    ``low`` and ``high`` are the means of the seeds' 95% bootstrap limits over utterances, so they leave out
    the variation between seeds.
    """
    part = runs[runs["split"] == split]
    groups = part.groupby(["model", "task", "metric", "layer_index", "layer"], sort=True)
    summary = groups[["value", "low", "high"]].mean().reset_index()
    return summary[columns("downstream_summary")]
