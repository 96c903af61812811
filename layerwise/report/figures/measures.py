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
from layerwise.report.figures.layers import NOT_RUN, layer_axis
from layerwise.report.figures.looks import draw_curve, draw_level, handle, looks, ordered, twin_handle
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
    with drawing(style):
        columns = min(len(shown), 2)
        rows = -(-len(shown) // columns)
        width = style.double if columns == 2 else style.column
        figure, axes = panels(width, 2.05 * rows if columns == 2 else 2.3, rows, columns, len(shown))
        parts = [of(measures, measure=measure.name, variant=variant.name) for measure, variant in shown]
        for axis, (measure, variant), part in zip(axes, shown, parts, strict=True):
            if part.empty:
                note(axis, NOT_RUN)
            else:
                _draw(axis, part, variant, facts)
            better = "" if variant.higher_is_better else ", lower is better"
            axis.set_title(textwrap.fill(f"{measure.title}: {variant.title}", TITLE_WIDTH))
            axis.set_ylabel(f"{variant.quantity}{better}")
        drawn = pd.concat(parts)
        legend_below(figure, _handles(set(drawn["model"]), [variant for _, variant in shown], facts), style)
    return figure


def _draw(axis: Axes, part: pd.DataFrame, variant: VariantFacts, facts: RunFacts) -> None:
    chosen = looks(facts)
    of_model = part.groupby("model")["layer"].agg(list)
    named = zip(part["layer"], part["model"], strict=True)
    indexed = part.assign(layer_index=[layer_index(layer, of_model[model]) for layer, model in named])
    for model in ordered(facts.models, set(part["model"])):
        curve = indexed[indexed["model"] == model.name].sort_values("layer_index")
        x, value, low, high = (
            curve[name].to_numpy(dtype=np.float64) * (1 if name == "layer_index" else variant.factor)
            for name in ("layer_index", "value", "low", "high")
        )
        limits = np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)
        if model.kind == "baseline":
            draw_level(axis, float(value[0]), float(limits[0][0]), float(limits[1][0]), chosen[model.name])
            continue
        for use in (x % 1 == 0, (x % 1 > 0) & (x < 0), (x % 1 > 0) & (x > 0)):
            if use.any():
                draw_curve(axis, x[use], value[use], (limits[0][use], limits[1][use]), chosen[model.name])
    if variant.floor is not None:
        axis.axhline(variant.factor * variant.floor, color=GREY, linewidth=1.0, zorder=0.9)
    layer_axis(axis, indexed, facts)


def _handles(names: set[str], shown: Sequence[VariantFacts], facts: RunFacts) -> list[Line2D]:
    chosen = looks(facts)
    handles = [handle(chosen[model.name]) for model in ordered(facts.of_kind("trained"), names)]
    if ordered(facts.of_kind("random"), names):
        handles += twin_handle(facts)
    handles += [handle(chosen[model.name]) for model in ordered(facts.of_kind("baseline"), names)]
    if any(variant.floor is not None for variant in shown):
        handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="a layer that knows nothing"))
    return handles
