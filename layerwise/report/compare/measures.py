"""Differences of measures between runs, layer by layer."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from layerwise.cca.paired import holm
from layerwise.layers import layer_index
from layerwise.report.compare.differences import (
    DIFFERENCE,
    NOT,
    SIDES,
    STANDARD,
    Mean,
    independent,
)
from layerwise.report.compare.runs import Series, Side
from layerwise.report.run_tables import of

MEASURES = ["measure", "variant", *SIDES, "layer", "value_a", "value_b", *DIFFERENCE]


def measure_differences(series: Sequence[Series]) -> pd.DataFrame:
    """Return the values of each layer that two runs measured, and their difference (b - a), by `MEASURES`.

    Tables hold no units of measures, so that no difference is paired: intervals are taken as independent.
    p_holm is corrected over the rows of a pair of runs, a measure and a variant.
    """
    rows = [
        row
        for entry in series
        for other in entry.sides[1:]
        for row in _of_pair(entry.name, entry.sides[0], other)
    ]
    table = pd.DataFrame(rows, columns=MEASURES)
    table["p_holm"] = table.groupby(["measure", "variant", "run_a", "run_b"])["p"].transform(holm)
    table = table.assign(place=[_place(str(layer)) for layer in table["layer"]])
    order = ["measure", "variant", "series", "place"]
    return table.sort_values(order, kind="stable", ignore_index=True)[MEASURES]


def _place(layer: str) -> float:
    return layer_index(layer) if layer.startswith("T") else int(layer[1:]) - 1000.0


def _of_pair(name: str, first: Side, other: Side) -> list[tuple[object, ...]]:
    left, right = (of(side.run.tables.measures, model=side.model) for side in (first, other))
    both = left.merge(right, on=["measure", "variant", "layer"], suffixes=("_a", "_b"))
    rows: list[tuple[object, ...]] = []
    for row in both.to_dict("records"):
        found = independent(_mean(row, "_a"), _mean(row, "_b"))
        head = (row["measure"], row["variant"], name, first.run.label, first.model, other.run.label)
        values = (other.model, row["layer"], row["value_a"], row["value_b"])
        rows.append((*head, *values, *found[:4], np.nan, found.n, 0, NOT, "no units of measures"))
    return rows


def _mean(row: Mapping[Hashable, Any], end: str) -> Mean:
    value, low, high = (float(row[f"{name}{end}"]) for name in ("value", "low", "high"))
    return Mean(value, ((high - low) / 2 / STANDARD) ** 2, int(row[f"n{end}"]))
