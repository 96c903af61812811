"""Tables for readers on downstream tasks (`layerwise.report.typeset`)."""

import pandas as pd

from layerwise.layers import layer_index
from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import DASH, MINUS, Table, number, p_value, tie_span, with_limits
from layerwise.report.words import STRATEGIES

BETTER = {"single": "single layer", "all": "learned sum", "tie": "neither"}


def task_table(tables: RunTables, facts: RunFacts, name: str) -> Table:
    """One row per model: single layer (best on dev) and learned sum on test, and their paired difference."""
    metric, rows = facts.task(name).metric, []
    part = of(tables.downstream_summary, task=name, metric=metric.name)
    for model in facts.in_order(part["model"]):
        here = {"model": model.name, "task": name, "metric": metric.name}
        compared, peak = of(tables.single_weighted, **here), of(tables.task_peaks, **here)
        order = of(part, model=model.name).sort_values("layer", key=lambda names: names.map(layer_index))
        if compared.empty or peak.empty:
            only = order.iloc[0]
            value = with_limits(only, "value", 3)
            rows.append((model.label, str(only["layer"]), DASH, value, *[DASH] * 4))
            continue
        row = compared.iloc[0]
        ties = tie_span(order.set_index("layer"), str(peak["tie"].iloc[0]))
        cells = [str(row["layer"]), ties, number(row["single"], 3), number(row["all"], 3)]
        cells += [with_limits(row, digits=3), p_value(float(row["p_holm"]))]
        rows.append((model.label, *cells, BETTER[str(row["verdict"])]))
    caption = (
        f"{facts.task(name).title}: the single layer that is best on the development set, the layers that "
        f"the best one on test does not beat (tie set; paired, Holm over layers, 5%), test {metric.title} of "
        "the single layer and of the learned sum of all layers, their paired difference over test utterances "
        "and trainings with 95% interval, p (Holm over models), and which is better. A model with one layer: "
        "its metric."
    )
    header = ("Model", "Layer", "Tie set", "Single", "Sum", f"Single {MINUS} sum", "p", "Better")
    return Table(caption, header, tuple(rows))


def strategy_title(facts: RunFacts, strategy: str) -> str:
    """Name of a strategy for readers."""
    return STRATEGIES.get(strategy) or f"peak of {facts.compared(strategy).name}"


def strategies_in_order(table: pd.DataFrame) -> list[str]:
    """Strategies of a table: peaks of analyses, then the others."""
    there = set(map(str, table["strategy"]))
    return sorted(there - STRATEGIES.keys()) + [name for name in STRATEGIES if name in there]


def head_table(tables: RunTables, facts: RunFacts) -> Table:
    """One row per model and pair of heads: rank correlations over layers."""
    rows = [
        (
            facts.model(str(row["model"])).label,
            facts.task(str(row["task_a"])).title,
            facts.task(str(row["task_b"])).title,
            with_limits(row, "spearman"),
            number(row["kendall"]),
            str(row["n_layers"]),
        )
        for _, row in tables.head_agreement.iterrows()
    ]
    caption = (
        "Two heads on the same task: rank correlation of their metrics over block layers, with 95% interval "
        "over test utterances and trainings."
    )
    return Table(
        caption, ("Model", "Task", "With another head", "Spearman", "Kendall", "Layers"), tuple(rows)
    )
