"""Heat maps of model x layer, with the layers that the best does not beat in a frame."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.figures.depth import most_ticks, panel_width
from layerwise.report.figures.looks import Look, brief, looks, ordered
from layerwise.report.figures.style import Style, drawing, note, panels

NOT_RUN = "cannot be run on this corpus"
ROW = 0.135  # inches of a model
REST = 0.75  # inches of title, axis and colour bar
TITLE_WIDTH = 24  # characters, in a third of a page
ROOMY = 2.0  # inches
FRAME = ("white", "black")


def heat_figure(
    summary: pd.DataFrame, facts: RunFacts, analyses: Sequence[str], style: Style | None = None
) -> Figure:
    """Score of each layer (columns) of each trained model (rows), one panel for each analysis.

    A frame holds the tie set of the best block layer. ``summary`` is `RunTables.layer_summary`.
    """
    style = style or Style()
    with drawing(style):
        models = shown_models(facts, summary)
        figure, axes = heat_panels(len(analyses), max(1, len(models)), style)
        for number, (axis, analysis) in enumerate(zip(axes, analyses, strict=True)):
            part = summary[summary["analysis"] == analysis]
            part = part[part["model"].isin([model.name for model in models])]
            if part.empty:
                note(axis, NOT_RUN)
            else:
                named = number % columns_of(len(analyses), len(models), style) == 0
                draw_heat_map(figure, axis, part, models, looks(facts, style.options), named=named)
            width = TITLE_WIDTH if panel_width(axis) > 1.5 else TITLE_WIDTH // 2
            axis.set_title(textwrap.fill(facts.analysis(analysis).short, width))
    return figure


def shown_models(facts: RunFacts, table: pd.DataFrame) -> list[ModelFacts]:
    """Rows of a heat map, shallow models first: trained models, or all with layers where there is none.

    ``table`` has columns model and layer.
    """
    names = set(table["model"])
    layers = table.groupby("model")["layer"].nunique()
    models = ordered(facts.of_kind("trained"), names) or ordered(facts.models, names)
    return sorted(models, key=lambda model: int(layers[model.name]))


def columns_of(count: int, models: int, style: Style) -> int:
    """Panels in a row: more where models are many, so that all fit on a page."""
    crowded = models > style.options.most_curves
    most = (2 if crowded else 1) if style.narrow else (4 if crowded else 2)
    return max(1, min(count, most))


def heat_panels(count: int, models: int, style: Style) -> tuple[Figure, list[Axes]]:
    """Make panels for heat maps of so many rows."""
    columns = columns_of(count, models, style)
    rows = -(-count // columns)
    return panels(style.width, (REST + ROW * models) * rows, rows, columns, count)


def draw_heat_map(
    figure: Figure,
    axis: Axes,
    part: pd.DataFrame,
    models: Sequence[ModelFacts],
    chosen: dict[str, Look],
    *,
    named: bool = True,
    value: str = "score",
    falling: bool = False,
) -> None:
    """Draw values as model x layer; a frame holds layers that the best does not beat.

    ``part`` has columns model, layer, layer_index and the one of ``value``; those with ``tie`` "yes" are
    framed; with ``falling``, low values are the light ones. Layers between others (``TL+ln``) are left out;
    the weighted sum stands right of the last.
    """
    whole = part["layer"] == WEIGHTED_SUM
    part = part[(part["layer_index"] % 1 == 0) | whole]
    whole = part["layer"] == WEIGHTED_SUM
    layers = sorted(set(part.loc[~whole, "layer_index"].astype(float)))
    names = [model.name for model in models]
    table = part[~whole].pivot(index="model", columns="layer_index", values=value).reindex(names)[layers]
    if whole.any():
        table = table.assign(gap=np.nan, whole=part[whole].set_index("model")[value].reindex(names))
    image = axis.pcolormesh(
        np.arange(table.shape[1] + 1) - 0.5,
        np.arange(len(models) + 1) - 0.5,
        table.to_numpy(dtype=float),
        cmap="cividis_r" if falling else "cividis",
        rasterized=False,
        linewidth=0,
    )
    if "tie" in part:
        for row, model in enumerate(models):
            ties = part[(part["model"] == model.name) & (part["tie"] == "yes")]["layer_index"]
            for first, last in runs(sorted(layers.index(float(place)) for place in ties)):
                _outline(axis, first, last, row)
    axis.set_ylim(len(models) - 0.5, -0.5)
    axis.set_yticks(
        range(len(models)), [row_label(chosen[name], axis) for name in names] if named else [""] * len(names)
    )
    step = int(np.ceil(len(layers) / most_ticks(axis)))
    labels = {
        float(index): str(layer) for index, layer in zip(part["layer_index"], part["layer"], strict=True)
    }
    shown = [place for place, layer in enumerate(layers) if layer >= 0 and layer % step == 0]
    ticks, texts = [float(place) for place in shown], [labels[layers[place]] for place in shown]
    if whole.any():
        ticks, texts = [*ticks, len(layers) + 1.0], [*texts, WEIGHTED_SUM]
    axis.set_xticks(ticks, texts)
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    bar = figure.colorbar(image, ax=axis, location="bottom", pad=0.02, aspect=30, shrink=0.8)
    bar.ax.locator_params(nbins=1 if panel_width(axis) < ROOMY else 4)
    bar.ax.tick_params(length=1.5)
    bar.outline.set(visible=False)


def row_label(look: Look, axis: Axes) -> str:
    """Name of a row, cut where the panel would be left little room."""
    return look.label if panel_width(axis) > ROOMY else brief(look.label)


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each stretch of numbers without a gap."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _outline(axis: Axes, first: int, last: int, row: int) -> None:
    """A frame in white with a thin black line in it, seen on dark and on light cells."""
    for colour, width in zip(FRAME, (1.6, 0.6), strict=True):
        axis.add_patch(
            Rectangle(
                (first - 0.44, row - 0.4),
                *(last - first + 0.88, 0.8),
                fill=False,
                edgecolor=colour,
                linewidth=width,
                joinstyle="miter",
            )
        )
