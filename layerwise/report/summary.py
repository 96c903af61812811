"""Scores, units, permutations and traits of all models, summarised layer by layer."""

from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.summary import TRIAL_NUMBERS, mean_known, mean_of
from layerwise.contracts.run_tables import columns
from layerwise.contracts.scores import SEARCHES
from layerwise.report.evidence import Evidence
from layerwise.report.facts import RunFacts

KEYS = ["model", "layer", "layer_index", "analysis"]
TRAITS = ["control", "ceiling", "effective_rank"]
# A unit is flagged where its influence on a mean score is beyond LARGE, or is beyond NOTABLE and
# OUTLYING times the robust standard deviation (1.4826 times the median absolute deviation) over units.
LARGE, NOTABLE, OUTLYING = 0.05, 0.01, 5.0
ROBUST = 1.4826
NONE = np.empty(0, dtype=np.intp)

Layer = tuple[str, str, float, str]  # model, layer, its place and analysis


def layer_summary(
    evidence: Evidence, traits: pd.DataFrame, peaks: pd.DataFrame, facts: RunFacts
) -> pd.DataFrame:
    """Return one row per model, layer and analysis: the mean over samples and trials and what it is worth.

    See `cca.summary.mean_score` and `contracts.run_tables`; ``peaks`` is that of `shapes.peaks`.
    """
    scores, nulls = evidence.scores, evidence.nulls
    numbers = {name: scores[name].to_numpy(np.float64) for name in TRIAL_NUMBERS}
    sizes = {name: scores[name].to_numpy() for name in ("n_test", "n_excluded")}
    errors, draws = _errors(evidence.units), nulls["score"].to_numpy(np.float64)
    searches = nulls["search"].map(SEARCHES.index).to_numpy()
    known = {name: traits[name].to_numpy(np.float64) for name in TRAITS}
    drawn, traced = _by_layer(nulls), _by_layer(traits)
    ties = {(str(row.model), str(row.analysis)): str(row.tie).split(" ") for row in peaks.itertuples()}
    records = []
    for key, rows in _by_layer(scores).items():
        model, layer, _, analysis = key
        null = drawn.get(key, NONE)
        made = mean_of(
            {name: values[rows] for name, values in numbers.items()},
            errors.get(key, np.empty(0)),
            draws[null],
            higher_is_better=facts.analysis(analysis).higher_is_better,
        )
        own = {name: mean_known(values[traced.get(key, NONE)]) for name, values in known.items()}
        records.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                **made._asdict(),
                **own,
                "n_rows": int(sizes["n_test"][rows].sum()),
                "excluded": int(sizes["n_excluded"][rows].sum()),
                "tie": "yes" if layer in ties.get((model, analysis), ()) else "no",
                "selectivity": made.score - own["control"],
                "permutations": len(null),
                "search": SEARCHES[searches[null].max()] if len(null) else "",
            }
        )
    table = pd.DataFrame.from_records(records, columns=columns("layer_summary"))
    return table.sort_values(["analysis", "model", "layer_index"], ignore_index=True)


def _by_layer(table: pd.DataFrame) -> dict[Layer, NDArray[np.intp]]:
    """Places of the rows of each layer in a table with the columns ``KEYS``."""
    return cast("dict[Layer, NDArray[np.intp]]", table.groupby(KEYS, sort=False).indices)


def _errors(units: pd.DataFrame) -> dict[Layer, NDArray[np.float64]]:
    """What each unit contributes to the error of the mean score of a layer (`cca.paired.unit_errors`)."""
    sums = units.groupby([*KEYS, "unit"], sort=True)["contribution"].sum().reset_index()
    sets = units.groupby(KEYS)["sample"].nunique()
    values = sums["contribution"].to_numpy(np.float64)
    return {key: values[rows] / sets[key] for key, rows in _by_layer(sums).items()}


def influential(evidence: Evidence) -> pd.DataFrame:
    """Return the units whose influence on the mean score of a layer is out of the ordinary.

    The influence is the mean over sample sets, 0 where the unit is absent. Flagged: beyond 0.05; or beyond
    0.01 and more than 5 robust standard deviations from the median of all units. The largest come first.
    """
    if evidence.units.empty:
        return pd.DataFrame(columns=columns("influential"))
    layer = ["model", "layer", "analysis"]
    sets = evidence.units.groupby(layer)["sample"].transform("nunique")
    parts = evidence.units.assign(influence=evidence.units["influence"] / sets)
    found = parts.groupby([*layer, "unit"])[["rows", "influence"]].sum().reset_index()
    by_layer = found.groupby(layer)["influence"]
    away = (found["influence"] - by_layer.transform("median")).abs()
    robust = ROBUST * away.groupby([found[name] for name in layer]).transform("median")
    size = found["influence"].abs()
    flagged = found[(size > LARGE) | ((size > NOTABLE) & (away > OUTLYING * robust))]
    means = evidence.scores.groupby(layer)["score"].mean().rename("score").reset_index()
    joined = flagged.merge(means, on=layer).assign(size=lambda table: table["influence"].abs())
    order = joined.sort_values(["size", *layer, "unit"], ascending=[False, *[True] * 4], ignore_index=True)
    return order[columns("influential")]


def learning(sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over sample sets of the scores with fewer training parts."""
    groups = sizes.groupby([*KEYS, "parts"], sort=True)[["n_train", "score"]].mean().reset_index()
    order = groups.sort_values(["analysis", "model", "layer_index", "parts"], ignore_index=True)
    return order[columns("learning")]
