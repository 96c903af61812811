"""Does an analysis without training predict the tasks? Scores and learned weights against metrics."""

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from layerwise.layers import is_normed
from layerwise.report.curves import block_layers
from layerwise.report.facts import RunFacts, TaskFacts
from layerwise.report.figures.looks import handle, looks, ordered
from layerwise.report.figures.style import Style, drawing, legend_below, note, panels
from layerwise.report.figures.tasks import task_facts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.words import WEIGHTS

RHO = "\N{GREEK SMALL LETTER RHO}"
MOST_CELLS = 8  # analyses side by side on a double column
NAME_WIDTH = 24
PANEL_WIDTH = 14  # characters
INVERTED = ", axis inverted"


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
            return _alone("no layer analysis could be run", style)
        trained = ordered(facts.of_kind("trained"), set(tables.downstream_summary["model"]))
        own = [model.name for model in trained if model.supervision == "self-supervised"]
        counted = own or [model.name for model in trained]
        chosen = looks(facts)
        width = style.double if len(columns) > 2 else style.column
        height = 0.35 + 1.9 * len(goals)
        figure, axes = panels(width, height, len(goals), len(columns), len(goals) * len(columns))
        for number, axis in enumerate(axes):
            task, name = goals[number // len(columns)], columns[number % len(columns)]
            for model in trained:
                dots = layer_pairs(tables, facts, model.name, name, task)
                look = chosen[model.name]
                axis.plot(
                    dots["score"],
                    dots["value"],
                    look.marker,
                    color=look.colour,
                    markersize=3.4,
                    markeredgewidth=0.4,
                    markeredgecolor="white",
                    label=look.label,
                )
            mine = of(tables.agreement, task=task.name, analysis=name)
            shown = mine["model"].isin(counted)
            axis.text(
                0.0, 1.02, _correlation(mine.loc[shown, "spearman"]), transform=axis.transAxes, va="bottom"
            )
            falling = name != WEIGHTS and not facts.analysis(name).higher_is_better
            if task.metric.lower_is_better:
                axis.invert_yaxis()
            if falling:
                axis.invert_xaxis()
            if number % len(columns) == 0:
                turned = INVERTED if task.metric.lower_is_better else ""
                axis.set_ylabel(f"{task.title}\n{task.metric.title}{turned}")
            if number // len(columns) == len(goals) - 1:
                what = "learned weight" if name == WEIGHTS else f"{_short(name)} score"
                axis.set_xlabel(f"{what}{INVERTED if falling else ''}")
            axis.locator_params(nbins=5)
        legend_below(figure, [handle(chosen[model.name], line=False) for model in trained], style)
    return figure


def layer_pairs(tables: RunTables, facts: RunFacts, model: str, name: str, task: TaskFacts) -> pd.DataFrame:
    """Block layers with a score, or weight (``score``), and a metric (``value``); no reference, no TL+ln."""
    if name == WEIGHTS:
        mine = of(tables.weights, model=model, task=task.name)
        scores = mine.groupby("layer", sort=False)["weight"].mean().rename("score").reset_index()
    else:
        mine = of(tables.layer_summary, model=model, analysis=name)
        scores = block_layers(mine[mine["layer"] != facts.analysis(name).reference])[["layer", "score"]]
    scores = scores[[not is_normed(str(layer)) for layer in scores["layer"]]]
    values = of(tables.downstream_summary, model=model, task=task.name, metric=task.metric.name)
    return scores.merge(values[["layer", "value"]], on="layer")


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
            return _alone("no model has enough layers for a rank correlation", style)
        # Cells hold two short lines: panels go side by side only while they stay wide enough.
        columns = len(tasks) if len(tasks) * len(analyses) <= MOST_CELLS else 1
        rows = len(tasks) // columns
        width = style.double if columns * len(analyses) > 4 else style.column
        labels = [textwrap.fill(model.label, NAME_WIDTH, break_long_words=True) for model in models]
        figure, axes = panels(width, (0.6 + 0.34 * len(models)) * rows, rows, columns, len(tasks))
        for number, (axis, task) in enumerate(zip(axes, tasks, strict=True)):
            part = agreement[agreement["task"] == task]
            cells = part.assign(text=[_cell(row) for _, row in part.iterrows()])
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
                cbar=number % columns == columns - 1,
                cbar_kws={"label": f"Spearman's {RHO}", "aspect": 30},
                annot_kws={"fontsize": 7},
                yticklabels=labels if number % columns == 0 else False,
                ax=axis,
            )
            axis.set(title=facts.task(task).title, xlabel="", ylabel="")
            axis.tick_params(length=0)
            axis.set_xticks(axis.get_xticks(), [_short(name) for name in analyses], rotation=0)
    return figure


def _cell(row: pd.Series) -> str:
    text = f"{row['spearman']:.2f}"
    if not pd.isna(row["low"]):
        text += f"\n{row['low']:.2f}, {row['high']:.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _alone(text: str, style: Style) -> Figure:
    """A figure that says why there is none."""
    figure, axes = panels(style.column, 0.6, 1, 1, 1)
    note(axes[0], text)
    return figure
