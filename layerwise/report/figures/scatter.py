"""Does an analysis without training predict the tasks? Scores and learned weights against metrics."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from layerwise.layers import is_normed
from layerwise.report.curves import block_layers
from layerwise.report.facts import ModelFacts, RunFacts, TaskFacts
from layerwise.report.figures.depth import panel_height
from layerwise.report.figures.looks import brief as shorter
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.strokes import model_handles
from layerwise.report.figures.style import INK, TALLEST, Style, alone, drawing, legend_below, panels
from layerwise.report.figures.tasks import task_facts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.words import WEIGHTS

RHO = "\N{GREEK SMALL LETTER RHO}"
LOWEST, HIGHEST = 0.8, 1.9  # inches of a row of panels
COMPACT = 6.0  # inches of all rows, where panels may be that flat
ABOVE = 0.3  # inches of the correlation above a panel
SIDE = 0.8  # inches of numbers and names left of the panels, or below
LEAST_WIDTH, LEAST_HEIGHT = 0.4, 0.6  # inches of a panel, with what stands above it
ROOMY = 0.85  # inches of a panel that has room for extremes, and for titles of tasks
LETTER = 0.062  # inches
LONG, MOST_LETTERS = 22, 9  # characters of titles; of lines, whatever the room
MEDIAN, CELL = 0.2, 0.25  # inches of a median: height, and width that holds its number
DARK = 0.8  # correlations whose cells are dark
SQUARE = 0.85  # height of a panel by its width
INVERTED = " (inverted)"


def scatter_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Score against task metric, one dot per block layer of each trained model; up and right is better.

    Rows are tasks with their metric, columns are analyses and, last, the weights of the learned sum; in a
    column of a paper it is the other way round, since analyses are more. Each panel gives Spearman's
    correlation within models: the median over self-supervised ones (over all, where there are none) and, in
    brackets, the extremes; the bare median where there is little room. With more panels than a page holds,
    these medians are cells of a heat map.
    """
    style = style or Style()
    with drawing(style):
        goals = task_facts(tables.downstream_summary, facts)
        names = [*tables.analyses, *([] if tables.weights.empty else [WEIGHTS])]
        if not names:
            return alone("no layer analysis could be run", style)
        trained = ordered(facts.of_kind("trained"), set(tables.downstream_summary["model"]))
        turned = style.narrow and len(names) > 2
        down, across = (len(names), len(goals)) if turned else (len(goals), len(names))
        room = (style.width - SIDE) / across
        if room < LEAST_WIDTH or (TALLEST - SIDE) / down < LEAST_HEIGHT:
            return _medians(tables, facts, trained, goals, names, style)
        row_height = max(LOWEST, min(HIGHEST, SQUARE * room + ABOVE, COMPACT / down))
        height = SIDE + row_height * down
        figure, grid = panels(style.width, height, down, across, down * across)
        for number, axis in enumerate(grid):
            row, column = divmod(number, across)
            task, name = (goals[column], names[row]) if turned else (goals[row], names[column])
            _draw_dots(axis, tables, facts, trained, name, task, style, turned=turned, brief=room < ROOMY)
            # One scale for a row and one for a column: only the outer panels need numbers and names.
            if row:
                axis.sharex(grid[column])
            if column:
                axis.sharey(grid[number - column])
            axis.tick_params(labelleft=column == 0, labelbottom=row == down - 1)
        for name, axis in zip(names, grid[::across] if turned else grid, strict=False):
            _invert(
                axis, name != WEIGHTS and not facts.analysis(name).higher_is_better, "y" if turned else "x"
            )
        for task, axis in zip(goals, grid if turned else grid[::across], strict=False):
            _invert(axis, task.metric.lower_is_better, "x" if turned else "y")
        for axis in grid:
            axis.locator_params(axis="x", nbins=2 if room < ROOMY else 4)
            axis.locator_params(axis="y", nbins=2 if style.narrow else 4)
            axis.tick_params(axis="x", labelrotation=90 if room < ROOMY else 0)
        shape = down, across
        _name_grid(grid, shape, goals, [_yardstick(name, facts) for name in names], room, turned=turned)
        legend_below(
            figure, model_handles(facts, {model.name for model in trained}, style, line=False), style
        )
    return figure


def _invert(axis: Axes, falling: bool, which: str) -> None:
    """Turn an axis so that better is up, or right."""
    if falling:
        (axis.invert_xaxis if which == "x" else axis.invert_yaxis)()


def _yardstick(name: str, facts: RunFacts) -> str:
    """What the scores of an analysis are called on an axis."""
    if name == WEIGHTS:
        return "learned weight"
    falling = "" if facts.analysis(name).higher_is_better else INVERTED
    return f"{name.removeprefix('cca-')} score{falling}"


def _name_grid(
    grid: Sequence[Axes],
    shape: tuple[int, int],
    goals: Sequence[TaskFacts],
    yardsticks: Sequence[str],
    room: float,
    *,
    turned: bool,
) -> None:
    """Say left of rows and below columns what they are; ``room`` is the width of a panel in inches."""
    down, across = shape
    wide = max(MOST_LETTERS, int(room / LETTER))
    for place in range(across):
        axis = grid[(down - 1) * across + place]
        if turned and room < ROOMY:  # upright, since even short names are wider than their panels
            axis.set_xlabel(_goal(goals[place], brief=True), rotation=90, va="top")
        else:
            axis.set_xlabel(_wrapped(_goal(goals[place], brief=False) if turned else yardsticks[place], wide))
    tall = int(panel_height(grid[0]) / LETTER)
    for place in range(down):
        words = yardsticks[place] if turned else _goal(goals[place], brief=tall < LONG)
        grid[place * across].set_ylabel(_wrapped(words, max(MOST_LETTERS, tall)))


def _goal(task: TaskFacts, *, brief: bool) -> str:
    """Name and metric of a task, a line each."""
    metric = task.metric.title + (INVERTED if task.metric.lower_is_better else "")
    return f"{task.name if brief else task.title}\n{metric}"


def _wrapped(text: str, width: int) -> str:
    """Break lines where they are longer than so many characters, inside words if need be."""
    return "\n".join(textwrap.fill(line, width, break_long_words=True) for line in text.split("\n"))


def _medians(
    tables: RunTables,
    facts: RunFacts,
    trained: Sequence[ModelFacts],
    goals: Sequence[TaskFacts],
    names: Sequence[str],
    style: Style,
) -> Figure:
    """Heat map of the medians of Spearman's correlation: analyses below each other, tasks side by side."""
    found = np.array(
        [[_correlations(tables, trained, name, task).median() for task in goals] for name in names]
    )
    figure, (axis,) = panels(style.width, 1.2 + MEDIAN * len(names), 1, 1, 1)
    image = axis.pcolormesh(found, cmap="RdBu", vmin=-1.3, vmax=1.3, edgecolors="white", linewidth=0.6)
    if CELL * len(goals) < style.width - SIDE:
        for row, column in zip(*np.nonzero(np.isfinite(found)), strict=True):
            value = found[row, column]
            axis.text(
                *(column + 0.5, row + 0.5, f"{value:.2f}".replace("-", "\N{MINUS SIGN}")),
                ha="center",
                va="center",
                color="white" if abs(value) > DARK else INK,
                fontsize=style.small_font - 1,
            )
    axis.invert_yaxis()
    axis.set_yticks(np.arange(len(names)) + 0.5, [name.removeprefix("cca-") for name in names])
    axis.set_xticks(np.arange(len(goals)) + 0.5, [shorter(task.name) for task in goals], rotation=90)
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    bar = figure.colorbar(image, ax=axis, location="bottom", aspect=30, pad=0.02, shrink=0.8)
    bar.ax.set_xlim(-1, 1)
    bar.set_label(f"Spearman's {RHO}, median over models")
    bar.outline.set(visible=False)
    return figure


def weights_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Weight of a layer in the learned sum against the metric of that layer alone, one panel for each task.

    A panel says Spearman's correlation as `scatter_figure` does.
    """
    style = style or Style()
    with drawing(style):
        goals = task_facts(tables.downstream_summary, facts)
        weighed = [task for task in goals if (tables.weights["task"] == task.name).any()]
        if not weighed:
            return alone("no model has layers to weigh", style)
        trained = ordered(facts.of_kind("trained"), set(tables.weights["model"]))
        columns = min(len(weighed), 2 if style.narrow else 3)
        rows = -(-len(weighed) // columns)
        height = (0.35 + min(1.9, SQUARE * style.width / columns)) * rows
        figure, axes = panels(style.width, height, rows, columns, len(weighed))
        for axis, task in zip(axes, weighed, strict=True):
            _draw_dots(axis, tables, facts, trained, WEIGHTS, task, style)
            _invert(axis, task.metric.lower_is_better, "y")
            axis.locator_params(nbins=2 if style.narrow else 4)
            axis.set_ylabel(_goal(task, brief=style.narrow and len(task.title) > LONG))
            axis.tick_params(axis="x", labelrotation=90 if style.narrow and columns > 1 else 0)
            axis.set_xlabel("learned weight")
        legend_below(
            figure, model_handles(facts, {model.name for model in trained}, style, line=False), style
        )
    return figure


def _draw_dots(
    axis: Axes,
    tables: RunTables,
    facts: RunFacts,
    trained: Sequence[ModelFacts],
    name: str,
    task: TaskFacts,
    style: Style,
    *,
    turned: bool = False,
    brief: bool = False,
) -> None:
    """Draw scores in one analysis (or weights) against a task, with their correlation above.

    Scores are on the x axis, unless ``turned``; with ``brief``, the correlation is the median alone.
    """
    chosen, crowded = looks(facts, style.options), many(trained, style.options)
    pairs = layer_pairs(tables, facts, name, task)
    for model in trained:
        dots, look = of(pairs, model=model.name), chosen[model.name]
        score, value = dots["score"].to_numpy(), dots["value"].to_numpy()
        axis.plot(
            *((value, score) if turned else (score, value)),
            look.marker,
            color=look.colour,
            markersize=2.2 if crowded else 3.4,
            markeredgewidth=0.2 if crowded else 0.4,
            markeredgecolor="white",
            label=look.label,
        )
    values = _correlations(tables, trained, name, task)
    axis.text(0.0, 1.02, _correlation(values, brief=brief), transform=axis.transAxes, va="bottom")


def layer_pairs(tables: RunTables, facts: RunFacts, name: str, task: TaskFacts) -> pd.DataFrame:
    """Block layers of every model with a score, or weight (``score``), and a metric (``value``).

    The reference of an analysis and TL+ln are left out.
    """
    if name == WEIGHTS:
        mine = of(tables.weights, task=task.name)
        scores = mine.groupby(["model", "layer"], sort=False)["weight"].mean().rename("score").reset_index()
    else:
        mine = of(tables.layer_summary, analysis=name)
        scores = block_layers(mine[mine["layer"] != facts.analysis(name).reference])
    normed = {layer for layer in scores["layer"].unique() if is_normed(str(layer))}
    scores = scores.loc[~scores["layer"].isin(normed), ["model", "layer", "score"]]
    values = of(tables.downstream_summary, task=task.name, metric=task.metric.name)
    return scores.merge(values[["model", "layer", "value"]], on=["model", "layer"])


def _correlations(tables: RunTables, trained: Sequence[ModelFacts], name: str, task: TaskFacts) -> pd.Series:
    """Spearman's correlation of each self-supervised model, or of all where there is none."""
    own = [model.name for model in trained if model.supervision == "self-supervised"]
    counted = own or [model.name for model in trained]
    mine = of(tables.agreement, task=task.name, analysis=name)
    return mine.loc[mine["model"].isin(counted), "spearman"]


def _correlation(values: pd.Series, *, brief: bool) -> str:
    if values.empty:
        return "none" if brief else f"{RHO} undefined"
    text = f"{values.median():.2f}" if brief else f"{RHO} = {values.median():.2f}"
    if len(values) > 1 and not brief:
        text += f"\n[{values.min():.2f}, {values.max():.2f}]"
    return text.replace("-", "\N{MINUS SIGN}")
