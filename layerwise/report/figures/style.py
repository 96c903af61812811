"""The common look of all figures: sizes, colours, markers, legends, and how they are saved."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from layerwise.files import write_aside
from layerwise.report.figures.lettering import set_fonts

# Okabe and Ito (2008), "Color Universal Design", darkest hues first; yellow is too light on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D3A9B")
INK = "#222222"
GREY = "#9A9A9A"
LEGEND_LINE = 0.165  # inches per line of a legend
CHARACTER = 0.062  # inches, mean width of a legend's character at 7 pt
HANDLE = 0.5  # inches of a legend's handle and padding
WRAP = 40
POSITION_DIGITS = 9


@dataclass(frozen=True)
class Style:
    """Print sizes in inches and points."""

    column: float = 3.4
    double: float = 7.0
    font: float = 7.5
    small_font: float = 7.0
    png_dpi: int = 200


@contextmanager
def drawing(style: Style) -> Iterator[None]:
    """Set the figure parameters for a block, whatever the user's matplotlibrc says."""
    own: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": style.font,
        "axes.titlesize": style.font + 0.5,
        "axes.labelsize": style.font,
        "xtick.labelsize": style.small_font,
        "ytick.labelsize": style.small_font,
        "legend.fontsize": style.small_font,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.edgecolor": INK,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "pdf.fonttype": 42,
        "svg.hashsalt": "layerwise",
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(own)
        yield


def panels(
    width: float, height: float, rows: int, columns: int, count: int, *, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Make a figure with ``count`` panels on a grid and no empty axes; sizes in inches."""
    layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(width, height), layout=layout)
    axes = list(figure.subplots(rows, columns, squeeze=False, sharey=sharey).flat)
    for spare in axes[count:]:
        figure.delaxes(spare)
    return figure, axes[:count]


def note(axis: Axes, text: str) -> None:
    """Say in place of data why there is none."""
    axis.text(0.5, 0.5, text, ha="center", va="center", color=INK, transform=axis.transAxes)
    axis.set(xticks=[], yticks=[])
    axis.spines[["left", "bottom"]].set_visible(False)


def legend_below(figure: Figure, handles: Sequence[Artist], style: Style) -> None:
    """Put a legend under the panels and make the figure taller by what it needs."""
    if not handles:
        return
    labels = [textwrap.fill(str(handle.get_label()), WRAP, break_long_words=True) for handle in handles]
    widest = max(len(line) for label in labels for line in label.split("\n"))
    scale = style.small_font / 7
    width, height = figure.get_size_inches()
    columns = int(np.clip(width // (scale * (widest * CHARACTER + HANDLE)), 1, len(labels)))
    columns = -(-len(labels) // -(-len(labels) // columns))  # as few columns as the rows allow
    tallest = max(label.count("\n") + 1 for label in labels)
    rows = -(-len(labels) // columns)
    figure.set_size_inches(width, height + scale * LEGEND_LINE * rows * tallest + 0.1)
    figure.legend(
        handles=list(handles),
        labels=labels,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        handlelength=2.8,
        columnspacing=1.2,
        borderaxespad=0.1,
    )


def save_figure(figure: Figure, stem: Path | str, style: Style | None = None) -> tuple[Path, Path]:
    """Write ``{stem}.pdf`` (vector) and ``{stem}.png``; equal figures give equal bytes."""
    style = style or Style()
    pdf, png = Path(f"{stem}.pdf"), Path(f"{stem}.png")
    with drawing(style):
        set_fonts(figure)
        # Lay out once, not once per file: this is the slow part.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        # The solver of layouts goes by addresses: its last digits differ from one process to the next.
        for axes in figure.axes:
            left, bottom, width, height = np.round(axes.get_position(original=True).bounds, POSITION_DIGITS)
            axes.set_position((left, bottom, width, height))
        with write_aside(pdf) as partial:
            figure.savefig(partial, metadata={"CreationDate": None, "Producer": None, "Creator": None})
        with write_aside(png) as partial:
            figure.savefig(partial, dpi=style.png_dpi, metadata={"Software": None})
    return pdf, png
