"""Two models against each other: a heat map of every layer of one with every layer of the other."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import looks
from layerwise.report.figures.style import Style, drawing, panels

TICK, SIDES = 0.2, 1.0  # inches of the name of a layer, and of what stands beside the cells
MOST_NUMBERS = 16  # layers of a model whose cells still hold a number


def inter_figure(
    scores: pd.DataFrame, facts: RunFacts, pair: tuple[str, str], style: Style | None = None
) -> Figure:
    """PWCCA score, mean over trials, of each layer of one model (rows) with each of another (columns).

    ``scores`` is `RunTables.inter_scores`. The lowest layer is at the bottom. Pairs of layers
    that were not compared stay white.
    """
    style = style or Style()
    with drawing(style):
        mine = scores[(scores["model_a"] == pair[0]) & (scores["model_b"] == pair[1])]
        rows, columns = (
            mine.sort_values(f"layer_index_{side}")[f"layer_{side}"].drop_duplicates().tolist()
            for side in "ab"
        )
        means = mine.groupby(["layer_a", "layer_b"])["score"].mean().unstack()
        means = means.reindex(index=rows[::-1], columns=columns)
        numbers = max(means.shape) <= (MOST_NUMBERS // 2 if style.narrow else MOST_NUMBERS)
        figure, (axis,) = panels(style.width, 0.7 + (0.24 if numbers else 0.14) * len(rows), 1, 1, 1)
        sns.heatmap(
            means,
            annot=numbers,
            fmt=".2f",
            vmin=0,
            vmax=1,
            cmap="cividis",
            linewidths=0.4,
            linecolor="white",
            cbar_kws={"label": "PWCCA score", "aspect": 30},
            annot_kws={"fontsize": style.small_font - 0.5},
            ax=axis,
        )
        chosen = looks(facts, style.options)
        axis.set(xlabel=chosen[pair[1]].label, ylabel=chosen[pair[0]].label)
        axis.tick_params(length=0, labelrotation=0)
        if len(columns) * TICK > style.width - SIDES:
            axis.tick_params(axis="x", labelrotation=90)
    return figure
