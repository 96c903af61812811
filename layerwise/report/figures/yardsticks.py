"""Analyses and measures against each other: whether they rank the layers of a model alike."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import ordered
from layerwise.report.figures.style import INK, Style, drawing, note, panels

NAME_WIDTH = 18
TIGHT = 5  # cells side by side in a column, above which they hold one digit
CELL = 0.3  # inches
MAP = "RdBu"
DARK = 0.8  # correlations whose cells are dark


def yardsticks_figure(agreement: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Median over trained models of Spearman's correlation over layers, of each two yardsticks.

    Of a measure the headline variant is taken. ``agreement`` is `RunTables.measure_agreement`.
    """
    style = style or Style()
    with drawing(style):
        medians = median_agreement(agreement, facts)
        names = [name for name in _names(facts) if name in set(medians["first"]) | set(medians["second"])]
        if not names:
            figure, axes = panels(style.width, 0.6, 1, 1, 1)
            note(axes[0], "no model has enough layers for a rank correlation")
            return figure
        table = medians.pivot(index="second", columns="first", values="spearman").reindex(
            index=names, columns=names
        )
        table = table.combine_first(table.T).reindex(index=names, columns=names)
        lower = table.where(np.tril(np.ones(table.shape, dtype=bool), -1)).iloc[1:, :-1]
        figure, (axis,) = panels(style.width, 0.9 + CELL * len(lower), 1, 1, 1)
        image = axis.pcolormesh(
            lower.to_numpy(dtype=float), cmap=MAP, vmin=-1.3, vmax=1.3, edgecolors="white", linewidth=0.6
        )
        for row, column in zip(*np.nonzero(lower.notna().to_numpy()), strict=True):
            colour = "white" if abs(lower.iloc[row, column]) > DARK else INK
            value = f"{lower.iloc[row, column]:.{1 if style.narrow and len(lower) > TIGHT else 2}f}".replace(
                "-", "\N{MINUS SIGN}"
            )
            axis.text(column + 0.5, row + 0.5, value, ha="center", va="center", color=colour)
        axis.invert_yaxis()
        titles = [textwrap.fill(_title(name, facts), NAME_WIDTH) for name in names]
        axis.set_yticks(np.arange(len(lower)) + 0.5, titles[1:])
        axis.set_xticks(np.arange(len(lower)) + 0.5, titles[:-1], rotation=90 if style.narrow else 0)
        axis.tick_params(length=0)
        axis.spines[["left", "bottom"]].set_visible(False)
        bar = figure.colorbar(image, ax=axis, aspect=30, pad=0.02)
        bar.ax.set_ylim(-1, 1)
        bar.set_label("Spearman's \N{GREEK SMALL LETTER RHO}, median over models")
        bar.outline.set(visible=False)
    return figure


def median_agreement(agreement: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Median over trained models (over all, without one) of ``spearman`` for each two yardsticks."""
    trained = [model.name for model in ordered(facts.of_kind("trained"), set(agreement["model"]))]
    main = {measure.name: measure.headline for measure in facts.measures}
    rows = agreement[agreement["model"].isin(trained)] if trained else agreement
    for side in ("first", "second"):
        wanted = rows[side].map(main).fillna("")
        rows = rows[rows[f"{side}_variant"].fillna("") == wanted]
    return rows.groupby(["first", "second"], sort=True)["spearman"].median().reset_index()


def _names(facts: RunFacts) -> list[str]:
    return [*(analysis.name for analysis in facts.analyses), *(measure.name for measure in facts.measures)]


def _title(name: str, facts: RunFacts) -> str:
    return facts.compared(name).short
