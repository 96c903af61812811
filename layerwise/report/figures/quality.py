"""Quality of the alignment in numbers: acoustic scores, and how fast the aligned speech is."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from layerwise.report.figures.style import COLOURS, INK, Style, drawing, note, panels

BINS = 30
NO_SCORE = "the aligner gives no score"


def quality_figure(utterances: pd.DataFrame, style: Style | None = None) -> Figure:
    """Histograms of acoustic scores and of phones per second over aligned utterances.

    Each says how many utterances, and gives quartiles. ``utterances`` is that of `RunTables`; without its
    columns of scores and phones, panels say so.
    """
    style = style or Style()
    with drawing(style):
        columns = style.across(2)
        figure, axes = panels(style.width, 1.8 * (2 // columns), 2 // columns, columns, 2)
        aligned = utterances[utterances["status"] == "aligned"]
        missing = pd.Series(np.nan, index=aligned.index)
        scores = aligned.get("score", missing).dropna().astype(float)
        rates = (aligned.get("phones", missing) / aligned["seconds"]).dropna()
        for axis, values, title, label, absent in (
            (axes[0], scores, "Scores", "mean acoustic log score per frame", NO_SCORE),
            (axes[1], rates, "Rates", "phones per second of the utterance", "no aligned phones are counted"),
        ):
            axis.set_title(title)
            if values.empty:
                note(axis, absent)
                continue
            _histogram(axis, values.to_numpy(dtype=float))
            axis.set(xlabel=label, ylabel="utterances")
    return figure


def _histogram(axis: Axes, values: np.ndarray) -> None:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    # Values that differ in their last digits only have no room for bins between them.
    if np.ptp(values) <= 1e-6 * max(1.0, abs(middle)):
        values = np.full_like(values, middle)
    axis.hist(values, BINS, color=COLOURS[0], edgecolor="white", linewidth=0.3)
    for place, line in ((low, ":"), (middle, "-"), (high, ":")):
        axis.axvline(place, color=INK, linewidth=0.8, linestyle=line)
    told = f"n = {len(values)}, median {middle:.2f}\n(quartiles {low:.2f} and {high:.2f})"
    axis.text(
        *(0.0, 1.02, told.replace("-", "\N{MINUS SIGN}")), transform=axis.transAxes, va="bottom", ha="left"
    )
    axis.set_title(axis.get_title(loc="left"), pad=24)
