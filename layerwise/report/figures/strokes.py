"""Curves, levels and legend entries in the looks of models."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import GREY, Look, brief, families, family_colours, looks, many, ordered
from layerwise.report.figures.style import Style

LINE_HEIGHT = 1.25  # of the font
MARGIN = 0.3  # inches, least height of a panel


def handle(look: Look, *, line: bool = True) -> Line2D:
    """Legend entry of a model."""
    return Line2D(
        *([], []),
        color=look.colour,
        linestyle=look.line if line else "none",  # type: ignore[arg-type]
        marker="" if line and look.marker == "_" else look.marker,
        markerfacecolor=look.face,
        markersize=4,
        linewidth=1.2,
        label=look.label,
    )


def twin_handle(
    facts: RunFacts, chosen: dict[str, Look], *, line: bool = True, marker: bool = True
) -> list[Line2D]:
    """One legend entry for all random twins of models in the figure; twins without one come singly.

    Without ``marker``, their lines alone tell them.
    """
    trained = {model.name for model in facts.of_kind("trained")}
    twins = [model for model in facts.of_kind("random") if model.twin_of in trained]
    handles = [handle(chosen[m.name], line=line) for m in facts.of_kind("random") if m.twin_of not in trained]
    if twins:
        name = "random twin (hollow, dashed)" if marker else "random twin (dashed)"
        general = Look(name, GREY, "o" if marker else "_", "--", filled=False)
        handles.append(handle(general, line=line))
    return handles


def model_handles(
    facts: RunFacts, names: set[str], style: Style, *, line: bool = True, twin_marker: bool = True
) -> list[Line2D]:
    """Legend entries of the models of a figure: trained ones, random twins as one, features without layers.

    Where families have the colours, trained models are entries by family.
    """
    chosen = looks(facts, style.options)
    trained = ordered(facts.of_kind("trained"), names)
    colours = family_colours(facts, style.options)
    if colours and many(trained, style.options):
        handles = [
            handle(Look(family, colours[family], "o", "-", filled=True), line=line)
            for family, models in families(facts, style.options).items()
            if any(model in trained for model in models)
        ]
    else:
        handles = [handle(chosen[model.name], line=line) for model in trained]
    if ordered(facts.of_kind("random"), names):
        handles += twin_handle(facts, chosen, line=line, marker=twin_marker)
    return handles + [
        handle(chosen[model.name], line=line) for model in ordered(facts.of_kind("baseline"), names)
    ]


def label_ends(axis: Axes, ends: list[tuple[float, Look]], font: float, *, short: bool = False) -> None:
    """Write the names of curves right of the panel, at the height where each ends, one above the other.

    ``ends`` hold the last value of each curve. Call it when the limits of the axis are set.
    """
    low, high = axis.get_ylim()
    step = (high - low) * LINE_HEIGHT * font / 72 / max(_height(axis), MARGIN)
    places: list[float] = []
    for value, _ in sorted(ends, key=lambda end: end[0]):
        places.append(max(value, places[-1] + step) if places else value)
    # What has been pushed above the panel comes down again.
    over = places[-1] - high if places else 0.0
    for number in range(len(places) - 1, -1, -1):
        if over <= 0:
            break
        limit = high if number == len(places) - 1 else places[number + 1] - step
        places[number] = min(places[number], limit)
    where = blended_transform_factory(axis.transAxes, axis.transData)
    for place, (value, look) in zip(places, sorted(ends, key=lambda end: end[0]), strict=True):
        axis.plot(
            [1.0, 1.03], [value, place], color=look.colour, linewidth=0.5, transform=where, clip_on=False
        )
        axis.plot(
            *([1.05], [place], look.marker),
            color=look.colour,
            markersize=3,
            transform=where,
            clip_on=False,
        )
        axis.text(
            *(1.08, place, brief(look.label) if short else look.label),
            color=look.colour,
            fontsize=font,
            va="center",
            transform=where,
            parse_math=False,
        )


def _height(axis: Axes) -> float:
    """Height of a panel in inches, before the layout, which gives titles and labels their room."""
    figure = axis.get_figure(root=True)
    assert figure is not None
    return float(axis.get_position(original=True).height * figure.get_size_inches()[1])


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
