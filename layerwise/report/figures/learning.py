"""Scores against the number of training rows: whether more data would help."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import handle, looks, ordered, twin_handle
from layerwise.report.figures.style import Style, drawing, legend_below, note, panels

NO_CURVE = "no learning curve"


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
        chosen = looks(facts)
        best = peaks[["model", "analysis", "layer"]].merge(learning, on=["model", "analysis", "layer"])
        columns = min(len(analyses), 4)
        rows = -(-len(analyses) // columns)
        width = style.double if columns > 2 else style.column
        figure, axes = panels(width, 1.75 * rows, rows, columns, len(analyses))
        for axis, analysis in zip(axes, analyses, strict=True):
            axis.set_title(analysis)
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
                    linewidth=1.0 if look.filled else 0.7,
                    marker="" if look.marker == "_" else look.marker,
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
        axes[0].set_ylabel("score of the best layer")
        names = set(best["model"])
        handles = [handle(chosen[model.name]) for model in ordered(facts.of_kind("trained"), names)]
        if ordered(facts.of_kind("random"), names):
            handles += twin_handle(facts)
        handles += [handle(chosen[model.name]) for model in ordered(facts.of_kind("baseline"), names)]
        legend_below(figure, handles, style)
    return figure
