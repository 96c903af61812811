"""The figure of page one: one panel for each of the four questions."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.report.answers import CURVE, main_analyses, paired, regrets
from layerwise.report.facts import RunFacts
from layerwise.report.figures.comparisons import SINGLE, SUM
from layerwise.report.figures.depth import layer_axis
from layerwise.report.figures.heat import draw_heat_map
from layerwise.report.figures.layers import draw_analysis
from layerwise.report.figures.looks import brief, families, looks, many, ordered
from layerwise.report.figures.strokes import model_handles
from layerwise.report.figures.style import COLOURS, GREY, INK, Style, drawing, legend_below, note, panels
from layerwise.report.figures.tasks import task_facts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset_tasks import strategy_title
from layerwise.report.words import ALL, AVERAGE, DEV, LAST, TIE

MOST_PAIRS = 4
PAIRED = 15  # characters of a model's name in a pair
MOST_NAMES = 12  # rows of a heat map that have room for names
FAMILY_WIDTH, FAMILY_ALONE = 14, 26  # characters of a line, of several and of one
FAMILY_LINES = 9  # of names of families that fit below each other
MOST_ROWS = 12  # models x tasks of a forest; above, they are counted
LEGEND_SHARE = 0.15  # of a panel's height, for each line of a legend inside
WAYS = (CURVE, DEV, LAST, AVERAGE, ALL)
MARKS = ("o", "s", "^", "D", "v", "P")
COUNTS = ("single", TIE, "all")


def answers_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Draw curves, differences of objectives, regrets and paired differences of a run in four panels.

    A panel of a question that the run did not ask says so.
    """
    style = style or Style()
    with drawing(style):
        columns = style.across(4)
        figure, axes = panels(style.width, 1.95 * (4 // columns), 4 // columns, columns, 4)
        handles = _curves(figure, axes[0], tables, facts, style)
        _objectives(axes[1], tables, facts, style)
        _regrets(axes[2], tables, facts)
        _differences(axes[3], tables, facts, style)
        for letter, axis in zip("abcd", axes, strict=True):
            axis.set_title(f"{letter}  {axis.get_title(loc='left')}")
        legend_below(figure, handles, style)
    return figure


def _curves(figure: Figure, axis: Axes, tables: RunTables, facts: RunFacts, style: Style) -> list[Line2D]:
    names = main_analyses(tables, facts)
    if not names:
        axis.set_title("Layers")
        note(axis, "no analysis was run")
        return []
    part = of(tables.layer_summary, analysis=names[0])
    axis.set_title(facts.analysis(names[0]).short)
    models = ordered(facts.of_kind("trained"), set(part["model"]))
    if many(models, style.options):
        _heat(figure, axis, part, facts, style)
        return []
    draw_analysis(axis, part, facts, style)
    axis.set_ylabel(facts.analysis(names[0]).measure)
    return model_handles(facts, set(part["model"]), style, twin_marker=False)


def _heat(figure: Figure, axis: Axes, part: pd.DataFrame, facts: RunFacts, style: Style) -> None:
    """Draw models as rows by family; where they are too many for names, families are named."""
    scored = set(part["model"])
    found = families(facts, style.options).items()
    inside = {family: [model for model in members if model.name in scored] for family, members in found}
    models = [model for members in inside.values() for model in members]
    ticks: list[tuple[float, str]] = []
    first = 0
    for family, members in inside.items():
        if members:
            lines = max(1, FAMILY_LINES * len(members) // len(models))
            wrapped = textwrap.wrap(family, FAMILY_WIDTH)
            name = "\n".join(wrapped) if len(wrapped) <= lines else brief(family, FAMILY_ALONE)
            ticks.append((first + (len(members) - 1) / 2, name))
            first += len(members)
    chosen = looks(facts, style.options)
    draw_heat_map(figure, axis, part, models, chosen)
    if len(models) > MOST_NAMES:
        axis.set_yticks([place for place, _ in ticks], [family for _, family in ticks])
    else:
        axis.set_yticks(range(len(models)), [brief(chosen[model.name].label) for model in models])


def _objectives(axis: Axes, tables: RunTables, facts: RunFacts, style: Style) -> None:
    axis.set_title("Gain by objective")
    names = main_analyses(tables, facts)
    part = of(tables.curve_contrasts, analysis=names[0]) if names else tables.curve_contrasts.head(0)
    part = part.assign(size=part["difference"].abs())
    if part.empty:
        note(axis, "no two objectives with random twins")
        return
    sizes = part.groupby(["model_a", "model_b"])["size"].max().sort_values(ascending=False, kind="stable")
    places = of(tables.layer_summary, analysis=names[0]).drop_duplicates("layer").set_index("layer")
    axis.axhline(0, color=INK, linewidth=0.6)
    drawn = list(sizes.index)[:MOST_PAIRS]
    chosen = looks(facts, style.options)
    shifts = np.linspace(-0.2, 0.2, len(drawn)) if len(drawn) > 1 else np.zeros(1)
    for number, ((a, b), shift) in enumerate(zip(drawn, shifts, strict=True)):
        rows = of(part, model_a=a, model_b=b)
        rows = rows.assign(layer_index=places["layer_index"].reindex(rows["layer"]).to_numpy(dtype=float))
        rows = rows[rows["layer_index"] % 1 == 0].sort_values("layer_index")
        x = rows["layer_index"].to_numpy(dtype=float) + shift
        colour = COLOURS[number % len(COLOURS)]
        sure = (rows["p_holm"] < 0.05).to_numpy()
        axis.vlines(x, rows["low"], rows["high"], color=colour, linewidth=0.9)
        axis.plot(
            x,
            rows["difference"],
            color=colour,
            linewidth=0.8,
            label=f"{brief(chosen[a].label, PAIRED)} \N{MINUS SIGN} {brief(chosen[b].label, PAIRED)}",
        )
        for use, face in ((sure, colour), (~sure, "white")):
            axis.plot(
                *(x[use], rows["difference"].to_numpy(dtype=float)[use], MARKS[number]),
                color=colour,
                markerfacecolor=face,
                markersize=3.6,
                linestyle="none",
            )
    layer_axis(axis, of(tables.layer_summary, analysis=names[0]).query("layer_index >= 0"), facts)
    axis.set_ylabel(f"difference in {facts.analysis(names[0]).short}")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + LEGEND_SHARE * len(drawn) * (high - low))
    axis.legend(frameon=False, loc="upper left", handlelength=1.2)


def _regrets(axis: Axes, tables: RunTables, facts: RunFacts) -> None:
    axis.set_title("Loss by choice of layer")
    rows = regrets(tables, facts)
    ways = [way for way in WAYS if (rows["strategy"] == way).any()]
    if not ways:
        note(axis, "no task was trained")
        return
    goals = task_facts(rows, facts)
    shifts = np.linspace(-0.28, 0.28, len(goals)) if len(goals) > 1 else np.zeros(1)
    axis.axvline(0, color=INK, linewidth=0.6)
    told = {task.name: task.metric.title for task in goals}
    if len(set(told.values())) < len(goals):
        told = {task.name: brief(task.name, PAIRED) for task in goals}
    for number, (task, shift) in enumerate(zip(goals, shifts, strict=True)):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        mine = of(rows, task=task.name)
        for place, way in enumerate(ways):
            values = of(mine, strategy=way)["regret"].to_numpy(dtype=float)
            if not values.size:
                continue
            y = place + shift
            axis.plot(values, np.full(len(values), y), mark, color=colour, markersize=2.4, alpha=0.45)
            axis.plot(
                *(values.mean(), y, mark),
                color=colour,
                markersize=4.4,
                label=told[task.name] if place == 0 else None,
            )
    titles = {CURVE: "curve's peak"}
    axis.set_yticks(range(len(ways)), [titles.get(way) or strategy_title(facts, way) for way in ways])
    axis.set_ylim(len(ways) - 0.5, -0.5 - (0.6 + 1.4 * -(-len(goals) // 2)) * LEGEND_SHARE * len(ways))
    axis.set_xlabel("regret (large: mean over models)")
    axis.legend(frameon=False, loc="upper left", handlelength=0.8, ncols=2, columnspacing=1.0)


def _differences(axis: Axes, tables: RunTables, facts: RunFacts, style: Style) -> None:
    axis.set_title("Single layer or sum")
    rows = paired(tables, facts)
    if rows.empty:
        note(axis, "no task was trained")
    elif len(rows) > MOST_ROWS:
        _counted(axis, rows, facts)
    else:
        _forest(axis, rows, facts, style)


def _forest(axis: Axes, rows: pd.DataFrame, facts: RunFacts, style: Style) -> None:
    axis.axvline(0, color=INK, linewidth=0.6)
    names: list[str] = []
    chosen = looks(facts, style.options)
    for task in task_facts(rows, facts):
        for model in ordered(facts.models, set(rows["model"])):
            found = of(rows, task=task.name, model=model.name)
            if found.empty:
                continue
            row, y = found.iloc[0], len(names)
            low, high = sorted(task.metric.sign * float(row[name]) for name in ("low", "high"))
            value, tie = task.metric.sign * float(row["difference"]), row["verdict"] == TIE
            colour = GREY if tie else (SINGLE if value > 0 else SUM)
            if np.isfinite([low, high]).all():
                axis.hlines(y, low, high, color=colour, linewidth=1.2)
            mark = "o" if tie or value > 0 else "D"
            axis.plot(
                value, y, mark, color=colour, markerfacecolor="white" if tie else colour, markersize=3.6
            )
            names.append(f"{task.metric.title}, {brief(chosen[model.name].label)}")
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel("single layer better by (open: tie)")


def _counted(axis: Axes, rows: pd.DataFrame, facts: RunFacts) -> None:
    """Bars of how often the single layer is better, ties and is worse."""
    goals = task_facts(rows, facts)
    looks_of = {
        "single": (SINGLE, "single"),
        TIE: ("#D9D9D9", "tie"),
        "all": (SUM, "sum"),
    }
    left = np.zeros(len(goals))
    for word in COUNTS:
        colour, title = looks_of[word]
        n = np.array([int((of(rows, task=task.name)["verdict"] == word).sum()) for task in goals])
        axis.barh(range(len(goals)), n, left=left, color=colour, label=title, height=0.6, edgecolor="white")
        for place, (start, size) in enumerate(zip(left, n, strict=True)):
            if size:
                axis.text(start + size / 2, place, str(size), ha="center", va="center", color=INK)
        left += n
    axis.set_yticks(range(len(goals)), [task.title for task in goals])
    axis.set_ylim(len(goals) - 0.5, -0.5 - 2 * LEGEND_SHARE * len(goals))
    axis.set_xlabel("models")
    axis.legend(frameon=False, ncols=3, loc="upper left", handlelength=1.0, columnspacing=1.0)
