"""Scores against the number of training rows: whether more data would help."""

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.strokes import model_handles
from layerwise.report.figures.style import Style, drawing, legend_below, note, panels

NO_CURVE = "no learning curve"
TITLE_WIDTH = 26  # characters


def learning_figure(
    learning: pd.DataFrame,
    peaks: pd.DataFrame,
    facts: RunFacts,
    analyses: Sequence[str],
    style: Style | None = None,
) -> Figure:
    """Score of each model's best layer against training rows, one panel per analysis.

    ``learning`` and ``peaks`` are those of `RunTables`. A panel of an analysis without a curve says so.
    """
    style = style or Style()
    with drawing(style):
        chosen = looks(facts, style.options)
        best = peaks[["model", "analysis", "layer"]].merge(learning, on=["model", "analysis", "layer"])
        crowded = many(ordered(facts.models, set(best["model"])), style.options)
        columns = min(len(analyses), 2 if style.narrow else 4)
        rows = -(-len(analyses) // columns)
        figure, axes = panels(style.width, 1.75 * rows, rows, columns, len(analyses))
        for number, (axis, analysis) in enumerate(zip(axes, analyses, strict=True)):
            axis.set_title(textwrap.fill(facts.analysis(analysis).short, TITLE_WIDTH))
            part = best[best["analysis"] == analysis]
            if part.empty:
                note(axis, NO_CURVE)
                continue
            for model in ordered(facts.models, set(part["model"])):
                mine, look = part[part["model"] == model.name].sort_values("n_train"), chosen[model.name]
                axis.plot(
                    mine["n_train"],
                    mine["score"],
                    color=look.colour,
                    linestyle=look.line,
                    linewidth=1.0 if look.filled and not crowded else 0.7,
                    marker="" if look.marker == "_" or crowded else look.marker,
                    markersize=2.8 if look.filled else 2.2,
                    markerfacecolor=look.face,
                    markeredgewidth=0.5,
                )
            axis.set_xscale("log")
            axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
            axis.set_xlabel("training rows")
            axis.minorticks_off()
            marks = sorted({float(part["n_train"].min()), float(part["n_train"].max())})
            axis.set_xticks(marks, [f"{round(mark):,}" for mark in marks])
            if number % columns == 0:
                axis.set_ylabel("score of the best layer")
        legend_below(figure, model_handles(facts, set(best["model"]), style), style)
    return figure
