"""Curves that are planted, with units of known errors, for tests of what is said of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layerwise.contracts.scores import NULLS, SCORES, UNITS
from layerwise.report.evidence import Evidence

REST = {
    **dict.fromkeys(["low", "high", "null"], np.nan),
    **dict.fromkeys(["epsilon_x", "epsilon_y"], 1e-4),
    **{"n_train": 800, "n_dev": 100, "n_test": 100, "n_excluded": 0, "dim_x": 192, "dim_y": 39},
}


def planted(
    curves: Mapping[str, Any],
    *,
    analysis: str = "cca-phone",
    units: int = 40,
    error: float = 0.004,
    draws: Any = (),
    seed: int = 0,
) -> Evidence:
    """Evidence of models: ``curves`` holds for each model one list of scores, T0 upwards, per sample set.

    ``error`` is the standard error of a layer that it does not share with others; a larger part, which all
    layers and models share, cancels in differences. ``units=0``: none, as for mutual information. ``draws``:
    scores with permuted targets, the same for all layers.
    """
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 5 * error, max(units, 1))
    scores, parts, nulls = [], [], []
    for model, sets in curves.items():
        own = rng.normal(0, error, (len(sets[0]), max(units, 1))) / max(units, 1) ** 0.5
        for sample, curve in enumerate(sets):
            for place, score in enumerate(curve):
                key = {"model": model, "layer": f"T{place}", "layer_index": float(place)}
                key |= {"analysis": analysis, "sample": sample}
                scores += [{**key, "trial": trial, "score": score, **REST} for trial in range(3)]
                errors = own[place] + shared / max(units, 1) ** 0.5
                errors -= errors.mean()
                parts += [
                    {**key, "unit": f"u{n:02d}", "rows": 9, "excluded": 0, "contribution": e, "influence": -e}
                    for n, e in enumerate(errors[:units])
                ]
                nulls += [
                    {**key, "permutation": n, "score": value, "search": "grid"}
                    for n, value in enumerate(draws)
                ]
    return Evidence(
        pd.DataFrame(scores)[list(SCORES.required)],
        pd.DataFrame(parts, columns=list(UNITS.required)),
        pd.DataFrame(nulls, columns=list(NULLS.required)),
    )
