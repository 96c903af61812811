"""The common look of all figures: sizes, fonts, legends, and how they are saved."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from layerwise.files import write_aside
from layerwise.options.style import COLOURS, StyleOptions
from layerwise.report.figures.lettering import check_font, set_fonts
from layerwise.report.figures.looks import GREY, INK
from layerwise.report.names import COLUMN, PAGE

__all__ = [
    "COLOURS",
    "GREY",
    "INK",
    "TALLEST",
    "Style",
    "alone",
    "drawing",
    "legend_below",
    "note",
    "panels",
    "save_figure",
]

FONT = "DejaVu Sans"  # of matplotlib itself, for letters that another lacks
POINTS = 72.27  # of TeX in an inch
TALLEST = 8.9  # inches of panels, so that a page holds them with legend and caption
LEGEND_LINE = 0.165  # inches per line of a legend
CHARACTER = 0.062  # inches, mean width of a legend's character at 7 pt
HANDLE = 0.5  # inches of a legend's handle and padding
WRAP = 40
POSITION_DIGITS = 9
COMPRESSION = 3  # of PNG: a third faster than the default 6 for 5% more bytes
# What would say when and with what a file was made.
DATED = {
    "pdf": ("CreationDate", "Producer", "Creator"),
    "svg": ("Date", "Creator"),
    "png": ("Software",),
}


@dataclass(frozen=True)
class Style:
    """How a figure is drawn: the options of the run, and whether for a column or the width of a page.

    ``png_dpi`` is that of the options, unless it is given.
    """

    form: str = PAGE
    options: StyleOptions = field(default_factory=StyleOptions)
    png_dpi: int | None = None

    @property
    def narrow(self) -> bool:
        """Whether the figure is for one column."""
        return self.form == COLUMN

    @property
    def width(self) -> float:
        """Inches."""
        return (self.options.column if self.narrow else self.options.page) / POINTS

    @property
    def font(self) -> float:
        """Points of most text."""
        return self.options.font_size

    @property
    def small_font(self) -> float:
        """Points of ticks and legends."""
        return self.options.font_size - 0.5

    def across(self, count: int, most: int = 2) -> int:
        """Return how many of ``count`` panels stand in a row: at most ``most`` on a page, one in a column."""
        return 1 if self.narrow else max(1, min(count, most))


@contextmanager
def drawing(style: Style) -> Iterator[None]:
    """Set the figure parameters for a block, whatever the user's matplotlibrc says."""
    own: dict[Any, Any] = {
        "font.family": list(dict.fromkeys([style.options.font, FONT])),
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
        # One weight: a second font would take most of the time of writing a PDF.
        "axes.titleweight": "normal",
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
    """Make a figure with ``count`` panels on a grid and no empty axes; sizes in inches, at most a page."""
    height = min(height, TALLEST)
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


def alone(text: str, style: Style) -> Figure:
    """Make a figure that says why there is nothing to draw."""
    figure, axes = panels(style.width, 0.6, 1, 1, 1)
    note(axes[0], text)
    return figure


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


def save_figure(
    figure: Figure, stem: Path | str, style: Style | None = None, formats: Sequence[str] = ("pdf", "png")
) -> list[Path]:
    """Write ``{stem}.{format}`` for each format (pdf, svg, png); equal figures give equal bytes.

    Raises `ReportError` for a font that is not installed.
    """
    style = style or Style()
    check_font(style.options.font)
    saved = []
    with drawing(style):
        set_fonts(figure)
        # Lay out once, not once per file, and draw no more often than there are files: this is slow.
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)
        # The solver of layouts goes by addresses: its last digits differ from one process to the next.
        for part in figure.subfigs:
            part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), POSITION_DIGITS))
        for axes in figure.axes:
            left, bottom, width, height = np.round(axes.get_position(original=True).bounds, POSITION_DIGITS)
            axes.set_position((left, bottom, width, height))
        for suffix in formats:
            saved.append(Path(f"{stem}.{suffix}"))
            with write_aside(saved[-1]) as partial:
                how: dict[str, Any] = {"metadata": dict.fromkeys(DATED[suffix])}
                if suffix == "png":
                    how["pil_kwargs"] = {"compress_level": COMPRESSION}
                figure.savefig(partial, dpi=style.png_dpi or style.options.dpi, **how)
    return saved


def copy_figure(stem: Path, other: Path, formats: Sequence[str] = ("pdf", "png")) -> None:
    """Copy the files of a figure: by default those of the report, to where it looks for them."""
    for suffix in formats:
        with write_aside(Path(f"{other}.{suffix}")) as partial:
            shutil.copyfile(f"{stem}.{suffix}", partial)
