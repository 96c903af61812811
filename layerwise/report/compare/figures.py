"""Curves of several runs over each other, their differences below, and the axis over training."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import WEIGHTED_SUM, layer_index
from layerwise.report.compare.runs import Series, Side, step_label
from layerwise.report.curves import curve_of, peak_of
from layerwise.report.figures.depth import layer_axis
from layerwise.report.figures.looks import LINES, MARKERS, Look
from layerwise.report.figures.strokes import draw_curve, handle
from layerwise.report.figures.style import COLOURS, GREY, INK, Style, drawing, legend_below, panels
from layerwise.report.run_tables import of
from layerwise.report.words import LEVEL

MOST_PANELS = 6  # models in one figure
COLUMNS = 3
LIGHTEST = 0.88  # of the colour map: what is lighter is not seen on paper


class Kind(NamedTuple):
    """What is drawn: an analysis or a task, its title, and the name of the axis of scores."""

    name: str
    title: str
    score: str


def side_looks(series: Sequence[Series]) -> dict[str, Look]:
    """A colour, marker and line of each run; of checkpoints a colour map over training."""
    labels = list(dict.fromkeys(side.label for entry in series for side in entry.sides))
    steps = sorted({side.step for entry in series for side in entry.sides if side.step is not None})
    if steps:
        shades = mpl.colormaps["viridis"](np.linspace(0, LIGHTEST, len(steps)))
        colours = [mpl.colors.to_hex(shade) for shade in shades]
        return {
            step_label(step): Look(step_label(step), colour, MARKERS[place % len(MARKERS)], "-", True)
            for place, (step, colour) in enumerate(zip(steps, colours, strict=True))
        }
    return {
        label: Look(
            label,
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
            LINES[place // len(COLOURS) % len(LINES)],
            True,
        )
        for place, label in enumerate(labels)
    }


def difference_figures(
    kind: Kind, series: Sequence[Series], differences: pd.DataFrame, style: Style | None = None
) -> list[Figure]:
    """Draw the curves of all sides and how far each is from the first, six models in a figure.

    ``differences`` are the rows of one analysis (`differences.CURVES`) or task (`tasks.TASKS`). Filled: a
    layer that differs (Holm, 5 %). Models with a single layer are left to the tables.
    """
    shown = []
    for entry in series:
        layers = {layer for side in entry.sides for layer in _curve(side, kind)["layer"]}
        if len(layers) > 1 and not of(differences, series=entry.name).empty:
            shown.append(entry)
    parts = [shown[start : start + MOST_PANELS] for start in range(0, len(shown), MOST_PANELS)]
    return [_figure(kind, part, series, differences, style or Style()) for part in parts]


def _figure(
    kind: Kind, part: Sequence[Series], series: Sequence[Series], differences: pd.DataFrame, style: Style
) -> Figure:
    with drawing(style):
        columns = min(COLUMNS, len(part))
        rows = -(-len(part) // columns)
        if len(part) == 1:  # both panels side by side
            figure, axes = panels(style.width, 2.3, 1, 2, 2)
        else:
            figure, axes = panels(style.width, 2.9 * rows, 2 * rows, columns, 2 * rows * columns)
        looks = side_looks(series)
        used: list[str] = []
        for place in range(rows * columns):
            line, column = divmod(place, columns)
            upper, lower = axes[2 * line * columns + column], axes[(2 * line + 1) * columns + column]
            if place >= len(part):
                figure.delaxes(upper)
                figure.delaxes(lower)
                continue
            entry = part[place]
            for side in entry.sides:
                used.append(side.label)
                _draw(upper, _curve(side, kind), looks[side.label])
            mine = of(differences, series=entry.name)
            lower.axhline(0, color=INK, linewidth=0.6, zorder=0.8)
            for side in entry.sides[1:]:
                rows_of = of(mine, run_b=side.run.label, model_b=side.model)
                _draw(lower, _as_curve(rows_of), looks[side.label])
            facts = entry.sides[0].run.facts
            everything = pd.concat([_curve(side, kind) for side in entry.sides])
            for axis in (upper, lower):
                layer_axis(axis, everything, facts)
            if len(part) > 1:
                upper.set_xlabel("")
            upper.set_title(entry.name, parse_math=False)
            if column == 0:
                upper.set_ylabel(kind.score)
                lower.set_ylabel("difference")
        handles = [handle(look) for label, look in looks.items() if label in used]
        filled = Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=4.5)
        filled.set_label("filled: differs (Holm, 5%)")
        legend_below(figure, [*handles, filled], style)
    return figure


def _curve(side: Side, kind: Kind) -> pd.DataFrame:
    """Layers of a side: model, layer, layer_index, value, low, high, differs."""
    tables = side.run.tables
    if kind.name in tables.analyses:
        table = of(tables.layer_summary, model=side.model, analysis=kind.name)
        table = table.rename(columns={"score": "value"})
    else:
        metric = side.run.facts.task(kind.name).metric.name if kind.name in tables.tasks else ""
        table = of(tables.downstream_summary, model=side.model, task=kind.name, metric=metric)
        table = table[table["layer"] != WEIGHTED_SUM]
        table = table.assign(layer_index=[layer_index(str(layer)) for layer in table["layer"]])
    return table.assign(differs=False).sort_values("layer_index")


def _as_curve(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["layer"] != WEIGHTED_SUM]
    places = [layer_index(str(layer)) for layer in rows["layer"]]
    if "layer_index" in rows:  # of conv layers, whose place depends on how many there are
        places = list(rows["layer_index"])
    table = rows.assign(layer_index=places, value=rows["difference"], differs=rows["p_holm"] < LEVEL)
    return table.sort_values("layer_index")


def _draw(axis: Axes, curve: pd.DataFrame, look: Look) -> None:
    """Draw layers joined by a line, and what is no further layer (``T0-pos``, ``TL+ln``) on its own."""
    places = curve["layer_index"].to_numpy(dtype=float)
    for use in (places % 1 == 0, (places % 1 > 0) & (places < 0), (places % 1 > 0) & (places > 0)):
        if use.any():
            part = curve[use]
            x, mean, low, high = (
                part[name].to_numpy(dtype=float) for name in ("layer_index", "value", "low", "high")
            )
            # Without an interval (one unit) there is a point alone.
            low, high = (np.where(np.isfinite(limit), limit, mean) for limit in (low, high))
            draw_curve(axis, x, mean, (low, high), look, part["differs"].to_numpy(dtype=bool))


def training_figures(
    kind: Kind, series: Sequence[Series], style: Style | None = None
) -> Iterator[tuple[str, Figure]]:
    """Draw, for each series of checkpoints, the score of its best block layer over steps, and which it is.

    Gives the name of the series with each figure.
    """
    style = style or Style()
    for entry in series:
        points = training_points(entry, kind.name)
        if len(points) < 2:
            continue
        with drawing(style):
            figure, axes = panels(style.width, 2.3, 1, 2, 2)
            steps, looks = points["step"].to_numpy(dtype=float), side_looks(series)
            score, low, high = (points[name].to_numpy(dtype=float) for name in ("score", "low", "high"))
            axes[0].plot(steps, score, color=INK, linewidth=0.9, zorder=1.5)
            axes[1].plot(steps, points["depth"], color=INK, linewidth=0.9, zorder=1.5)
            for place, step in enumerate(steps):
                look = looks[step_label(step)]
                if np.isfinite([low[place], high[place]]).all():
                    axes[0].vlines(step, low[place], high[place], color=look.colour, linewidth=1.2)
                axes[0].plot(step, score[place], look.marker, color=look.colour, markersize=4.5, zorder=2)
                ties = points["tie_depths"].iloc[place]
                axes[1].plot([step] * len(ties), ties, "_", color=look.colour, markersize=7, zorder=1.8)
                depth = points["depth"].iloc[place]
                axes[1].plot(step, depth, look.marker, color=look.colour, markersize=4.5, zorder=2)
            axes[0].set(title=f"{kind.title}: best block layer", ylabel=kind.score)
            axes[1].set(title="Which layer it is (bars: its tie set)", ylabel="layer")
            deepest = int(max(depth for ties in points["tie_depths"] for depth in ties))
            ticks = range(0, deepest + 1, max(1, deepest // 6))
            axes[1].set_ylim(-0.5, deepest + 1)
            axes[1].set_yticks(ticks, [f"T{depth}" for depth in ticks])
            for axis in axes:
                axis.set_xlabel("training step")
                if steps.min() > 0 and steps.max() / steps.min() >= 20:
                    axis.set_xscale("log")
        yield entry.name, figure


def training_points(entry: Series, analysis: str) -> pd.DataFrame:
    """The best block layer at each checkpoint: step, score with limits, layer, depth, tie set, its depths."""
    rows = []
    for side in entry.sides:
        peak = peak_of(side.run.tables.peaks, side.model, analysis)
        if peak is None or side.step is None:
            continue
        curve, best = curve_of(side.run.tables.layer_summary, side.model, analysis), str(peak["layer"])
        numbers = [float(curve[name][best]) for name in ("score", "low", "high")]
        ties = str(peak["tie"]).split(" ")
        depths = [float(curve["layer_index"][layer]) for layer in ties]
        head = (side.run.label, side.model, side.step)
        rows.append((*head, *numbers, best, float(peak["layer_index"]), " ".join(ties), depths))
    columns = ["run", "model", "step", "score", "low", "high", "layer", "depth", "tie", "tie_depths"]
    return pd.DataFrame(rows, columns=columns)
