"""Curves over layers of the measures: the headline of each, and all variants of one."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import layer_index
from layerwise.report.facts import MeasureFacts, RunFacts, VariantFacts
from layerwise.report.figures.depth import layer_axis, placed
from layerwise.report.figures.heat import NOT_RUN, columns_of, draw_heat_map, heat_panels, shown_models
from layerwise.report.figures.looks import looks, many, ordered
from layerwise.report.figures.strokes import draw_curve, draw_level, model_handles
from layerwise.report.figures.style import GREY, Style, drawing, legend_below, note, panels
from layerwise.report.run_tables import of

TITLE_WIDTH = 42  # characters
Panel = tuple[MeasureFacts, VariantFacts]


def headline_figure(measures: pd.DataFrame, facts: RunFacts, style: Style | None = None) -> Figure:
    """Values over layers, one panel per measure (its headline); ``measures`` is `RunTables.measures`."""
    return _figure(measures, facts, [(measure, measure.main) for measure in facts.measures], style)


def variants_figure(measures: pd.DataFrame, facts: RunFacts, name: str, style: Style | None = None) -> Figure:
    """Values over layers, one panel per variant of a measure that the run has."""
    measure = facts.measure(name)
    there = set(of(measures, measure=name)["variant"])
    shown = [variant for variant in measure.variants if variant.name in there] or [measure.main]
    return _figure(measures, facts, [(measure, variant) for variant in shown], style)


def _figure(measures: pd.DataFrame, facts: RunFacts, shown: Sequence[Panel], style: Style | None) -> Figure:
    style = style or Style()
    parts = [of(measures, measure=measure.name, variant=variant.name) for measure, variant in shown]
    drawn = pd.concat(parts)
    if many(ordered(facts.models, set(drawn["model"])), style.options):
        return _heat(parts, shown, facts, style)
    with drawing(style):
        columns = style.across(len(shown))
        rows = -(-len(shown) // columns)
        figure, axes = panels(style.width, (2.3 if rows == 1 else 2.05) * rows, rows, columns, len(shown))
        for axis, (measure, variant), part in zip(axes, shown, parts, strict=True):
            if part.empty:
                note(axis, NOT_RUN)
            else:
                _draw(axis, part, variant, facts, style)
            axis.set_title(_title(measure, variant))
            axis.set_ylabel(_quantity(variant))
        legend_below(
            figure, _handles(set(drawn["model"]), [variant for _, variant in shown], facts, style), style
        )
    return figure


def _heat(parts: Sequence[pd.DataFrame], shown: Sequence[Panel], facts: RunFacts, style: Style) -> Figure:
    with drawing(style):
        models = shown_models(facts, pd.concat(parts))
        figure, axes = heat_panels(len(shown), len(models), style)
        columns = columns_of(len(shown), len(models), style)
        for number, (axis, (measure, variant), part) in enumerate(zip(axes, shown, parts, strict=True)):
            mine = part[part["model"].isin([model.name for model in models])]
            if mine.empty:
                note(axis, NOT_RUN)
            else:
                values = _indexed(mine).assign(value=mine["value"].astype(float) * variant.factor)
                chosen, named = looks(facts, style.options), number % columns == 0
                draw_heat_map(figure, axis, values, models, chosen, named=named, value="value")
            width = TITLE_WIDTH * 2 // (columns * (3 if style.narrow else 1))
            axis.set_title(textwrap.fill(f"{measure.title}: {variant.title}, {_quantity(variant)}", width))
    return figure


def _title(measure: MeasureFacts, variant: VariantFacts) -> str:
    return textwrap.fill(f"{measure.title}: {variant.title}", TITLE_WIDTH)


def _quantity(variant: VariantFacts) -> str:
    return variant.quantity + ("" if variant.higher_is_better else ", lower is better")


def _indexed(part: pd.DataFrame) -> pd.DataFrame:
    """Add the place of each layer."""
    of_model = part.groupby("model")["layer"].agg(list)
    named = zip(part["layer"], part["model"], strict=True)
    return part.assign(layer_index=[layer_index(layer, of_model[model]) for layer, model in named])


def _draw(axis: Axes, part: pd.DataFrame, variant: VariantFacts, facts: RunFacts, style: Style) -> None:
    chosen = looks(facts, style.options)
    indexed = placed(_indexed(part), facts, style)
    for model in ordered(facts.models, set(part["model"])):
        curve = indexed[indexed["model"] == model.name].sort_values("layer_index")
        index, x = (curve[name].to_numpy(dtype=np.float64) for name in ("layer_index", "place"))
        value, low, high = (
            curve[name].to_numpy(dtype=np.float64) * variant.factor for name in ("value", "low", "high")
        )
        limits = np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)
        if model.kind == "baseline":
            draw_level(axis, float(value[0]), float(limits[0][0]), float(limits[1][0]), chosen[model.name])
            continue
        for use in (index % 1 == 0, (index % 1 > 0) & (index < 0), (index % 1 > 0) & (index > 0)):
            if use.any():
                draw_curve(axis, x[use], value[use], (limits[0][use], limits[1][use]), chosen[model.name])
    if variant.floor is not None:
        axis.axhline(variant.factor * variant.floor, color=GREY, linewidth=1.0, zorder=0.9)
    layer_axis(axis, indexed, facts, style)


def _handles(names: set[str], shown: Sequence[VariantFacts], facts: RunFacts, style: Style) -> list[Line2D]:
    handles = model_handles(facts, names, style)
    if any(variant.floor is not None for variant in shown):
        handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="a layer that knows nothing"))
    return handles
