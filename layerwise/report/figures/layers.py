"""Curves over layers: what each layer knows, by the canonical correlation analyses."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.report.facts import AnalysisFacts, ModelFacts, RunFacts
from layerwise.report.figures.depth import RELATIVE, depth_groups, layer_axis, placed, with_company
from layerwise.report.figures.heat import NOT_RUN, heat_figure
from layerwise.report.figures.looks import Look, families, looks, many, ordered
from layerwise.report.figures.strokes import draw_curve, draw_level, label_ends, model_handles
from layerwise.report.figures.style import GREY, INK, Style, drawing, legend_below, note, panels

COINCIDE = 0.25  # of the range of all scores: models that differ by less coincide
MOST = 0.75  # of the layers
NAME_WIDTH = 24  # characters
CENTRED = "difference from the mean"


@dataclass(frozen=True)
class Panel:
    """One panel: an analysis, the names of models in it, and whether values are taken from their mean."""

    analysis: str
    title: str
    models: frozenset[str]
    centred: bool = False


def layer_figure(
    summary: pd.DataFrame, facts: RunFacts, analyses: Sequence[str], style: Style | None = None
) -> Figure:
    """Score over layers; ``summary`` is `RunTables.layer_summary`.

    Models of like depth share a panel. One analysis has a second panel, of differences from the mean of the
    trained models, where curves coincide. More models than `most_curves` are split by family, with their
    names beside the curves, or, for several analyses, make heat maps. A panel of an analysis that could not
    be run says so.
    """
    style = style or Style()
    mine = summary[summary["analysis"].isin(analyses)]
    crowded = many(ordered(facts.models, set(mine["model"])), style.options)
    if as_heat_maps(summary, facts, analyses, style):
        return heat_figure(summary, facts, analyses, style)
    alone = len(analyses) == 1
    shown = [
        panel
        for name in analyses
        for panel in _panels(of_analysis(mine, name), facts, name, style, alone=alone)
    ]
    with drawing(style):
        columns = _columns(len(shown), len(analyses), crowded, style)
        rows = -(-len(shown) // columns)
        figure, axes = panels(style.width, (2.3 if rows == 1 else 2.05) * rows, rows, columns, len(shown))
        labels = [_score_label(facts.analysis(panel.analysis)) for panel in shown]
        for number, (axis, panel, label) in enumerate(zip(axes, shown, labels, strict=True)):
            part = of_analysis(mine, panel.analysis)
            part = part[part["model"].isin(panel.models)]
            if part.empty:
                note(axis, NOT_RUN)
            elif panel.centred:
                draw_centred(axis, part, facts, style)
            else:
                draw_analysis(axis, part, facts, style, named=crowded)
            axis.set_title(panel.title)
            if panel.centred:
                axis.set_ylabel(CENTRED)
            elif number % columns == 0 or len(set(labels)) > 1:
                short = facts.analysis(panel.analysis).short
                axis.set_ylabel(f"{textwrap.fill(short, NAME_WIDTH)}\n{label}" if crowded else label)
        legend_below(figure, _handles(mine, facts, style, crowded=crowded), style)
    return figure


def as_heat_maps(
    summary: pd.DataFrame, facts: RunFacts, analyses: Sequence[str], style: Style | None = None
) -> bool:
    """Whether `layer_figure` draws heat maps in place of curves: several analyses of many models."""
    names = set(summary.loc[summary["analysis"].isin(analyses), "model"])
    return len(analyses) > 1 and many(ordered(facts.models, names), (style or Style()).options)


def depth_figure(
    summary: pd.DataFrame, facts: RunFacts, analyses: Sequence[str], style: Style | None = None
) -> Figure:
    """Score over depth as a share of the blocks, models of all depths in one panel for each analysis."""
    style = style or Style()
    relative = replace(style, options=style.options.model_copy(update={"depth": RELATIVE}))
    with drawing(style):
        columns = style.across(len(analyses), 3)
        rows = -(-len(analyses) // columns)
        figure, axes = panels(style.width, 1.9 * rows, rows, columns, len(analyses))
        drawn = summary[~summary["model"].isin([model.name for model in facts.of_kind("random")])]
        for axis, analysis in zip(axes, analyses, strict=True):
            part = of_analysis(drawn, analysis)
            part = part[part["layer_index"] >= 0]
            if part.empty:
                note(axis, NOT_RUN)
            else:
                draw_analysis(axis, part.assign(null=np.nan), facts, relative)
            axis.set_title(facts.analysis(analysis).short)
            axis.set_ylabel(_score_label(facts.analysis(analysis)))
        legend_below(figure, model_handles(facts, set(drawn["model"]), style), style)
    return figure


def of_analysis(summary: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of one analysis."""
    return summary[summary["analysis"] == name]


def _columns(count: int, analyses: int, crowded: bool, style: Style) -> int:
    if crowded:
        return style.across(count, 2)
    return min(count, 2) if style.narrow and count > 5 else style.across(count, 2)


def _panels(part: pd.DataFrame, facts: RunFacts, name: str, style: Style, *, alone: bool) -> list[Panel]:
    """Panels of one analysis; with ``alone``, those of differences too."""
    title = facts.analysis(name).title
    groups = depth_groups(facts, part)
    if not groups:
        return [Panel(name, title, frozenset(part["model"]))]
    shown = []
    for depth, models in groups:
        told = f", {depth}" if len(groups) > 1 else ""
        if many(models, style.options):
            for family, members in _facets(models, facts, style):
                company = frozenset(with_company(facts, members))
                shown.append(Panel(name, f"{family}{told}", company))
            continue
        company = frozenset(with_company(facts, models))
        shown.append(Panel(name, f"{title}{told}", company))
        trained = [model.name for model in models if model.kind == "trained"]
        if alone and coincide(part[part["model"].isin(trained)]):
            shown.append(Panel(name, f"The same{told}, centred", frozenset(trained), centred=True))
    return shown


def _facets(
    models: Sequence[ModelFacts], facts: RunFacts, style: Style
) -> list[tuple[str, list[ModelFacts]]]:
    """Families among models, in parts that one panel holds."""
    found, most = [], style.options.most_curves
    for family, members in families(facts, style.options).items():
        inside = [model for model in members if model in models]
        size = -(-len(inside) // max(1, -(-len(inside) // most)))  # parts of like size
        parts = [inside[start : start + size] for start in range(0, len(inside), max(1, size))]
        for number, some in enumerate(parts, 1):
            found.append((family if len(parts) == 1 else f"{family} ({number} of {len(parts)})", some))
    return found


def coincide(part: pd.DataFrame) -> bool:
    """Whether curves of several models lie so close that a panel of their differences tells more.

    They do if at three quarters of the layers they differ by less than a quarter of the range of all scores.
    """
    by_layer = part.groupby("layer_index")["score"]
    shared = by_layer.count() > 1
    if not shared.any():
        return False
    spread = (by_layer.max() - by_layer.min())[shared]
    return bool(spread.quantile(MOST) < COINCIDE * (part["score"].max() - part["score"].min()))


def _score_label(analysis: AnalysisFacts) -> str:
    return analysis.measure if analysis.higher_is_better else f"{analysis.measure} (lower is better)"


def _handles(summary: pd.DataFrame, facts: RunFacts, style: Style, *, crowded: bool) -> list[Line2D]:
    names = set(summary["model"])
    if crowded:  # the names of trained models stand beside the curves
        names -= {model.name for model in facts.of_kind("trained")}
    handles = model_handles(facts, names, style, twin_marker=False)
    if facts.of_kind("trained"):
        tie = Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=4.5)
        tie.set_label("filled: tie set of the best layer")
        handles.append(tie)
    if summary["null"].notna().any():
        handles.append(Line2D([], [], color=GREY, linewidth=2.5, label="permuted targets"))
    return handles


def draw_analysis(
    axis: Axes, part: pd.DataFrame, facts: RunFacts, style: Style | None = None, *, named: bool = False
) -> None:
    """Draw curves, baselines and null of one analysis; ``part`` are its rows of `RunTables.layer_summary`.

    With ``named``, the names of trained models stand beside their curves.
    """
    style = style or Style()
    chosen, nulls = looks(facts, style.options), []
    part = placed(part, facts, style)
    ends: list[tuple[float, Look]] = []
    for model in ordered(facts.models, set(part["model"])):
        curve = part[part["model"] == model.name].sort_values("layer_index")
        if model.kind == "baseline":
            row = curve.iloc[0]
            draw_level(axis, row["score"], row["low"], row["high"], chosen[model.name])
            continue
        nulls.append(curve.set_index("place")["null"].astype(float))
        draw_model(axis, curve, chosen[model.name])
        if model.kind == "trained":
            blocks = curve[curve["layer_index"] % 1 == 0]
            ends.append((float(blocks["score"].iloc[-1]), chosen[model.name]))
    together = pd.concat(nulls, axis=1).sort_index().dropna(how="all") if nulls else pd.DataFrame()
    if len(together):
        # A layer that few models have (TL+ln) must not bend the mean over all.
        together = together.interpolate("index", limit_area="inside")
        x = together.index.to_numpy(dtype=float)
        axis.fill_between(x, together.min(axis=1), together.max(axis=1), color=GREY, alpha=0.35, linewidth=0)
        axis.plot(x, together.mean(axis=1), color=GREY, linewidth=1.4, zorder=0.9)
    axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
    layer_axis(axis, part, facts, style)
    if named:
        label_ends(axis, ends, style.small_font - 0.5, short=style.narrow)


def draw_centred(axis: Axes, part: pd.DataFrame, facts: RunFacts, style: Style) -> None:
    """Draw scores of trained models less their mean at each layer that more than one has."""
    centred = centre(part)
    chosen = looks(facts, style.options)
    centred = placed(centred, facts, style)
    axis.axhline(0, color=INK, linewidth=0.6)
    for model in ordered(facts.models, set(centred["model"])):
        curve = centred[centred["model"] == model.name].sort_values("layer_index")
        draw_model(axis, curve, chosen[model.name])
    layer_axis(axis, centred, facts, style)


def centre(part: pd.DataFrame) -> pd.DataFrame:
    """Take the mean over models from score, low and high of each layer; layers of one model are left out."""
    means = part.groupby("layer_index")["score"].transform("mean")
    counts = part.groupby("layer_index")["score"].transform("count")
    moved = {name: part[name].astype(float) - means for name in ("score", "low", "high")}
    return part.assign(**moved)[counts > 1]


def draw_model(axis: Axes, curve: pd.DataFrame, look: Look) -> None:
    """Draw layers joined by a line, and what is no further layer (``T0-pos``, ``TL+ln``) on its own."""
    index = curve["layer_index"].to_numpy(dtype=float)
    for use in (index % 1 == 0, (index % 1 > 0) & (index < 0), (index % 1 > 0) & (index > 0)):
        if use.any():
            part = curve[use]
            columns = ("place", "score", "low", "high")
            x, mean, low, high = (part[name].to_numpy(dtype=float) for name in columns)
            draw_curve(axis, x, mean, (low, high), look, (part["tie"] == "yes").to_numpy())
