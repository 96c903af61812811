"""Downstream tasks: metric per layer, single layer against weighted sum, and the sum's weights."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import WEIGHTED_SUM, is_normed, layer_index
from layerwise.report.facts import ModelFacts, RunFacts, TaskFacts
from layerwise.report.figures.depth import RELATIVE, RELATIVE_NAME, depths, most_ticks, panel_width, placed
from layerwise.report.figures.heat import ROOMY, columns_of, draw_heat_map, heat_panels, shown_models
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.strokes import draw_curve, draw_level, model_handles
from layerwise.report.figures.style import GREY, INK, Style, drawing, legend_below, note, panels
from layerwise.report.run_tables import of
from layerwise.specs.metrics import Metric

CHANCE = "chance: one answer for all utterances"
# Widths relative to that of all layers together:
SLOT = 0.14  # from the last layer to the first weighted sum
DODGE = 0.045  # between the weighted sums of two models
SLOTS = 0.35  # all weighted sums at most
SPREAD = 0.3  # of the distance of two layers, over which models stand beside each other


def task_facts(table: pd.DataFrame, facts: RunFacts) -> list[TaskFacts]:
    """Tasks of a table, sorted by name."""
    return [facts.task(name) for name in sorted(set(table["task"]))]


def metric_label(metric: Metric) -> str:
    """Axis label of a metric with its direction."""
    return f"{metric.title} ({'lower' if metric.lower_is_better else 'higher'} is better)"


def task_figure(
    tasks: pd.DataFrame, facts: RunFacts, style: Style | None = None, chance: pd.DataFrame | None = None
) -> Figure:
    """Test metric of each frozen layer, with the weighted sum of all layers on the right of each panel.

    A line shows what one answer for all utterances reaches; where there is no such level, the legend says so.
    ``tasks`` is `RunTables.downstream_summary`, ``chance`` is `RunTables.chance`.
    """
    style = style or Style()
    with drawing(style):
        drawn = task_facts(tasks, facts)
        if many(ordered(facts.models, set(tasks["model"])), style.options):
            return _task_heat(tasks, drawn, facts, style, chance=chance)
        figure, axes = task_panels(len(drawn), 2.35, style)
        for axis, task in zip(axes, drawn, strict=True):
            part = tasks[(tasks["task"] == task.name) & (tasks["metric"] == task.metric.name)]
            _draw_task(axis, part, facts, style)
            for level in chance_levels(chance, task):
                axis.axhline(level, color=GREY, linewidth=1.2, zorder=0.9)
            axis.set_title(task.title)
            axis.set_ylabel(metric_label(task.metric))
        handles = model_handles(facts, set(tasks["model"]), style)
        legend_below(figure, [*handles, *_chance_handles(drawn, chance)], style)
    return figure


def chance_levels(chance: pd.DataFrame | None, task: TaskFacts) -> list[float]:
    """Chance levels of a task: one, unless models differ in their test utterances; none without any."""
    if chance is None:
        return []
    return sorted(set(of(chance, task=task.name, metric=task.metric.name)["value"].astype(float)))


def _chance_handles(drawn: list[TaskFacts], chance: pd.DataFrame | None) -> list[Line2D]:
    """Legend entries of the chance lines, and of the tasks that have none."""
    handles = []
    without = [task for task in drawn if not chance_levels(chance, task)]
    if len(without) < len(drawn):
        handles.append(Line2D([], [], color=GREY, linewidth=1.2, label=CHANCE))
    if without:
        names = ", ".join(dict.fromkeys(task.metric.title for task in without))
        handles.append(Line2D([], [], linestyle="none", label=f"no chance level: {names}"))
    return handles


def task_panels(count: int, height: float, style: Style) -> tuple[Figure, list[Axes]]:
    """Make one panel for each task, two in a row of a page; ``height`` of a row in inches."""
    columns = style.across(count)
    rows = -(-count // columns)
    return panels(style.width, height * rows, rows, columns, count)


def _task_heat(
    table: pd.DataFrame,
    drawn: list[TaskFacts],
    facts: RunFacts,
    style: Style,
    *,
    value: str = "value",
    chance: pd.DataFrame | None = None,
) -> Figure:
    """A heat map for each task in place of curves; darker is always worse for metrics of tasks."""
    models = shown_models(facts, table)
    figure, axes = heat_panels(len(drawn), len(models), style)
    columns = columns_of(len(drawn), len(models), style)
    for number, (axis, task) in enumerate(zip(axes, drawn, strict=True)):
        part = table[(table["task"] == task.name) & table["model"].isin([model.name for model in models])]
        if "metric" in part:
            part = of(part, metric=task.metric.name)
        part = part.assign(layer_index=[layer_index(layer) for layer in part["layer"]])
        draw_heat_map(
            *(figure, axis, part, models, looks(facts, style.options)),
            named=number % columns == 0,
            value=value,
            falling=value == "value" and task.metric.lower_is_better,
        )
        title = f"{task.title}, {task.metric.title}" if value == "value" else task.title
        if levels := chance_levels(chance, task):
            title += f", chance {' to '.join(f'{level:.2f}' for level in (levels[0], *levels[1:][-1:]))}"
        axis.set_title(textwrap.fill(title, 16) if panel_width(axis) < ROOMY else title)
    return figure


def _draw_task(axis: Axes, part: pd.DataFrame, facts: RunFacts, style: Style) -> None:
    chosen = looks(facts, style.options)
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
    single = placed(mine[mine["layer"] != WEIGHTED_SUM], facts, style)
    last = float(single["place"].max())
    slots = _slots(layered, last, style)
    shifts = dodges(layered, 1.0 if style.options.depth != RELATIVE else 1 / max(1, *depths(single).values()))
    for model in layered:
        curve = single[single["model"] == model.name].sort_values("layer_index")
        normed = np.array([is_normed(layer) for layer in curve["layer"]], dtype=bool)
        for use in (~normed, normed):
            if use.any():
                rows = curve[use]
                x = rows["place"].to_numpy(dtype=float) + shifts[model.name]
                value, low, high = (rows[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
                draw_curve(axis, x, value, (low, high), chosen[model.name])
        whole = of(mine, model=model.name, layer=WEIGHTED_SUM)
        if len(whole):
            value, low, high = (whole[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
            draw_curve(axis, np.array([slots[model.name]]), value, (low, high), chosen[model.name])
    ticks, labels = _block_ticks(axis, last, style)
    if (mine["layer"] == WEIGHTED_SUM).any():
        axis.axvline((last + min(slots.values())) / 2, color=INK, linewidth=0.4, linestyle=(0, (2, 2)))
        ticks.append(float(np.mean(list(slots.values()))))
        labels.append(WEIGHTED_SUM)
    axis.set_xticks(ticks, labels)
    axis.set_xlabel(f"{_axis_name(style)} (all: weighted sum of all layers)")


def dodges(models: list[ModelFacts], room: float) -> dict[str, float]:
    """Where each model stands beside its layer, so that intervals do not cover each other.

    A random twin stands with its model; ``room`` is the distance of two layers.
    """
    groups = list(dict.fromkeys(model.twin_of or model.name for model in models))
    shifts = np.linspace(-SPREAD / 2, SPREAD / 2, len(groups)) * room if len(groups) > 1 else np.zeros(1)
    places = dict(zip(groups, map(float, shifts), strict=True))
    return {model.name: places[model.twin_of or model.name] for model in models}


def _slots(models: list[ModelFacts], last: float, style: Style) -> dict[str, float]:
    """Where the weighted sums stand, right of the layers."""
    width = max(last, 6.0) if style.options.depth != RELATIVE else last
    groups = list(dict.fromkeys(model.twin_of or model.name for model in models))
    dodge = min(DODGE, SLOTS / len(groups)) * width
    places = {name: last + SLOT * width + dodge * number for number, name in enumerate(groups)}
    return {model.name: places[model.twin_of or model.name] for model in models}


def _block_ticks(axis: Axes, last: float, style: Style) -> tuple[list[float], list[str]]:
    if style.options.depth == RELATIVE:
        return [0.0, 0.5, 1.0], ["0", "\N{VULGAR FRACTION ONE HALF}", "1"]
    step = int(np.ceil((last + 1) / max(2, most_ticks(axis) - 2)))
    blocks = range(0, int(last) + 1, step)
    return [float(block) for block in blocks], [f"T{block}" for block in blocks]


def _axis_name(style: Style) -> str:
    return RELATIVE_NAME if style.options.depth == RELATIVE else "layer"


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
        chosen = looks(facts, style.options)
        names = set(weights["model"]) - {model.name for model in facts.of_kind("baseline")}
        means = mean_weights(weights[weights["model"].isin(names)])
        if many(ordered(facts.models, names), style.options):
            return _task_heat(means, [facts.task(task) for task in tasks], facts, style, value="weight")
        for axis, task in zip(axes, tasks, strict=True):
            part = placed(of(means, task=task), facts, style)
            models = ordered(facts.models, names)
            deepest = max([1, *depths(part).values()])
            shifts = dodges(models, 1.0 if style.options.depth != RELATIVE else 1 / deepest)
            for model in models:
                curve = part[part["model"] == model.name]
                normed = np.array([is_normed(layer) for layer in curve["layer"]], dtype=bool)
                for use in (~normed, normed):
                    if use.any():
                        x, mean, low, high = (
                            curve.loc[use, name].to_numpy(float)
                            for name in ("place", "weight", "low", "high")
                        )
                        draw_curve(axis, x + shifts[model.name], mean, (low, high), chosen[model.name])
            axis.set_title(facts.task(task).title)
            axis.set_ylabel("weight")
            axis.set_ylim(bottom=0)
            ticks, labels = _block_ticks(axis, float(part["place"].max()), style)
            axis.set_xticks(ticks, labels)
            axis.set_xlabel(_axis_name(style))
        legend_below(figure, model_handles(facts, names, style), style)
    return figure


def mean_weights(weights: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds (``weight``) and their range (``low``, ``high``) of each model, task and layer."""
    key = ["model", "task", "layer_index", "layer"]
    found = weights.groupby(key, sort=True)["weight"].agg(["mean", "min", "max"]).reset_index()
    return found.rename(columns={"mean": "weight", "min": "low", "max": "high"})
