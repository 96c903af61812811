"""Numbers and tables for readers: the same content for the PDF, the HTML page and LaTeX."""

import math
from dataclasses import dataclass

import pandas as pd

from layerwise.report.curves import curve_of, last_block, peak_layer
from layerwise.report.facts import AnalysisFacts, RunFacts
from layerwise.report.run_tables import RunTables, of

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@dataclass(frozen=True)
class Table:
    """A table of plain strings; the first column is left-aligned, the others are centred."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float, digits: int = 2) -> str:
    """Format a number with a true minus sign; ``-0.00`` loses its sign."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def interval(value: float, low: float, high: float, digits: int = 2) -> str:
    """Format a value with its interval, ``0.43 [0.41, 0.45]``; infinite limits mean one trial only.

    Without limits (no bootstrap) it is the value alone.
    """
    if math.isnan(low) or math.isnan(high):
        return number(value, digits)
    if math.isinf(low) or math.isinf(high):
        return f"{number(value, digits)} [one trial]"
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def point(curve: pd.DataFrame, layer: str) -> str:
    """Format one layer of a curve with its interval."""
    low, high = float(curve["low"][layer]), float(curve["high"][layer])
    return interval(float(curve["score"][layer]), low, high)


def analysis_table(tables: RunTables, facts: RunFacts, name: str) -> Table:
    """One row per model: the peak of its curve and how far it lies above its controls."""
    analysis = facts.analysis(name)
    if analysis.own_reference:
        return _own_reference_table(tables, facts, analysis)
    summary = tables.layer_summary
    rows = []
    for model in facts.in_order(summary.loc[summary["analysis"] == name, "model"]):
        curve = curve_of(summary, model.name, name)
        peak = peak_layer(summary, model.name, analysis)
        if peak is None:
            continue
        cells = [model.label, peak, point(curve, peak), point(curve, last_block(curve))]
        cells += [number(float(curve["floor"][peak]))]
        mine = of(tables.control_contrasts, model=model.name, analysis=name)
        for kind in ("random", "baseline"):
            names = {control.name for control in facts.models if control.kind == kind}
            found = mine[mine["control"].isin(names)]
            cells.append("; ".join(_limits(row) for _, row in found.iterrows()) or DASH)
        rows.append(tuple(cells))
    best = "highest" if analysis.higher_is_better else "lowest"
    caption = (
        f"{analysis.title}: block layer with the {best} score, its score and that of the last block with 95% "
        "intervals, permutation floor, and paired difference from the best layer of the random twin and "
        "from the baseline."
    )
    header = ("Model", "Peak", "Score at peak", "Last block", "Floor", f"{MINUS} twin", f"{MINUS} baseline")
    return Table(caption, header, tuple(rows))


def _limits(row: pd.Series) -> str:
    return interval(float(row["difference"]), float(row["low"]), float(row["high"]))


def _own_reference_table(tables: RunTables, facts: RunFacts, analysis: AnalysisFacts) -> Table:
    summary = tables.layer_summary
    rows = []
    for model in facts.in_order(summary.loc[summary["analysis"] == analysis.name, "model"]):
        curve = curve_of(summary, model.name, analysis.name)
        if len(curve) < 2:
            continue
        lowest, last = str(curve["score"].astype(float).idxmin()), last_block(curve)
        rise = last_block_rise(tables, analysis.name, model.name, lowest)
        rows.append((model.label, lowest, point(curve, lowest), point(curve, last), interval(*rise)))
    caption = (
        f"{analysis.title}: block layer with the lowest score, its score and that of the last "
        "block with 95% intervals, and the paired difference between the two."
    )
    return Table(
        caption, ("Model", "Lowest", "Score there", "Last block", "Last \N{MINUS SIGN} lowest"), tuple(rows)
    )


def last_block_rise(tables: RunTables, analysis: str, model: str, layer: str) -> tuple[float, float, float]:
    """Score of the last block minus that of a layer: difference and limits (`last_block_contrasts`)."""
    row = of(tables.last_block_contrasts, analysis=analysis, model=model, layer=layer).iloc[0]
    return float(row["difference"]), float(row["low"]), float(row["high"])


def task_table(tables: RunTables, facts: RunFacts, name: str) -> Table:
    """One row per model: best single layer (chosen on dev) and weighted sum, both on test."""
    task = facts.task(name)
    rows = []
    part = of(tables.downstream_summary, task=name)
    for model in facts.in_order(part["model"]):
        mine = of(tables.single_weighted, model=model.name, task=name)
        if mine.empty:
            only = of(part, model=model.name).iloc[0]
            cells = [str(only["layer"]), interval(*only[["value", "low", "high"]]), DASH]
        else:
            row = mine.iloc[0]
            cells = [row["best_layer"], interval(*row[["value", "low", "high"]])]
            cells += [interval(*row[["all_value", "all_low", "all_high"]])]
        rows.append((model.label, *cells))
    caption = (
        f"{task.title}: test {task.metric.title} with 95% interval of the best single layer, chosen on the "
        "development set, and of the learned weighted sum of all layers."
    )
    return Table(caption, ("Model", "Layer", "Single layer", "Weighted sum"), tuple(rows))


def agreement_table(tables: RunTables, facts: RunFacts) -> Table:
    """One row per model, task and analysis: rank correlations, chosen layer and its regret."""
    rows = []
    order = {model.name: place for place, model in enumerate(facts.models)}
    table = tables.agreement.assign(place=tables.agreement["model"].map(order))
    for _, row in table.sort_values(["task", "place", "analysis"]).iterrows():
        cells = [facts.model(row["model"]).label, facts.task(row["task"]).title, row["analysis"]]
        cells += [number(row["spearman"]), number(row["kendall"]), str(row["n_layers"])]
        cells += [row["best_task_layer"], row["chosen_layer"], number(row["regret"], 3)]
        rows.append(tuple(cells))
    caption = (
        "Agreement of layer analyses with tasks: Spearman's and Kendall's rank correlation over the layers "
        "both have (positive: agreement), the layer with the best test metric, the layer that the analysis "
        "would choose, and its regret (metric lost by that choice)."
    )
    header = ("Model", "Task", "Analysis", "Spearman", "Kendall", "Layers", "Best", "Chosen", "Regret")
    return Table(caption, header, tuple(rows))
