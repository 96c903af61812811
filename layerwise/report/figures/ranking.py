"""Does an analysis without training predict the tasks? Scores and learned weights against metrics."""

import textwrap
from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from layerwise.layers import is_normed
from layerwise.report.curves import block_layers
from layerwise.report.facts import ModelFacts, RunFacts, TaskFacts
from layerwise.report.figures.looks import brief as shorter
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.strokes import model_handles
from layerwise.report.figures.style import Style, alone, drawing, legend_below, panels
from layerwise.report.figures.tasks import task_facts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.words import WEIGHTS

RHO = "\N{GREEK SMALL LETTER RHO}"
MOST_CELLS = 8  # analyses side by side on a double column
NAME_WIDTH = 24
LOWEST = 1.4  # inches of a row of panels
SQUARE = 0.85  # height of a panel by its width
PANEL_WIDTH = 14  # characters
INVERTED = " (inverted)"


def scatter_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Score against task metric, one dot per block layer of each trained model; up and right is better.

    Rows are tasks; columns are analyses and, last, the weights of the learned sum. Each panel gives
    Spearman's correlation within models: the median over self-supervised ones (over all, where there are
    none) and, in brackets, the extremes.
    """
    style = style or Style()
    with drawing(style):
        goals = task_facts(tables.downstream_summary, facts)
        columns = [*tables.analyses, *([] if tables.weights.empty else [WEIGHTS])]
        if not columns:
            return alone("no layer analysis could be run", style)
        trained = ordered(facts.of_kind("trained"), set(tables.downstream_summary["model"]))
        # In a column, tasks go side by side and analyses below each other: analyses are more.
        turned = style.narrow and len(columns) > 2
        shape = (len(columns), len(goals)) if turned else (len(goals), len(columns))
        height = 0.35 + max(LOWEST, min(1.9, SQUARE * style.width / shape[1])) * shape[0]
        figure, grid = panels(style.width, height, *shape, len(goals) * len(columns))
        axes = _by_task(grid, shape) if turned else grid
        for number, axis in enumerate(axes):
            task, name = goals[number // len(columns)], columns[number % len(columns)]
            _draw_dots(axis, tables, facts, trained, name, task, style)
            falling = name != WEIGHTS and not facts.analysis(name).higher_is_better
            if falling:
                axis.invert_xaxis()
            if turned or number % len(columns) == 0:
                inverted = INVERTED if task.metric.lower_is_better else ""
                if not turned:
                    axis.set_ylabel(f"{task.title}\n{task.metric.title}{inverted}")
                elif axis in grid[: len(goals)]:
                    _head(
                        axis, f"{textwrap.fill(task.title, PANEL_WIDTH + 2)}\n{task.metric.title}{inverted}"
                    )
            if turned or number // len(columns) == len(goals) - 1:
                what = "learned weight" if name == WEIGHTS else f"{_short(name)} score"
                axis.set_xlabel(f"{what}{INVERTED if falling else ''}")
        legend_below(
            figure, model_handles(facts, {model.name for model in trained}, style, line=False), style
        )
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
            axis.set_ylabel(
                f"{task.title}\n{task.metric.title}{INVERTED if task.metric.lower_is_better else ''}"
            )
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
) -> None:
    """Draw scores in one analysis (or weights) against a task, with their correlation above."""
    chosen, crowded = looks(facts, style.options), many(trained, style.options)
    pairs = layer_pairs(tables, facts, name, task)
    for model in trained:
        dots, look = of(pairs, model=model.name), chosen[model.name]
        axis.plot(
            dots["score"].to_numpy(),
            dots["value"].to_numpy(),
            look.marker,
            color=look.colour,
            markersize=2.2 if crowded else 3.4,
            markeredgewidth=0.2 if crowded else 0.4,
            markeredgecolor="white",
            label=look.label,
        )
    own = [model.name for model in trained if model.supervision == "self-supervised"]
    counted = own or [model.name for model in trained]
    mine = of(tables.agreement, task=task.name, analysis=name)
    values = mine.loc[mine["model"].isin(counted), "spearman"]
    axis.text(0.0, 1.02, _correlation(values), transform=axis.transAxes, va="bottom")
    if task.metric.lower_is_better:
        axis.invert_yaxis()
    axis.locator_params(nbins=2 if style.narrow else 4)


def _head(axis: Axes, text: str) -> None:
    """Write above a column of panels what its y axes are."""
    axis.annotate(text, (0, 1), (0, 24), xycoords="axes fraction", textcoords="offset points", va="bottom")


def _by_task(grid: Sequence[Axes], shape: tuple[int, int]) -> list[Axes]:
    """Panels of a grid, column after column."""
    return [grid[row * shape[1] + column] for column in range(shape[1]) for row in range(shape[0])]


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


def _short(name: str) -> str:
    """Name of an analysis that fits under a panel."""
    return textwrap.fill(name.removeprefix("cca-"), PANEL_WIDTH)


def _correlation(values: pd.Series) -> str:
    if values.empty:
        return f"{RHO} undefined"
    if len(values) == 1:
        return f"{RHO} = {values.iloc[0]:.2f}".replace("-", "\N{MINUS SIGN}")
    text = f"{RHO} = {values.median():.2f}\n[{values.min():.2f}, {values.max():.2f}]"
    return text.replace("-", "\N{MINUS SIGN}")


def agreement_figure(agreement: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Heat map of Spearman's correlation per model (rows), task (panels) and analysis (columns).

    The last column is that of the learned weights. Each cell gives the correlation and its interval.
    """
    style = style or Style()
    with drawing(style):
        tasks, names = sorted(set(agreement["task"])), set(map(str, agreement["analysis"]))
        analyses = sorted(names - {WEIGHTS}) + sorted(names & {WEIGHTS})
        models = ordered(facts.models, set(agreement["model"]))
        if not tasks:
            return alone("no model has enough layers for a rank correlation", style)
        # Cells hold two short lines: panels go side by side only while they stay wide enough.
        columns = len(tasks) if not style.narrow and len(tasks) * len(analyses) <= MOST_CELLS else 1
        rows = len(tasks) // columns
        brief = style.narrow or many(models, style.options) or columns * len(analyses) > MOST_CELLS
        chosen = looks(facts, style.options)
        full = [chosen[model.name].label for model in models]
        wrapped = [textwrap.fill(name, NAME_WIDTH, break_long_words=True) for name in full]
        labels = [shorter(name) for name in full] if brief else wrapped
        height = (0.8 if style.narrow else 0.6) + (0.16 if brief else 0.34) * len(models)
        figure, axes = panels(style.width, height * rows, rows, columns, len(tasks))
        for number, (axis, task) in enumerate(zip(axes, tasks, strict=True)):
            part = agreement[agreement["task"] == task]
            cells = part.assign(text=[_cell(row, brief=brief) for _, row in part.iterrows()])
            wide = {
                column: cells.pivot(index="model", columns="analysis", values=column).reindex(
                    index=[model.name for model in models], columns=analyses
                )
                for column in ("spearman", "text")
            }
            sns.heatmap(
                wide["spearman"].astype(float),
                annot=wide["text"].fillna(""),
                fmt="",
                vmin=-1,
                vmax=1,
                cmap=ListedColormap(sns.color_palette("RdBu", 256)[50:206]),
                linewidths=0.6,
                linecolor="white",
                cbar=not style.narrow and number % columns == columns - 1,
                cbar_kws={"label": f"Spearman's {RHO}", "aspect": 30},
                annot_kws={"fontsize": style.small_font - (1 if brief else 0)},
                yticklabels=labels if number % columns == 0 else False,
                ax=axis,
            )
            axis.set(title=facts.task(task).title, xlabel="", ylabel="")
            axis.tick_params(length=0)
            axis.set_xticks(axis.get_xticks(), [_short(name) for name in analyses])
            axis.tick_params(axis="x", labelrotation=90 if style.narrow and len(analyses) > 4 else 0)
    return figure


def _cell(row: pd.Series, *, brief: bool) -> str:
    text = f"{row['spearman']:.2f}"
    if not brief and not pd.isna(row["low"]):
        text += f"\n{row['low']:.2f}, {row['high']:.2f}"
    return text.replace("-", "\N{MINUS SIGN}")
