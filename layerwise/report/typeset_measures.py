"""Tables for readers on measures (`layerwise.report.typeset`)."""

import math

import numpy as np
import pandas as pd

from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import DASH, Table, number, with_limits


def ranks_table(tables: RunTables, facts: RunFacts) -> Table:
    """One row per pair of a headline with an analysis or another headline, one column per trained model."""
    table = tables.measure_agreement
    main = {measure.name: measure.headline for measure in facts.measures}
    chosen = [
        (main.get(str(row.second)) == row.second_variant)
        and (main.get(str(row.first), "") == row.first_variant)
        for row in table.itertuples()
    ]
    mine = table[pd.Series(chosen, index=table.index, dtype=bool)]
    models = [model for model in facts.in_order(mine["model"]) if model.kind == "trained"]
    rows = []
    for first, second in dict.fromkeys(zip(mine["first"], mine["second"], strict=True)):
        found = {str(row["model"]): row for _, row in of(mine, first=first, second=second).iterrows()}
        cells = [with_limits(found[m.name], "spearman") if m.name in found else DASH for m in models]
        rows.append((_short(facts, str(first)), _short(facts, str(second)), *cells))
    caption = (
        "Do the yardsticks rank layers alike? Spearman's rank correlation over block layers, signed so that "
        "1 is perfect agreement, with 95% interval (scores of analyses resampled over their units, values "
        "of measures drawn from their intervals, layer by layer); measures by their headline variant. All "
        "pairs: tables/measure_agreement.csv."
    )
    return Table(caption, ("First", "Second", *(model.label for model in models)), tuple(rows))


def side_by_side_tables(tables: RunTables, facts: RunFacts) -> list[Table]:
    """One table per trained model: a row per layer, a column per analysis and headline; * the best."""
    made = []
    for model in facts.of_kind("trained"):
        mine = of(tables.side_by_side, model=model.name)
        sides = [(a.name, a.short, 1, 0 if a.own_reference else a.sign) for a in facts.analyses]
        sides += [
            (f"{m.name}:{m.headline}", m.main.quantity, m.main.factor, m.main.sign) for m in facts.measures
        ]
        sides = [side for side in sides if side[0] in mine and mine[side[0]].notna().any()]
        if mine.empty or not sides:
            continue
        best = {
            name: int(np.nanargmax(sign * mine[name].to_numpy(dtype=float)))
            for name, _, _, sign in sides
            if sign
        }
        rows = []
        for place, (_, row) in enumerate(mine.iterrows()):
            cells = (
                f"{_cell(float(row[name]), factor)}{'*' * (best.get(name) == place)}"
                for name, _, factor, _ in sides
            )
            rows.append((str(row["layer"]), *cells))
        caption = (
            f"{model.label}: all yardsticks side by side, *: the best layer by each. All variants and "
            "models: tables/side_by_side.csv."
        )
        made.append(Table(caption, ("Layer", *(title for _, title, _, _ in sides)), tuple(rows)))
    return made


def _cell(value: float, factor: int) -> str:
    if math.isnan(value):
        return DASH
    return number(factor * value, 1 if factor == 100 else 3)


def _short(facts: RunFacts, name: str) -> str:
    return facts.compared(name).short


def published_table(tables: RunTables, facts: RunFacts) -> Table:
    """One row per published value that the run has as well: ours, theirs and the difference."""
    rows = []
    for _, row in tables.published.iterrows():
        variant = facts.measure(str(row["measure"])).variant(str(row["variant"]))
        ours, theirs, gap = (
            number(variant.factor * float(row[name]), 2 if variant.factor == 100 else 3)
            for name in ("value", "published", "difference")
        )
        cells = (
            facts.model(str(row["model"])).label,
            str(row["layer"]),
            f"{row['measure']}, {variant.title}",
        )
        rows.append((*cells, str(row["corpus"]), ours, theirs, gap, str(row["within"]), str(row["source"])))
    caption = (
        "Our values beside published ones, wherever model, corpus, layer and variant are the same, in the "
        "unit of the measure. Within: the difference is at most the tolerance of tables/published.csv."
    )
    header = ("Model", "Layer", "Measure", "Corpus", "Ours", "Published", "Difference", "Within", "Source")
    return Table(caption, header, tuple(rows))
