"""Does an analysis without training predict the tasks? CCA against task metrics."""

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from layerwise.report.curves import block_layers
from layerwise.report.facts import AnalysisFacts, RunFacts
from layerwise.report.figures.looks import handle, looks, ordered
from layerwise.report.figures.style import Style, drawing, legend_below, note, panels
from layerwise.report.figures.tasks import task_facts

RHO = "\N{GREEK SMALL LETTER RHO}"
MOST_CELLS = 8  # analyses side by side on a double column
NAME_WIDTH = 24
INVERTED = ", axis inverted"


def scatter_figure(
    summary: pd.DataFrame,
    tasks: pd.DataFrame,
    agreement: pd.DataFrame,
    facts: RunFacts,
    style: Style | None = None,
) -> Figure:
    """CCA score against task metric, one dot per layer of each trained model; up and right is better.

    Rows are tasks, columns analyses. Each panel gives Spearman's correlation within models: the median
    over trained models and, in brackets, the smallest and largest.
    """
    style = style or Style()
    with drawing(style):
        goals = task_facts(tasks, facts)
        if summary.empty:
            return _alone("no layer analysis could be run", style)
        analyses = [facts.analysis(name) for name in sorted(set(summary["analysis"]))]
        trained = ordered(facts.of_kind("trained"), set(tasks["model"]) & set(summary["model"]))
        chosen = looks(facts)
        width = style.double if len(analyses) > 2 else style.column
        height = 0.35 + 1.75 * len(goals)
        figure, axes = panels(width, height, len(goals), len(analyses), len(goals) * len(analyses))
        for number, axis in enumerate(axes):
            task, analysis = goals[number // len(analyses)], analyses[number % len(analyses)]
            for model in trained:
                dots = layer_pairs(summary, tasks, model.name, analysis, task.name)
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
            names = [model.name for model in trained]
            mine = agreement[
                (agreement["task"] == task.name)
                & (agreement["analysis"] == analysis.name)
                & agreement["model"].isin(names)
            ]["spearman"]
            axis.text(0.0, 1.02, _correlation(mine), transform=axis.transAxes, va="bottom")
            if task.metric.lower_is_better:
                axis.invert_yaxis()
            if not analysis.higher_is_better:
                axis.invert_xaxis()
            if number % len(analyses) == 0:
                turned = INVERTED if task.metric.lower_is_better else ""
                axis.set_ylabel(f"{task.title}\n{task.metric.title}{turned}")
            if number // len(analyses) == len(goals) - 1:
                turned = "" if analysis.higher_is_better else INVERTED
                axis.set_xlabel(f"{analysis.name} score{turned}")
            axis.locator_params(nbins=5)
        legend_below(figure, [handle(chosen[model.name], line=False) for model in trained], style)
    return figure


def layer_pairs(
    summary: pd.DataFrame, tasks: pd.DataFrame, model: str, analysis: AnalysisFacts, task: str
) -> pd.DataFrame:
    """Layers that have both a score (``score``) and a metric (``value``), without the reference layer."""
    scores = summary[(summary["model"] == model) & (summary["analysis"] == analysis.name)]
    scores = block_layers(scores[scores["layer"] != analysis.reference])
    values = tasks[(tasks["model"] == model) & (tasks["task"] == task)]
    return scores[["layer", "score"]].merge(values[["layer", "value"]], on="layer")


def _correlation(values: pd.Series) -> str:
    if values.empty:
        return f"{RHO} undefined"
    if len(values) == 1:
        return f"{RHO} = {values.iloc[0]:.2f}".replace("-", "\N{MINUS SIGN}")
    text = f"{RHO} = {values.median():.2f} [{values.min():.2f}, {values.max():.2f}]"
    return text.replace("-", "\N{MINUS SIGN}")


def agreement_figure(agreement: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Heat map of Spearman's correlation per model (rows), task (panels) and analysis (columns).

    Each cell gives the correlation and, below it, the layer the analysis chooses and its regret.
    """
    style = style or Style()
    with drawing(style):
        tasks, analyses = sorted(set(agreement["task"])), sorted(set(agreement["analysis"]))
        models = ordered(facts.models, set(agreement["model"]))
        if not tasks:
            return _alone("no model has enough layers for a rank correlation", style)
        names = [model.name for model in models]
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
                    index=names, columns=analyses
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
            axis.set_xticks(axis.get_xticks(), [a.removeprefix("cca-") for a in analyses], rotation=0)
    return figure


def _cell(row: pd.Series) -> str:
    return f"{row['spearman']:.2f}\n{row['chosen_layer']} ({row['regret']:.2f})".replace(
        "-", "\N{MINUS SIGN}"
    )


def _alone(text: str, style: Style) -> Figure:
    """A figure that says why there is none."""
    figure, axes = panels(style.column, 0.6, 1, 1, 1)
    note(axes[0], text)
    return figure
