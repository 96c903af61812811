"""Numbers and tables for readers: the same content for the PDF, the HTML page and LaTeX."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from layerwise.report.curves import curve_of, last_block, peak_of
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
    """Format a value with its interval, ``0.43 [0.41, 0.45]``; infinite limits mean one unit or trial only.

    Without limits (no bootstrap) it is the value alone.
    """
    if math.isnan(low) or math.isnan(high):
        return number(value, digits)
    if math.isinf(low) or math.isinf(high):
        return f"{number(value, digits)} [one unit]"
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def p_value(p: float) -> str:
    """Format a p value for a cell of a table."""
    if math.isnan(p):
        return DASH
    return "< 0.001" if p < 0.001 else number(p, 3)


def either(value: float) -> str:
    """Format a number that a table may lack."""
    return DASH if math.isnan(value) else number(value)


def span(layers: Sequence[str], among: Sequence[str]) -> str:
    """Name some layers of a curve: ``T1 to T6`` for neighbours, else ``T1, T3 and T6``."""
    first, last = among.index(layers[0]), among.index(layers[-1])
    if len(layers) > 2 and last - first + 1 == len(layers):
        return f"{layers[0]} to {layers[-1]}"
    return " and ".join(filter(None, [", ".join(layers[:-1]), layers[-1]]))


def tie_span(curve: pd.DataFrame, tie: str) -> str:
    """Name the tie set of a curve (`curves.curve_of`), which ``tie`` joins by blanks."""
    return span(tie.split(" "), list(map(str, curve.index)))


def point(curve: pd.DataFrame, layer: str) -> str:
    """Format one layer of a curve with its interval."""
    low, high = float(curve["low"][layer]), float(curve["high"][layer])
    return interval(float(curve["score"][layer]), low, high)


def analysis_table(tables: RunTables, facts: RunFacts, name: str) -> Table:
    """One row per model: the peak of its curve, its tie set, and how far it lies above its controls."""
    analysis = facts.analysis(name)
    if analysis.own_reference:
        return _own_reference_table(tables, facts, analysis)
    summary, rows = tables.layer_summary, []
    for model in facts.in_order(summary.loc[summary["analysis"] == name, "model"]):
        curve = curve_of(summary, model.name, name)
        peak = peak_of(tables.peaks, model.name, name)
        if peak is None:
            continue
        best = str(peak["layer"])
        cells = [model.label, best, tie_span(curve, str(peak["tie"])), point(curve, best)]
        cells += [either(float(curve["calibrated"][best])), p_value(float(peak["p"]))]
        cells += [point(curve, last_block(curve))]
        mine = of(tables.control_contrasts, model=model.name, analysis=name)
        for kind in ("random", "baseline"):
            names = {control.name for control in facts.models if control.kind == kind}
            found = mine[mine["control"].isin(names)]
            cells.append("; ".join(with_limits(row) for _, row in found.iterrows()) or DASH)
        rows.append(tuple(cells))
    best = "highest" if analysis.higher_is_better else "lowest"
    caption = (
        f"{analysis.title}: block layer with the {best} score, the layers that it does not beat (tie set), "
        "its score with 95% interval, calibrated score and p against the best layer of each permutation "
        "(1 / (1 + draws) at least; Holm in tables/peaks.csv), score of the last block, and paired "
        "difference from the best layer of the random twin and from the baseline."
    )
    header = ("Model", "Best", "Tie set", "Score", "Calibrated", "p", "Last block")
    return Table(caption, (*header, f"{MINUS} twin", f"{MINUS} baseline"), tuple(rows))


def with_limits(row: pd.Series, name: str = "difference", digits: int = 2) -> str:
    """Format a number of a row of a table with the row's limits."""
    return interval(float(row[name]), float(row["low"]), float(row["high"]), digits)


def _own_reference_table(tables: RunTables, facts: RunFacts, analysis: AnalysisFacts) -> Table:
    summary, rows = tables.layer_summary, []
    for model in facts.in_order(summary.loc[summary["analysis"] == analysis.name, "model"]):
        curve = curve_of(summary, model.name, analysis.name)
        peak = peak_of(tables.peaks, model.name, analysis.name)
        if peak is None or len(curve) < 2:
            continue
        lowest, last = str(peak["layer"]), last_block(curve)
        rise = last_block_rise(tables, analysis.name, model.name, lowest)
        cells = (lowest, tie_span(curve, str(peak["tie"])), point(curve, lowest), point(curve, last))
        rows.append((model.label, *cells, with_limits(rise), p_value(float(rise["p_holm"]))))
    caption = (
        f"{analysis.title}: block layer with the lowest score, the layers that are not above it (tie set), "
        "its score and that of the last block with 95% intervals, and the paired difference between the "
        "two, with p (Holm over models and layers)."
    )
    header = ("Model", "Lowest", "Tie set", "Score there", "Last block", f"Last {MINUS} lowest", "p")
    return Table(caption, header, tuple(rows))


def traits_table(tables: RunTables, facts: RunFacts) -> Table:
    """One row per analysis and model: what is known of the score of its best layer."""
    rows = []
    for name in tables.analyses:
        for model in facts.in_order(of(tables.peaks, analysis=name)["model"]):
            peak = peak_of(tables.peaks, model.name, name)
            if peak is None:
                continue
            row = of(tables.layer_summary, analysis=name, model=model.name, layer=str(peak["layer"])).iloc[0]
            numbers = [either(float(row[column])) for column in ("score", "null", "calibrated")]
            numbers += [p_value(float(row["p"])), either(float(row["ceiling"]))]
            rank = float(row["effective_rank"])
            numbers += [DASH if math.isnan(rank) else number(rank, 1)]
            numbers += [either(float(row[column])) for column in ("control", "selectivity")]
            numbers += [str(row["n_units"] or DASH), str(row["n_rows"])]
            rows.append((name, model.label, str(peak["layer"]), *numbers))
    caption = (
        "The best block layer of each model (the lowest, where each model is its own reference): score, "
        "mean score with permuted targets (null), calibrated score, p of this layer, score of two halves "
        "of the data (ceiling), effective rank of the layer, score for a random map of types (control), "
        "selectivity, units of the interval and rows tested."
    )
    header = ("Analysis", "Model", "Layer", "Score", "Null", "Calibrated", "p", "Ceiling", "Rank")
    return Table(caption, (*header, "Control", "Selectivity", "Units", "Rows"), tuple(rows))


def last_block_rise(tables: RunTables, analysis: str, model: str, layer: str) -> pd.Series:
    """The last block minus a layer: row of `RunTables.last_block_contrasts`."""
    return of(tables.last_block_contrasts, analysis=analysis, model=model, layer=layer).iloc[0]
