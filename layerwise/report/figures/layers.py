"""Curves over layers: what each layer knows, by the canonical correlation analyses."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.report.facts import AnalysisFacts, RunFacts
from layerwise.report.figures.looks import Look, draw_curve, draw_level, handle, looks, ordered, twin_handle
from layerwise.report.figures.style import GREY, Style, drawing, legend_below, note, panels

MOST_TICKS = 11
NOT_RUN = "cannot be run on this corpus"


def layer_figure(
    summary: pd.DataFrame, facts: RunFacts, analyses: Sequence[str], style: Style | None = None
) -> Figure:
    """Score over layers, one panel per analysis; ``summary`` is `RunTables.layer_summary`.

    A panel of an analysis that could not be run says so.
    One analysis makes a single-column figure, several a double-column one with two panels a row.
    """
    style = style or Style()
    with drawing(style):
        columns = min(len(analyses), 2)
        rows = -(-len(analyses) // columns)
        width = style.double if columns == 2 else style.column
        figure, axes = panels(width, 2.05 * rows if columns == 2 else 2.3, rows, columns, len(analyses))
        labels = [_score_label(facts.analysis(name)) for name in analyses]
        for axis, analysis, label in zip(axes, analyses, labels, strict=True):
            part = summary[summary["analysis"] == analysis]
            if part.empty:
                note(axis, NOT_RUN)
            else:
                draw_analysis(axis, part, facts)
            axis.set_title(facts.analysis(analysis).title)
            if axis in axes[::columns] or len(set(labels)) > 1:
                axis.set_ylabel(label)
        legend_below(figure, _handles(summary[summary["analysis"].isin(analyses)], facts), style)
    return figure


def _score_label(analysis: AnalysisFacts) -> str:
    return analysis.measure if analysis.higher_is_better else f"{analysis.measure} (lower is better)"


def _handles(summary: pd.DataFrame, facts: RunFacts) -> list[Line2D]:
    names = set(summary["model"])
    chosen = looks(facts)
    handles = [handle(chosen[model.name]) for model in ordered(facts.of_kind("trained"), names)]
    if ordered(facts.of_kind("random"), names):
        handles += twin_handle(facts, marker=False)
    handles += [handle(chosen[model.name]) for model in ordered(facts.of_kind("baseline"), names)]
    if facts.of_kind("trained"):
        tie = Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=4.5)
        tie.set_label("filled: tie set of the best layer")
        handles.append(tie)
    if summary["null"].notna().any():
        handles.append(Line2D([], [], color=GREY, linewidth=2.5, label="permuted targets"))
    return handles


def draw_analysis(axis: Axes, part: pd.DataFrame, facts: RunFacts) -> None:
    """Draw curves, baselines and null of one analysis; ``part`` are its rows of `RunTables.layer_summary`."""
    chosen = looks(facts)
    nulls = []
    for model in ordered(facts.models, set(part["model"])):
        curve = part[part["model"] == model.name].sort_values("layer_index")
        if model.kind == "baseline":
            row = curve.iloc[0]
            draw_level(axis, row["score"], row["low"], row["high"], chosen[model.name])
            continue
        nulls.append(curve.set_index("layer_index")["null"].astype(float))
        _draw_model(axis, curve, chosen[model.name])
    together = pd.concat(nulls, axis=1).sort_index().dropna(how="all") if nulls else pd.DataFrame()
    if len(together):
        # A layer that few models have (TL+ln) must not bend the mean over all.
        together = together.interpolate("index", limit_area="inside")
        x = together.index.to_numpy(dtype=float)
        axis.fill_between(x, together.min(axis=1), together.max(axis=1), color=GREY, alpha=0.35, linewidth=0)
        axis.plot(x, together.mean(axis=1), color=GREY, linewidth=1.4, zorder=0.9)
    axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
    layer_axis(axis, part, facts)


def _draw_model(axis: Axes, curve: pd.DataFrame, look: Look) -> None:
    """Draw layers joined by a line, and what is no further layer (``T0-pos``, ``TL+ln``) on its own."""
    places = curve["layer_index"].to_numpy(dtype=float)
    for use in (places % 1 == 0, (places % 1 > 0) & (places < 0), (places % 1 > 0) & (places > 0)):
        if use.any():
            part = curve[use]
            columns = ("layer_index", "score", "low", "high")
            x, mean, low, high = (part[name].to_numpy(dtype=float) for name in columns)
            draw_curve(axis, x, mean, (low, high), look, (part["tie"] == "yes").to_numpy())


def layer_axis(axis: Axes, part: pd.DataFrame, facts: RunFacts) -> None:
    """Name the layers on the x axis and set the conv layers apart by a tint."""
    layered = part[~part["model"].isin([model.name for model in facts.of_kind("baseline")])]
    index = layered["layer_index"].to_numpy(dtype=float)
    if not index.size:
        axis.set_xticks([])
        return
    left, right = float(index.min()), float(index.max())
    margin = 0.04 * max(right - left, 1.0)
    axis.set_xlim(left - margin, right + margin)
    if left <= -1:
        axis.axvspan(left - margin, -0.6, color="#EFEFEF", linewidth=0, zorder=0.1)
    step = int(np.ceil((right - left + 1) / MOST_TICKS))
    blocks = list(range(0, int(right) + 1, step))
    convs = list(range(-step, int(left) - 1, -step))[::-1]
    depths = layered[layered["layer_index"] <= -1].groupby("model")["layer_index"].min().unique()
    names = {
        place: f"C{place - int(depths[0]) + 1}" if len(depths) == 1 else f"C\N{MINUS SIGN}{-place}"
        for place in convs
    }
    axis.set_xticks([*convs, *blocks], [*names.values(), *(f"T{block}" for block in blocks)])
    axis.set_xlabel("layer (shaded: conv layers)" if convs else "layer")
