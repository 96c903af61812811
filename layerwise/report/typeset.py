"""Tables for readers: the same content for the PDF, the HTML page and LaTeX."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from layerwise.layers import is_normed
from layerwise.report.contrasts import layer_contrast, peak_layer
from layerwise.report.facts import (
    METRIC_TITLES,
    ModelFacts,
    RunFacts,
    analysis_title,
    block_layers,
    own_reference,
    task_title,
)

if TYPE_CHECKING:
    from layerwise.report.results import Results

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    MINUS: "$-$",
    DASH: "--",
}


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


def to_latex(table: Table, label: str) -> str:
    """Typeset a table for a paper; needs the ``booktabs`` package."""
    columns = "l" + "c" * (len(table.header) - 1)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(table.caption)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(latex, table.header)) + r" \\",
        r"\midrule",
        *(" & ".join(map(latex, row)) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex(text: str) -> str:
    """Escape plain text for LaTeX."""
    return "".join(LATEX.get(character, character) for character in text)


def in_order(facts: RunFacts, names: Iterable[str]) -> list[ModelFacts]:
    """Models among ``names`` in config order."""
    wanted = set(names)
    return [model for model in facts.models if model.name in wanted]


def curve_of(summary: pd.DataFrame, model: str, analysis: str) -> pd.DataFrame:
    """Block layers of one model's curve, indexed by layer, from the input upwards."""
    curve = summary[(summary["model"] == model) & (summary["analysis"] == analysis)]
    return block_layers(curve).sort_values("layer_index").set_index("layer")


def point(curve: pd.DataFrame, layer: str) -> str:
    """Format one layer of a curve with its interval."""
    low, high = float(curve["low"][layer]), float(curve["high"][layer])
    return interval(float(curve["mean"][layer]), low, high)


def analysis_table(results: "Results", facts: RunFacts, analysis: str) -> Table:
    """One row per model: the peak of its curve and how far it lies above its controls."""
    if own_reference(analysis):
        return _intra_table(results, facts, analysis)
    title = analysis_title(analysis)
    rows = []
    for model in in_order(facts, results.summary.loc[results.summary["analysis"] == analysis, "model"]):
        curve = curve_of(results.summary, model.name, analysis)
        peak = peak_layer(results.summary, model.name, analysis)
        if peak is None:
            continue
        cells = [model.label, peak, point(curve, peak), point(curve, _last(curve))]
        cells += [number(float(curve["floor"][peak]))]
        mine = results.controls[
            (results.controls["model"] == model.name) & (results.controls["analysis"] == analysis)
        ]
        for kind in ("random", "baseline"):
            names = {control.name for control in facts.models if control.kind == kind}
            found = mine[mine["control"].isin(names)]
            cells.append("; ".join(_limits(row) for _, row in found.iterrows()) or DASH)
        rows.append(tuple(cells))
    caption = (
        f"{title}: block layer with the highest score, its score and that of the last block with 95% "
        "intervals, permutation floor, and paired difference from the best layer of the random twin and "
        "from the baseline."
    )
    header = ("Model", "Peak", "Score at peak", "Last block", "Floor", f"{MINUS} twin", f"{MINUS} baseline")
    return Table(caption, header, tuple(rows))


def _limits(row: pd.Series) -> str:
    return interval(float(row["difference"]), float(row["low"]), float(row["high"]))


def _last(curve: pd.DataFrame) -> str:
    """Last block output, not the layer-normed copy of it."""
    return str([layer for layer in curve.index if not is_normed(layer)][-1])


def _intra_table(results: "Results", facts: RunFacts, analysis: str) -> Table:
    rows = []
    for model in in_order(facts, results.summary.loc[results.summary["analysis"] == analysis, "model"]):
        curve = curve_of(results.summary, model.name, analysis)
        if len(curve) < 2:
            continue
        lowest, last = str(curve["mean"].astype(float).idxmin()), _last(curve)
        rise = layer_contrast(results.scores, analysis, model.name, last, lowest)
        rows.append((model.label, lowest, point(curve, lowest), point(curve, last), interval(*rise)))
    caption = (
        f"{analysis_title(analysis)}: block layer with the lowest score, its score and that of the last "
        "block with 95% intervals, and the paired difference between the two."
    )
    return Table(
        caption, ("Model", "Lowest", "Score there", "Last block", "Last \N{MINUS SIGN} lowest"), tuple(rows)
    )


def task_table(results: "Results", facts: RunFacts, task: str) -> Table:
    """One row per model: best single layer (chosen on dev) and weighted sum, both on test."""
    rows = []
    part = results.tasks[results.tasks["task"] == task]
    metrics = list(part["metric"].unique())
    for metric in metrics:
        for model in in_order(facts, part.loc[part["metric"] == metric, "model"]):
            mine = results.comparison[
                (results.comparison["model"] == model.name)
                & (results.comparison["task"] == task)
                & (results.comparison["metric"] == metric)
            ]
            cells = [model.label] + ([METRIC_TITLES[metric]] if len(metrics) > 1 else [])
            if mine.empty:
                only = part[(part["model"] == model.name) & (part["metric"] == metric)].iloc[0]
                cells += [str(only["layer"]), interval(*only[["value", "low", "high"]]), DASH]
            else:
                row = mine.iloc[0]
                cells += [row["best_layer"], interval(*row[["value", "low", "high"]])]
                cells += [interval(*row[["all_value", "all_low", "all_high"]])]
            rows.append(tuple(cells))
    single = METRIC_TITLES[metrics[0]] if len(metrics) == 1 else "Metric"
    caption = (
        f"{task_title(task)}: test {single if len(metrics) == 1 else 'metric'} with 95% interval of the "
        "best single layer, chosen on the development set, and of the learned weighted sum of all layers."
    )
    header = ("Model", *(["Metric"] if len(metrics) > 1 else []), "Layer", "Single layer", "Weighted sum")
    return Table(caption, header, tuple(rows))


def agreement_table(results: "Results", facts: RunFacts) -> Table:
    """One row per model, task and analysis: rank correlations, chosen layer and its regret."""
    rows = []
    order = {model.name: place for place, model in enumerate(facts.models)}
    table = results.agreement.assign(place=results.agreement["model"].map(order))
    for _, row in table.sort_values(["task", "place", "analysis"]).iterrows():
        cells = [facts.model(row["model"]).label, task_title(row["task"]), row["analysis"]]
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
