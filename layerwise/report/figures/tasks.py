"""Downstream tasks: metric per layer, single layer against weighted sum, and the sum's weights."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import WEIGHTED_SUM, is_normed, layer_index
from layerwise.report.facts import RunFacts, TaskFacts
from layerwise.report.figures.looks import draw_curve, draw_level, handle, looks, ordered, twin_handle
from layerwise.report.figures.style import INK, Style, drawing, legend_below, note, panels
from layerwise.specs.metrics import Metric

# Widths relative to that of all layers together:
SLOT = 0.14  # from the last layer to the first weighted sum
DODGE = 0.045  # between the weighted sums of two models
SLOTS = 0.35  # all weighted sums at most
MOST_TICKS = 10


def task_facts(table: pd.DataFrame, facts: RunFacts) -> list[TaskFacts]:
    """Tasks of a table, sorted by name."""
    return [facts.task(name) for name in sorted(set(table["task"]))]


def metric_label(metric: Metric) -> str:
    """Axis label of a metric with its direction."""
    return f"{metric.title} ({'lower' if metric.lower_is_better else 'higher'} is better)"


def task_figure(tasks: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Test metric of each frozen layer, with the weighted sum of all layers on the right of each panel.

    ``tasks`` is `RunTables.downstream_summary`.
    """
    style = style or Style()
    with drawing(style):
        drawn = task_facts(tasks, facts)
        figure, axes = task_panels(len(drawn), 2.35, style)
        for axis, task in zip(axes, drawn, strict=True):
            part = tasks[(tasks["task"] == task.name) & (tasks["metric"] == task.metric.name)]
            _draw_task(axis, part, facts)
            axis.set_title(task.title)
            axis.set_ylabel(metric_label(task.metric))
        legend_below(figure, _handles(tasks, facts), style)
    return figure


def task_panels(count: int, height: float, style: Style) -> tuple[Figure, list[Axes]]:
    """Make one panel for each task, two in a row; ``height`` of a row in inches."""
    columns = min(count, 2)
    rows = -(-count // columns)
    width = style.double if columns == 2 else style.column
    return panels(width, height * rows, rows, columns, count)


def _handles(tasks: pd.DataFrame, facts: RunFacts) -> list[Line2D]:
    names = set(tasks["model"])
    chosen = looks(facts)
    handles = [handle(chosen[model.name]) for model in ordered(facts.of_kind("trained"), names)]
    if ordered(facts.of_kind("random"), names):
        handles += twin_handle(facts)
    return handles + [handle(chosen[model.name]) for model in ordered(facts.of_kind("baseline"), names)]


def _draw_task(axis: Axes, part: pd.DataFrame, facts: RunFacts) -> None:
    chosen = looks(facts)
    part = part.assign(layer_index=[layer_index(layer) for layer in part["layer"]])
    names = set(part["model"])
    layered = [m for m in ordered(facts.models, names) if m.kind != "baseline"]
    for model in ordered(facts.of_kind("baseline"), names):
        row = part[(part["model"] == model.name) & (part["layer"] != WEIGHTED_SUM)].iloc[0]
        draw_level(axis, row["value"], row["low"], row["high"], chosen[model.name])
    if not layered:
        axis.set_xticks([])
        return
    mine = part[part["model"].isin([model.name for model in layered])]
    last = float(mine.loc[mine["layer"] != WEIGHTED_SUM, "layer_index"].max())
    groups = dict.fromkeys(model.twin_of or model.name for model in layered)
    gap = SLOT * max(last, 6)
    dodge = min(DODGE, SLOTS / len(groups)) * max(last, 6)
    slots = {name: last + gap + dodge * number for number, name in enumerate(groups)}
    for model in layered:
        curve = mine[mine["model"] == model.name].sort_values("layer_index")
        normed = np.array([is_normed(layer) for layer in curve["layer"]], dtype=bool)
        whole = (curve["layer"] == WEIGHTED_SUM).to_numpy()
        for use in (~normed & ~whole, normed, whole):
            if use.any():
                rows = curve[use]
                x = np.minimum(rows["layer_index"].to_numpy(dtype=float), slots[model.twin_of or model.name])
                value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
                draw_curve(axis, x, value, (low, high), chosen[model.name])
    step = int(np.ceil((max(slots.values()) + 1) / MOST_TICKS))
    blocks = list(range(0, int(last) + 1, step))
    ticks, labels = list(map(float, blocks)), [f"T{block}" for block in blocks]
    if (mine["layer"] == WEIGHTED_SUM).any():
        axis.axvline(last + gap / 2, color=INK, linewidth=0.4, linestyle=(0, (2, 2)))
        ticks.append(float(np.mean(list(slots.values()))))
        labels.append(WEIGHTED_SUM)
    axis.set_xticks(ticks, labels)
    axis.set_xlabel("layer (all: weighted sum of all layers)")


def weight_figure(weights: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Weight of each layer in the learned weighted sum (mean over seeds; bars: range over seeds).

    ``weights`` is `RunTables.weights`. Models with a single layer are left out.
    """
    style = style or Style()
    with drawing(style):
        tasks = sorted(set(weights["task"]))
        figure, axes = task_panels(max(1, len(tasks)), 2.1, style)
        if not tasks:
            note(axes[0], "no model has layers to weigh")
            return figure
        chosen = looks(facts)
        names = set(weights["model"]) - {model.name for model in facts.of_kind("baseline")}
        for axis, task in zip(axes, tasks, strict=True):
            last = 0.0
            for model in ordered(facts.models, names):
                part = weights[(weights["task"] == task) & (weights["model"] == model.name)]
                if part.empty:
                    continue
                curve = part.groupby(["layer_index", "layer"])["weight"].agg(["mean", "min", "max"])
                curve = curve.reset_index()
                last = max(last, float(curve["layer_index"].max()))
                normed = np.array([is_normed(layer) for layer in curve["layer"]], dtype=bool)
                columns = ("layer_index", "mean", "min", "max")
                for use in (~normed, normed):
                    if use.any():
                        x, mean, low, high = (curve.loc[use, name].to_numpy(float) for name in columns)
                        draw_curve(axis, x, mean, (low, high), chosen[model.name])
            axis.set_title(facts.task(task).title)
            axis.set_ylabel("weight")
            axis.set_ylim(bottom=0)
            step = int(np.ceil((last + 1) / 12))
            axis.set_xticks(range(0, int(last) + 1, step), [f"T{i}" for i in range(0, int(last) + 1, step)])
            axis.set_xlabel("layer")
        legend_below(figure, _handles(weights[weights["model"].isin(names)], facts), style)
    return figure
