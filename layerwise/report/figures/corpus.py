"""The corpus at a glance: durations, phones, and what the alignment kept."""

import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from layerwise.report.figures.style import COLOURS, GREY, Style, drawing

SPLITS = {"train": COLOURS[0], "dev": COLOURS[4], "test": COLOURS[1]}
MARGIN = 0.6  # inches beside the bars of phones
SMALLEST = 4.5  # points
STATUSES = ("aligned", "dropped", "failed")


def corpus_figure(utterances: pd.DataFrame, segments: pd.DataFrame, style: Style | None = None) -> Figure:
    """Utterance durations by split, alignment yield and phone counts of the corpus.

    ``utterances`` and ``segments`` are the tables of `RunTables`.
    """
    style = style or Style()
    with drawing(style):
        figure = Figure(figsize=(style.width, 4.6 if style.narrow else 3.5), layout="constrained")
        if style.narrow:
            durations, yields, phones = figure.subplots(3, 1, height_ratios=(1.3, 0.8, 1.3))
        else:
            grid = figure.add_gridspec(2, 3)
            durations, yields = figure.add_subplot(grid[0, :2]), figure.add_subplot(grid[0, 2])
            phones = figure.add_subplot(grid[1, :])

        seconds = utterances["seconds"]
        splits = [split for split in SPLITS if (utterances["split"] == split).any()]
        edges = np.linspace(0, float(seconds.max()), 31).tolist()
        parts = [seconds[utterances["split"] == split] for split in splits]
        totals = [
            f"{split}: {len(part)} utterances, {part.sum() / 60:.1f} min"
            for split, part in zip(splits, parts, strict=True)
        ]
        durations.hist(
            parts,
            edges,
            stacked=True,
            color=[SPLITS[split] for split in splits],
            label=totals,
            edgecolor="white",
            linewidth=0.3,
        )
        durations.legend(frameon=False, handlelength=1.0)
        durations.set(title="Durations", xlabel="utterance (s)", ylabel="utterances")

        counts = utterances["status"].value_counts().reindex(STATUSES, fill_value=0)
        bars = yields.barh(STATUSES, counts, color=[COLOURS[0], COLOURS[4], COLOURS[1]], height=0.6)
        yields.bar_label(bars, [f"{n} ({n / max(1, len(utterances)):.1%})" for n in counts], padding=2)
        yields.set(title="Alignment", xlabel="utterances", xlim=(0, 1.45 * max(1, counts.max())))
        yields.invert_yaxis()
        yields.locator_params(axis="x", nbins=4)

        labels = segments[segments["tier"] == "phone"].set_index("label")["segments"]
        sns.barplot(x=labels.index, y=labels.to_numpy(), color=GREY, ax=phones)
        words = int(segments.loc[segments["tier"] == "word", "segments"].sum())
        phones.set(
            title=_wrapped(
                f"Aligned phones ({labels.sum():,} segments of {len(labels)} phones, in {words:,} words)",
                style,
            ),
            xlabel="",
            ylabel="segments",
        )
        upright = len(labels) > (20 if style.narrow else 45)
        room = 72 * (style.width - MARGIN) / max(1, len(labels))
        phones.tick_params(
            axis="x",
            labelrotation=90 if upright else 0,
            labelsize=min(style.small_font, max(SMALLEST, room)) if upright else style.small_font,
        )
    return figure


def _wrapped(title: str, style: Style) -> str:
    return textwrap.fill(title, 48) if style.narrow else title
