"""Curves over layers in the tables: which layers count, where a curve peaks and where it ends."""

import numpy as np
import pandas as pd

from layerwise.layers import is_normed, layer_index, on_curve
from layerwise.report.facts import AnalysisFacts, RunFacts

Signed = dict[str, float]  # score by layer


def block_layers(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``T0``, block outputs and ``TL+ln`` (not conv layers, ``T0-pos``, ``all``)."""
    known = [layer for layer in table["layer"].unique() if on_curve(str(layer))]
    return table[table["layer"].isin(known)]


def curve_of(summary: pd.DataFrame, model: str, analysis: str) -> pd.DataFrame:
    """Block layers of one model's curve in `RunTables.layer_summary`, indexed by layer, upwards."""
    curve = summary[(summary["model"] == model) & (summary["analysis"] == analysis)]
    return block_layers(curve).sort_values("layer_index").set_index("layer")


def ranking_curves(curves: pd.DataFrame, facts: RunFacts) -> dict[str, dict[str, Signed]]:
    """Return for each model the curves of analyses and measures, by name, in the order of names.

    ``curves`` are those of `headlines`. Scores are those of block layers, upwards, by layer, and signed: more
    is better.
    """
    made: dict[str, dict[str, Signed]] = {}
    for (model, name), rows in block_layers(curves).groupby(["model", "analysis"], sort=True):
        curve = rows.sort_values("layer_index")
        scores = facts.compared(str(name)).sign * curve["score"].to_numpy(dtype=np.float64)
        found = dict(zip(map(str, curve["layer"]), map(float, scores), strict=True))
        made.setdefault(str(model), {})[str(name)] = found
    return made


def mean_weights(weights: pd.DataFrame) -> dict[tuple[str, str], Signed]:
    """Return the mean weight of each layer in the learned sum, upwards, by model and task.

    ``weights`` is `RunTables.weights`.
    """
    made: dict[tuple[str, str], Signed] = {}
    means = weights.groupby(["model", "task", "layer_index", "layer"], sort=True)["weight"].mean()
    for row, mean in zip(means.reset_index().itertuples(), means.to_numpy(np.float64), strict=True):
        made.setdefault((str(row.model), str(row.task)), {})[str(row.layer)] = float(mean)
    return made


def turn(analysis: AnalysisFacts) -> int:
    """1 where the highest layer of a curve is sought, -1 where the lowest is.

    The lowest is sought where lower is better, and where each model is its own reference: it says how far the
    model moves away.
    """
    return -1 if analysis.own_reference else analysis.sign


def peak_of(peaks: pd.DataFrame, model: str, analysis: str) -> pd.Series | None:
    """Return the row of `RunTables.peaks` of a curve, or None without block layers."""
    rows = peaks[(peaks["model"] == model) & (peaks["analysis"] == analysis)]
    return None if rows.empty else rows.iloc[0]


def last_block(curve: pd.DataFrame) -> str:
    """Return the last block output of a curve (`curve_of`), not the layer-normed copy of it."""
    return str([layer for layer in curve.index if not is_normed(str(layer))][-1])


def headlines(summary: pd.DataFrame, measures: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Return one curve of each analysis and measure: model, analysis, layer, layer_index, score, low, high.

    A measure stands there by its name with the values of its headline variant (`RunFacts.compared`).
    ``summary`` is `RunTables.layer_summary`, ``measures`` `RunTables.measures`.
    """
    kept = ["model", "analysis", "layer", "layer_index", "score", "low", "high"]
    chosen = [facts.measure(str(name)).headline for name in measures["measure"]]
    mine = measures[measures["variant"] == pd.Series(chosen, index=measures.index, dtype=str)]
    mine = mine.rename(columns={"measure": "analysis", "value": "score"}).assign(
        layer_index=[layer_index(str(layer)) for layer in mine["layer"]]
    )
    parts = [part[kept] for part in (summary, mine) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else summary[kept]
