"""Two models against each other: a heat map of every layer of one with every layer of the other."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.style import Style, drawing, panels

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
        width = style.column if len(columns) <= 12 else style.double
        figure, (axis,) = panels(width, 0.7 + 0.24 * len(rows), 1, 1, 1)
        sns.heatmap(
            means,
            annot=max(means.shape) <= MOST_NUMBERS,
            fmt=".2f",
            vmin=0,
            vmax=1,
            cmap="cividis",
            linewidths=0.4,
            linecolor="white",
            cbar_kws={"label": "PWCCA score", "aspect": 30},
            annot_kws={"fontsize": 6.5},
            ax=axis,
        )
        axis.set(xlabel=facts.model(pair[1]).label, ylabel=facts.model(pair[0]).label)
        axis.tick_params(length=0, labelrotation=0)
    return figure
