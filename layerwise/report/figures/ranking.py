"""Do analyses rank layers as the tasks do? Rank correlations of each model."""

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.depth import panel_height
from layerwise.report.figures.looks import brief as shorter
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.style import Style, alone, drawing, panels
from layerwise.report.words import WEIGHTS

RHO = "\N{GREEK SMALL LETTER RHO}"
MOST_CELLS = 8  # analyses side by side on a double column
NAME_WIDTH = 24
INSIDE = 0.62  # of the height of a panel before the layout: its rows
LEAST = 4.0  # points of text
TIGHT = 6  # analyses in a column, above which cells hold one digit
PANEL_WIDTH = 14  # characters


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
        tight = style.narrow and len(analyses) > TIGHT
        chosen = looks(facts, style.options)
        full = [chosen[model.name].label for model in models]
        wrapped = [textwrap.fill(name, NAME_WIDTH, break_long_words=True) for name in full]
        labels = [shorter(name) for name in full] if brief else wrapped
        height = (0.8 if style.narrow else 0.6) + (0.16 if brief else 0.34) * len(models)
        figure, axes = panels(style.width, height * rows, rows, columns, len(tasks))
        # Names and numbers are as high as the rows that a page leaves them; where that is too little, cells
        # are colours alone.
        row_points = 72 * panel_height(axes[0]) * INSIDE / max(1, len(models))
        font = style.small_font - (1 if brief else 0)
        for number, (axis, task) in enumerate(zip(axes, tasks, strict=True)):
            part = agreement[agreement["task"] == task]
            cells = part.assign(text=[_cell(row, brief=brief, tight=tight) for _, row in part.iterrows()])
            wide = {
                column: cells.pivot(index="model", columns="analysis", values=column).reindex(
                    index=[model.name for model in models], columns=analyses
                )
                for column in ("spearman", "text")
            }
            sns.heatmap(
                wide["spearman"].astype(float),
                annot=wide["text"].fillna("") if not brief or row_points > LEAST else None,
                fmt="",
                vmin=-1,
                vmax=1,
                cmap=ListedColormap(sns.color_palette("RdBu", 256)[50:206]),
                linewidths=0.6,
                linecolor="white",
                cbar=not style.narrow and number % columns == columns - 1,
                cbar_kws={"label": f"Spearman's {RHO}", "aspect": 30},
                annot_kws={"fontsize": min(font, row_points) if brief else font},
                yticklabels=labels if number % columns == 0 else False,
                ax=axis,
            )
            axis.set(title=facts.task(task).title, xlabel="", ylabel="")
            axis.tick_params(length=0)
            axis.tick_params(axis="y", labelsize=min(style.small_font, max(LEAST, row_points)))
            axis.set_xticks(axis.get_xticks(), [_short(name) for name in analyses])
            axis.tick_params(axis="x", labelrotation=90 if style.narrow and len(analyses) > 4 else 0)
    return figure


def _cell(row: pd.Series, *, brief: bool, tight: bool) -> str:
    text = f"{row['spearman']:.{1 if tight else 2}f}"
    if not brief and not pd.isna(row["low"]):
        text += f"\n{row['low']:.2f}, {row['high']:.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _short(name: str) -> str:
    """Name of an analysis that fits under a panel."""
    return textwrap.fill(name.removeprefix("cca-"), PANEL_WIDTH)
