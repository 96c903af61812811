"""How models are drawn in every figure: colours, markers and lines, curves, levels and legend entries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType
from numpy.typing import NDArray

from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.figures.style import COLOURS, GREY, INK

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
LINES: tuple[LineStyleType, ...] = ("-", "-.", (0, (3, 1, 1, 1, 1, 1)))
BASELINE_LINES: tuple[LineStyleType, ...] = (":", (0, (1, 2.5)), (0, (5, 1, 1, 1)))


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


def twin_handle(facts: RunFacts, *, line: bool = True, marker: bool = True) -> list[Line2D]:
    """One legend entry for all random twins of models in the figure; twins without one come singly.

    Without ``marker``, their lines alone tell them.
    """
    chosen = looks(facts)
    trained = {model.name for model in facts.of_kind("trained")}
    twins = [model for model in facts.of_kind("random") if model.twin_of in trained]
    handles = [handle(chosen[m.name], line=line) for m in facts.of_kind("random") if m.twin_of not in trained]
    if twins:
        name = "random twin (hollow, dashed)" if marker else "random twin (dashed)"
        general = Look(name, GREY, "o" if marker else "_", "--", filled=False)
        handles.append(handle(general, line=line))
    return handles


def draw_curve(
    axis: Axes,
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    limits: tuple[NDArray[np.float64], NDArray[np.float64]],
    look: Look,
    tie: NDArray[np.bool_] | None = None,
) -> None:
    """Draw a curve with its intervals: bars on trained models and on single points, else a light band.

    With ``tie``, markers of a trained model are filled there and open elsewhere, and a random twin, told by
    its line, has none unless it is a single point.
    """
    order = 2.0 if look.filled else 1.5
    axis.plot(
        x,
        mean,
        color=look.colour,
        linestyle=look.line,
        linewidth=1.1 if look.filled else 0.7,
        marker="" if tie is not None and not look.filled and len(x) > 1 else look.marker,
        markersize=3.2 if look.filled else 2.4,
        markerfacecolor=look.face if tie is None else "white",
        markeredgewidth=0.6,
        zorder=order + 0.2,
        label=look.label,
    )
    if tie is not None and look.filled:
        axis.plot(
            x[tie],
            mean[tie],
            look.marker,
            color=look.colour,
            markersize=4.6,
            markeredgewidth=0,
            zorder=order + 0.3,
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
