"""Paired comparisons in tasks: single layer against learned sum, and the regret of ways to choose a layer."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.figures.looks import Look, brief, looks, many, ordered
from layerwise.report.figures.strokes import model_handles
from layerwise.report.figures.style import GREY, INK, Style, drawing, legend_below, note, panels
from layerwise.report.figures.tasks import task_facts
from layerwise.report.task_findings import groups
from layerwise.report.typeset_tasks import strategies_in_order, strategy_title
from layerwise.report.words import TIE

SINGLE, SUM = "#0072B2", "#D55E00"
BAND = "#F4F4F4"
NAME_WIDTH = 24
NARROW = 3.5  # inches of a panel that holds only short labels
SPREAD = 0.62  # of a row's height, over which its models are spread
MEANS = {"self-supervised": "mean of self-supervised models", "supervised": "mean of supervised models"}


def single_weighted_figure(comparison: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Forest of paired differences: single layer (best on dev) against learned sum, per model and task.

    To the right of 0 the single layer is better, whichever end of the metric is. ``comparison`` is
    `RunTables.single_weighted`.
    """
    style = style or Style()
    with drawing(style):
        compared = task_facts(comparison, facts)
        models = ordered(facts.models, set(comparison["model"]))
        if not compared:
            return _empty("no model has both single layers and a learned sum", style)
        crowded = many(models, style.options)
        columns = min(len(compared), (2 if style.narrow else 3) if crowded else style.across(len(compared)))
        rows = -(-len(compared) // columns)
        height = (0.6 + (0.14 if crowded else 0.2) * max(len(models), 2)) * rows
        figure, axes = panels(style.width, height, rows, columns, len(compared), sharey=True)
        chosen = looks(facts, style.options)
        for axis, task in zip(axes, compared, strict=True):
            part = comparison[comparison["task"] == task.name]
            part = part[part["metric"] == task.metric.name]
            _draw_forest(axis, part, models, task.metric.sign, style.small_font)
            # Names of layers would cover each other in the third of a column.
            if crowded and style.narrow:
                for text in axis.texts:
                    text.set_visible(False)
            short = style.width / columns < NARROW
            axis.set_title(textwrap.fill(task.title, 15) if short and columns > 1 else task.title)
            said = "single better in" if short else "advantage of the single layer in"
            axis.set_xlabel(said + ("\n" if style.narrow and columns > 1 else " ") + task.metric.title)
            axis.locator_params(axis="x", nbins=3 if short else 5)
            axis.tick_params(axis="x", labelrotation=90 if style.narrow and columns > 1 else 0)
        labels = [chosen[model.name].label for model in models]
        for axis in axes[::columns]:
            axis.set_yticks(
                range(len(models)),
                [brief(label) if style.narrow else label for label in labels],
            )
            axis.set_ylim(len(models) - 0.5, -0.5)
        legend_below(
            figure,
            [
                _mark("o", SINGLE, SINGLE, "single layer better (Holm, 5%)"),
                _mark("D", SUM, SUM, "learned sum better (Holm, 5%)"),
                _mark("o", GREY, "white", "not distinguishable"),
            ],
            style,
        )
    return figure


def _mark(marker: str, colour: str, face: str, label: str) -> Line2D:
    return Line2D(
        [], [], color=colour, marker=marker, markerfacecolor=face, linestyle="-", markersize=4, label=label
    )


def _draw_forest(axis: Axes, part: pd.DataFrame, models: list[ModelFacts], sign: int, font: float) -> None:
    axis.axvline(0, color=INK, linewidth=0.6)
    for place, model in enumerate(models):
        if place % 2:
            axis.axhspan(place - 0.5, place + 0.5, color=BAND, linewidth=0, zorder=0)
        rows = part[part["model"] == model.name]
        if rows.empty:
            continue
        row = rows.iloc[0]
        tie, value = row["verdict"] == TIE, sign * float(row["difference"])
        won = value > 0
        colour = GREY if tie else (SINGLE if won else SUM)
        low, high = sorted(sign * float(row[name]) for name in ("low", "high"))
        if np.isfinite([low, high]).all():
            axis.hlines(place, low, high, color=colour, linewidth=1.2)
        axis.plot(
            value,
            place,
            "o" if tie or won else "D",
            color=colour,
            markerfacecolor="white" if tie else colour,
            markersize=4,
        )
        axis.annotate(
            str(row["layer"]),
            (high if np.isfinite(high) else value, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=font,
        )
    axis.margins(x=0.14)


def choice_figure(choice: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Regret of each way to choose a layer: trained models with intervals, and the mean of each group.

    To the right of 0 the best layer is better, whichever end of the metric is. ``choice`` is
    `RunTables.choice`.
    """
    style = style or Style()
    with drawing(style):
        trained = ordered(facts.of_kind("trained"), set(choice["model"]))
        mine = choice[choice["model"].isin([model.name for model in trained])]
        goals = task_facts(mine, facts)
        if not goals:
            return _empty("no trained model has layers to choose from", style)
        ways, chosen = strategies_in_order(mine), looks(facts, style.options)
        crowded = many(trained, style.options)
        columns = style.across(len(goals), 3)
        rows = -(-len(goals) // columns)
        row = 0.2 if crowded else 0.14 + 0.055 * min(len(trained), style.options.most_curves)
        figure, axes = panels(
            style.width, (0.6 + row * len(ways)) * rows, rows, columns, len(goals), sharey=True
        )
        for axis, task in zip(axes, goals, strict=True):
            part = mine[(mine["task"] == task.name) & (mine["metric"] == task.metric.name)]
            _draw_regrets(axis, part, ways, [chosen[model.name] for model in trained], trained, crowded)
            for group, models in groups(facts):
                means = part[part["model"].isin([model.name for model in models])]
                values = means.groupby("strategy")["regret"].mean()
                places = [place for place, way in enumerate(ways) if way in values.index]
                axis.plot(
                    [values[ways[place]] for place in places],
                    places,
                    "|",
                    color=INK if group == "self-supervised" else GREY,
                    markersize=13,
                    markeredgewidth=1.6,
                    zorder=4,
                )
            axis.set_title(task.title)
            axis.set_xlabel(
                f"regret in {task.metric.title}" + ("" if columns > 2 else " (right of 0: a loss)")
            )
            axis.locator_params(axis="x", nbins=5)
        for axis in axes[::columns]:
            axis.set_yticks(
                range(len(ways)), [textwrap.fill(strategy_title(facts, way), NAME_WIDTH) for way in ways]
            )
            axis.set_ylim(len(ways) - 0.5, -0.5)
        lines = model_handles(facts, {model.name for model in trained}, style, line=False)
        for group, _ in groups(facts):
            colour = INK if group == "self-supervised" else GREY
            lines.append(
                Line2D(
                    *([], []),
                    color=colour,
                    marker="|",
                    linestyle="none",
                    markersize=9,
                    markeredgewidth=1.6,
                    label=MEANS[group],
                )
            )
        legend_below(figure, lines, style)
    return figure


def _draw_regrets(
    axis: Axes,
    part: pd.DataFrame,
    ways: list[str],
    drawn: list[Look],
    models: list[ModelFacts],
    crowded: bool,
) -> None:
    """Draw one point for each model; where they are many, without intervals."""
    axis.axvline(0, color=INK, linewidth=0.6)
    shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(models)) if len(models) > 1 else np.zeros(1)
    for place in range(1, len(ways), 2):
        axis.axhspan(place - 0.5, place + 0.5, color=BAND, linewidth=0, zorder=0)
    places = {way: place for place, way in enumerate(ways)}
    of_model = dict(tuple(part.groupby("model")))
    for model, look, shift in zip(models, drawn, shifts, strict=True):
        rows = of_model.get(model.name)
        if rows is None:
            continue
        y = rows["strategy"].map(places).to_numpy(dtype=float) + shift
        low, high, regret = (rows[name].to_numpy(dtype=float) for name in ("low", "high", "regret"))
        sure = np.isfinite(low) & np.isfinite(high)
        if not crowded and sure.any():
            axis.hlines(y[sure], low[sure], high[sure], color=look.colour, linewidth=0.9)
        axis.plot(
            *(regret, y, look.marker),
            color=look.colour,
            markersize=2.4 if crowded else 3.4,
            markeredgewidth=0.2 if crowded else 0.4,
            markeredgecolor="white",
            zorder=3,
        )


def _empty(text: str, style: Style) -> Figure:
    """A figure that says why there is none."""
    figure, axes = panels(style.width, 0.6, 1, 1, 1)
    note(axes[0], text)
    return figure
