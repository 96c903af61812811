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
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType
from numpy.typing import NDArray

from layerwise.files import write_aside
from layerwise.report.facts import ModelFacts, RunFacts

# Okabe and Ito (2008), "Color Universal Design", darkest hues first; yellow is too light on paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D3A9B")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
LINES: tuple[LineStyleType, ...] = ("-", "-.", (0, (3, 1, 1, 1, 1, 1)))
BASELINE_LINES: tuple[LineStyleType, ...] = (":", (0, (1, 2.5)), (0, (5, 1, 1, 1)))
INK = "#222222"
GREY = "#9A9A9A"
LEGEND_LINE = 0.165  # inches per line of a legend
CHARACTER = 0.062  # inches, mean width of a legend's character at 7 pt
HANDLE = 0.5  # inches of a legend's handle and padding
WRAP = 40


@dataclass(frozen=True)
class Style:
    """Print sizes in inches and points; ``relative_depth`` scales the depth of every model to 0-1."""

    column: float = 3.4
    double: float = 7.0
    font: float = 7.5
    small_font: float = 7.0
    png_dpi: int = 200
    relative_depth: bool = False


@dataclass(frozen=True)
class Look:
    """How one model is drawn in every figure."""

    label: str
    colour: str
    marker: str
    line: LineStyleType
    filled: bool

    @property
    def face(self) -> str:
        """Fill of the marker: hollow for random twins."""
        return self.colour if self.filled else "white"


def looks(facts: RunFacts) -> dict[str, Look]:
    """Assign colours, markers and lines by config order; a random twin takes those of its model."""
    chosen: dict[str, Look] = {}
    line: LineStyleType
    lonely = [
        m for m in facts.of_kind("random") if m.twin_of not in {t.name for t in facts.of_kind("trained")}
    ]
    for number, model in enumerate([*facts.of_kind("trained"), *lonely]):
        trained = model.kind == "trained"
        line = LINES[number // len(COLOURS) % len(LINES)] if trained else "--"
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        chosen[model.name] = Look(model.label, colour, marker, line, filled=trained)
    for model in facts.of_kind("random"):
        if model.name not in chosen and model.twin_of is not None:
            own = chosen[model.twin_of]
            chosen[model.name] = Look(model.label, own.colour, own.marker, "--", filled=False)
    for number, model in enumerate(facts.of_kind("baseline")):
        line = BASELINE_LINES[number % len(BASELINE_LINES)]
        chosen[model.name] = Look(model.label, INK, "_", line, filled=True)
    return chosen


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


def handle(look: Look, *, line: bool = True) -> Line2D:
    """Legend entry of a model."""
    return Line2D(
        *([], []),
        color=look.colour,
        linestyle=look.line if line else "none",
        marker="" if line and look.marker == "_" else look.marker,
        markerfacecolor=look.face,
        markersize=4,
        linewidth=1.2,
        label=look.label,
    )


def twin_handle(facts: RunFacts, *, line: bool = True) -> list[Line2D]:
    """One legend entry for all random twins of models in the figure; twins without one come singly."""
    chosen = looks(facts)
    trained = {model.name for model in facts.of_kind("trained")}
    twins = [model for model in facts.of_kind("random") if model.twin_of in trained]
    handles = [handle(chosen[m.name], line=line) for m in facts.of_kind("random") if m.twin_of not in trained]
    if twins:
        general = Look("random twin (hollow, dashed)", GREY, "o", "--", filled=False)
        handles.append(handle(general, line=line))
    return handles


def draw_curve(
    axis: Axes,
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    limits: tuple[NDArray[np.float64], NDArray[np.float64]],
    look: Look,
) -> None:
    """Draw a curve with its intervals: bars on trained models and on single points, else a light band."""
    order = 2.0 if look.filled else 1.5
    axis.plot(
        x,
        mean,
        color=look.colour,
        linestyle=look.line,
        linewidth=1.1 if look.filled else 0.7,
        marker=look.marker,
        markersize=3.2 if look.filled else 2.4,
        markerfacecolor=look.face,
        markeredgewidth=0.6,
        zorder=order + 0.2,
        label=look.label,
    )
    if look.filled or len(x) == 1:
        axis.vlines(x, *limits, color=look.colour, linewidth=0.9 if look.filled else 0.6, zorder=order)
    else:
        axis.fill_between(x, *limits, color=look.colour, alpha=0.13, linewidth=0, zorder=1.0)


def draw_level(axis: Axes, mean: float, low: float, high: float, look: Look) -> None:
    """Draw a baseline without layers: a horizontal line with its interval as a band."""
    axis.axhspan(low, high, color=look.colour, alpha=0.1, linewidth=0, zorder=0.6)
    axis.axhline(mean, color=look.colour, linestyle=look.line, linewidth=1.0, zorder=1.1, label=look.label)


def ordered(models: Sequence[ModelFacts], names: set[str]) -> list[ModelFacts]:
    """Models that occur in a table, in config order."""
    return [model for model in models if model.name in names]


def save_figure(figure: Figure, stem: Path | str, style: Style | None = None) -> tuple[Path, Path]:
    """Write ``{stem}.pdf`` (vector) and ``{stem}.png``; equal figures give equal bytes."""
    style = style or Style()
    pdf, png = Path(f"{stem}.pdf"), Path(f"{stem}.png")
    with drawing(style):
        # Lay out once, not once per file: this is the slow part.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        with write_aside(pdf) as partial:
            figure.savefig(partial, metadata={"CreationDate": None, "Producer": None, "Creator": None})
        with write_aside(png) as partial:
            figure.savefig(partial, dpi=style.png_dpi, metadata={"Software": None})
    return pdf, png
