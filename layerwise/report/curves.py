"""Curves over layers in the tables: which layers count, where a curve peaks and where it ends."""

import numpy as np
import pandas as pd

from layerwise.layers import is_block, is_normed
from layerwise.report.facts import AnalysisFacts


def block_layers(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``T0``, block outputs and ``TL+ln`` (not conv layers, not ``all``)."""
    return table[np.array([is_block(str(layer)) for layer in table["layer"]], dtype=bool)]


def curve_of(summary: pd.DataFrame, model: str, analysis: str) -> pd.DataFrame:
    """Block layers of one model's curve in `RunTables.layer_summary`, indexed by layer, upwards."""
    curve = summary[(summary["model"] == model) & (summary["analysis"] == analysis)]
    return block_layers(curve).sort_values("layer_index").set_index("layer")


def peak_layer(summary: pd.DataFrame, model: str, analysis: AnalysisFacts) -> str | None:
    """Return the block layer with the best mean score (ties: the lower), or None without scores."""
    curve = curve_of(summary, model, analysis.name)
    best = analysis.sign * curve["mean"].to_numpy(dtype=float)
    return None if curve.empty else str(curve.index[int(best.argmax())])


def last_block(curve: pd.DataFrame) -> str:
    """Return the last block output of a curve (`curve_of`), not the layer-normed copy of it."""
    return str([layer for layer in curve.index if not is_normed(str(layer))][-1])
