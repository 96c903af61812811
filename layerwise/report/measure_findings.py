"""Sentences on measures: where each is best, and whether it ranks layers as CCA does."""

import math

import numpy as np
import pandas as pd

from layerwise.report.curves import block_layers
from layerwise.report.facts import MeasureFacts, ModelFacts, RunFacts, VariantFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import interval, number, with_limits
from layerwise.report.words import count, listed

COUNTERPARTS = {"phone": "cca-phone", "word": "cca-word"}


def measure_findings(tables: RunTables, facts: RunFacts) -> list[str]:
    """One sentence on the best layers by each measure, and one on its agreement with CCA of the same unit."""
    sentences = []
    for measure in facts.measures:
        mine = of(tables.measures, measure=measure.name, variant=measure.headline)
        models = [model for model in facts.in_order(mine["model"]) if model.kind == "trained"]
        clauses = [_best(of(mine, model=model.name), measure.main, model, facts, mine) for model in models]
        if clauses := [clause for clause in clauses if clause]:
            sentences.append(f"{measure.title}, {measure.main.title}: {'; '.join(clauses)}.")
        sentences += _agreement(tables, facts, measure)
    for reason, rows in tables.measure_omissions.groupby(["measure", "reason"], sort=True):
        sentences.append(
            f"{facts.measure(str(reason[0])).title} cannot be run for "
            f"{listed([facts.model(str(name)).label for name in rows['model']])}: {reason[1]}."
        )
    return sentences


def shown(row: pd.Series, variant: VariantFacts) -> str:
    """A value with its interval in the unit of its axis."""
    values = [variant.factor * float(row[name]) for name in ("value", "low", "high")]
    return interval(values[0], values[1], values[2], 1 if variant.factor == 100 else 2)


def _best(
    curve: pd.DataFrame, variant: VariantFacts, model: ModelFacts, facts: RunFacts, everyone: pd.DataFrame
) -> str:
    row = best_row(curve, variant)
    if row is None:
        return ""
    said = f"{model.label} is best at {row['layer']}, {shown(row, variant)}"
    twin = facts.twin(model.name)
    control = best_row(of(everyone, model=twin.name), variant) if twin else None
    if control is not None:
        said += f" (its random twin at {control['layer']}, {shown(control, variant)})"
    return said


def best_row(curve: pd.DataFrame, variant: VariantFacts) -> pd.Series | None:
    """The block layer that is best by a variant; None without block layers."""
    blocks = block_layers(curve)
    if blocks.empty:
        return None
    return blocks.iloc[int(np.argmax(variant.sign * blocks["value"].to_numpy(dtype=float)))]


def _agreement(tables: RunTables, facts: RunFacts, measure: MeasureFacts) -> list[str]:
    """Say for which trained models a measure orders layers as CCA of the same unit does."""
    other = COUNTERPARTS.get(measure.unit, "")
    rows = of(
        tables.measure_agreement,
        **{"first": other, "second": measure.name, "second_variant": measure.headline},
    )
    models = {model.name: model for model in facts.of_kind("trained")}
    by_word: dict[str, list[str]] = {}
    for _, row in rows[rows["model"].isin(models)].iterrows():
        said = f"{models[str(row['model'])].label} ({with_limits(row, 'spearman')})"
        by_word.setdefault(_word(row), []).append(said)
    if not by_word:
        return []
    order = [word for word in (ALIKE, OPPOSED, UNCLEAR, UNKNOWN) if word in by_word]
    clauses = [f"{word} for {listed(by_word[word])}" for word in order]
    total = sum(map(len, by_word.values()))
    return [
        f"Against {facts.analysis(other).short}, {measure.title} orders the block layers of "
        f"{count(total, 'trained model')} as follows (Spearman): {'; '.join(clauses)}."
    ]


ALIKE = "alike"
OPPOSED = "the other way round"
UNCLEAR = "with no agreement that can be told from none"
UNKNOWN = "without an interval"


def _word(row: pd.Series) -> str:
    low, high = float(row["low"]), float(row["high"])
    if math.isnan(low):
        return UNKNOWN
    if low > 0:
        return ALIKE
    return OPPOSED if high < 0 else UNCLEAR


def published_findings(tables: RunTables) -> list[str]:
    """Count per variant and source how many values are within the tolerance, and name the largest gap."""
    sentences = []
    keys = ["measure", "variant", "corpus", "source"]
    for (measure, variant, corpus, source), rows in tables.published.groupby(keys, sort=True):
        worst = rows.iloc[int(np.argmax(np.abs(rows["difference"].to_numpy(dtype=float))))]
        near = int((rows["within"] == "yes").sum())
        sentences.append(
            f"{measure}, {variant}, on {corpus}, against {source}: {near} of {count(len(rows), 'value')} "
            f"within {number(100 * float(rows['tolerance'].iloc[0]), 1)} points; the largest difference is "
            f"{number(100 * float(worst['difference']), 2)} points, at {worst['layer']} of {worst['model']}."
        )
    return sentences
