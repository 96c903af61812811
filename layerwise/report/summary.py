"""Scores, units, permutations and traits of all models, summarised layer by layer."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from layerwise.cca.summary import mean_score
from layerwise.contracts.run_tables import columns
from layerwise.report.evidence import Evidence
from layerwise.report.facts import RunFacts

KEYS = ["model", "layer", "layer_index", "analysis"]
TRAITS = ["control", "ceiling", "effective_rank"]
# A unit is flagged where its influence on a mean score is beyond LARGE, or is beyond NOTABLE and
# OUTLYING times the robust standard deviation (1.4826 times the median absolute deviation) over units.
LARGE, NOTABLE, OUTLYING = 0.05, 0.01, 5.0
ROBUST = 1.4826


def layer_summary(
    evidence: Evidence, traits: pd.DataFrame, peaks: pd.DataFrame, facts: RunFacts
) -> pd.DataFrame:
    """Return one row per model, layer and analysis: the mean over samples and trials and what it is worth.

    See `cca.summary.mean_score` and `contracts.run_tables`; ``peaks`` is that of `shapes.peaks`.
    """
    units, nulls = _by_layer(evidence.units), _by_layer(evidence.nulls)
    known = {key: rows[TRAITS].mean() for key, rows in _by_layer(traits).items()}
    ties = {(str(row.model), str(row.analysis)): str(row.tie).split(" ") for row in peaks.itertuples()}
    records = []
    for key, rows in evidence.scores.groupby(KEYS, sort=False):
        model, layer, _, analysis = key
        null = nulls.get(key)
        made = mean_score(
            *(rows, units.get(key), null), higher_is_better=facts.analysis(str(analysis)).higher_is_better
        )
        own = dict(known.get(key, dict.fromkeys(TRAITS, np.nan)))
        records.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                **made._asdict(),
                **own,
                "n_rows": int(rows["n_test"].sum()),
                "excluded": int(rows["n_excluded"].sum()),
                "tie": "yes" if layer in ties.get((str(model), str(analysis)), ()) else "no",
                "selectivity": made.score - own["control"],
                "permutations": 0 if null is None else len(null),
                "search": "" if null is None else max(null["search"], key=["grid", "chosen"].index),
            }
        )
    table = pd.DataFrame.from_records(records, columns=columns("layer_summary"))
    return table.sort_values(["analysis", "model", "layer_index"], ignore_index=True)


def _by_layer(table: pd.DataFrame) -> dict[Hashable, pd.DataFrame]:
    return dict(iter(table.groupby(KEYS, sort=False)))


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
