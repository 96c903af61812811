"""Phones and classes: errors by label, and what is taken for what."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import ModelFacts, RunFacts, TaskFacts
from layerwise.report.figures.looks import brief, families, looks, many, ordered
from layerwise.report.figures.strokes import handle
from layerwise.report.figures.style import GREY, Style, alone, drawing, legend_below, panels
from layerwise.report.run_tables import RunTables, of

NO_LABELS = "no task has at most 100 labels"
NO_CONFUSIONS = "no label is taken for another"
LEFT_OUT = "\N{EMPTY SET}"
NAME, SHORT = 14, 8  # characters of a label, and of one in a column
CHARACTER = 0.075  # inches
SLOT, GAP = 0.045, 0.07  # inches of a model at a label, and between labels
MOST_LABELS = 40  # on a page
MATRIX = 1.75  # inches of a matrix
ROWS = 12  # labels of a matrix
TITLE, WIDER = 12, 16  # characters of a model above its matrix, in a column and on a page
BAR = 0.6  # inches of a colour bar
EDGE = "#E4E4E4"


def label_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Share of errors at each label, most frequent first: the layer that dev chose, and the learned sum.

    One panel for each task of at most 100 labels; as many labels as there is room for.
    """
    style = style or Style()
    with drawing(style):
        shares = label_shares(tables, facts)
        if shares.empty:
            return alone(NO_LABELS, style)
        models, told = shown_models(tables.label_errors, tables, facts, style)
        chosen = looks(facts, style.options)
        tasks = [facts.task(task) for task in sorted(set(shares["task"]))]
        figure, axes = panels(style.width, 1.9 * len(tasks), len(tasks), 1, len(tasks))
        most = int((style.width - 0.6) // (SLOT * len(models) + GAP))
        most = min(most, MOST_LABELS // 2 if style.narrow else MOST_LABELS)
        for axis, task in zip(axes, tasks, strict=True):
            part = of(shares, task=task.name)
            part = part[part["model"].isin([model.name for model in models])]
            every = frequent(part)
            counts = every.head(most)
            _draw_shares(axis, part, counts, models, facts, style)
            number = f"{len(counts)} of {len(every)}" if len(counts) < len(every) else f"{len(every)}"
            axis.set_title(f"{task.title}, {number} labels")
        handles = [handle(chosen[model.name], line=False) for model in models]
        handles += [
            Line2D([], [], color=GREY, marker=mark, linestyle="none", markersize=4, label=text)
            for mark, text in (("o", "layer chosen on dev"), ("_", "learned sum"))
        ]
        legend_below(figure, [*handles, *told], style)
    return figure


def label_shares(tables: RunTables, facts: RunFacts) -> pd.DataFrame:
    """Errors by label of the layer that dev chose and of the learned sum, as shares of ``n``.

    Columns are those of the table label_errors with ``share``; an insertion belongs to no label and is not
    counted, and labels that test does not have are left out.
    """
    errors = tables.label_errors
    kept = errors[(errors["n"] > 0) & _told(errors, tables, facts)]
    return kept.assign(share=(kept["substituted"] + kept["deleted"]) / kept["n"])


def frequent(shares: pd.DataFrame) -> pd.Series:
    """How often each label is in test, most frequent first; the most of what the models have."""
    counts = shares.groupby("label")["n"].max().reset_index()
    return counts.sort_values(["n", "label"], ascending=[False, True]).set_index("label")["n"]


def shown_models(
    table: pd.DataFrame, tables: RunTables, facts: RunFacts, style: Style, most: int | None = None
) -> tuple[list[ModelFacts], list[Line2D]]:
    """Trained models of a table (all, where there is none); where they are many, the best of each family.

    The best is by the metric on test at the layer that dev chose, in the first task. They are many above
    `most_curves`, or above ``most``. What is left out is told by an entry of the legend.
    """
    names = set(table["model"])
    models = ordered(facts.of_kind("trained"), names) or ordered(facts.models, names)
    if not many(models, style.options) and (most is None or len(models) <= most):
        return models, []
    task = facts.task(min(table["task"]))
    results = of(tables.single_weighted, task=task.name, metric=task.metric.name).set_index("model")["single"]
    sign = 1 if task.metric.lower_is_better else -1
    kept = [
        min(inside, key=lambda model: sign * float(results.get(model.name, sign * np.inf)))
        for members in families(facts, style.options).values()
        if (inside := [model for model in members if model in models])
    ]
    kept = sorted(kept, key=lambda model: sign * float(results.get(model.name, sign * np.inf)))[:most]
    kept = kept or models[:most]
    told = Line2D([], [], linestyle="none", label=f"best of a family: {len(kept)} of {len(models)} models")
    return facts.in_order({model.name for model in kept}), [told]


def chosen_layers(tables: RunTables, task: TaskFacts) -> dict[str, str]:
    """The layer that dev chose in a task, by model."""
    rows = of(tables.single_weighted, task=task.name, metric=task.metric.name)
    return {str(model): str(layer) for model, layer in zip(rows["model"], rows["layer"], strict=True)}


def _told(table: pd.DataFrame, tables: RunTables, facts: RunFacts) -> pd.Series:
    """Which rows are about the learned sum or the layer that dev chose."""
    found = {name: chosen_layers(tables, facts.task(name)) for name in sorted(set(table["task"]))}
    keys = zip(table["model"], table["task"], table["layer"], strict=True)
    told = [layer in (WEIGHTED_SUM, found[task].get(model)) for model, task, layer in keys]
    return pd.Series(told, index=table.index, dtype=bool)


def _draw_shares(
    axis: Axes,
    part: pd.DataFrame,
    counts: pd.Series,
    models: Sequence[ModelFacts],
    facts: RunFacts,
    style: Style,
) -> None:
    chosen = looks(facts, style.options)
    places = {label: place for place, label in enumerate(counts.index)}
    share = SLOT / (SLOT * len(models) + GAP)  # of the distance of two labels, from one model to the next
    for number, model in enumerate(models):
        look, shift = chosen[model.name], (number - (len(models) - 1) / 2) * share
        mine = part[(part["model"] == model.name) & part["label"].isin(counts.index)]
        for whole in (True, False):
            dots = mine[(mine["layer"] == WEIGHTED_SUM) == whole]
            axis.plot(
                [places[label] + shift for label in dots["label"]],
                100 * dots["share"],
                "_" if whole else look.marker,
                color=look.colour,
                markersize=3.4 if whole else 2.8,
                markeredgewidth=0.9 if whole else 0.3,
                label=f"{look.label}, {WEIGHTED_SUM}" if whole else look.label,
            )
    for place in range(1, len(counts), 2):
        axis.axvspan(place - 0.5, place + 0.5, color="#F3F3F3", linewidth=0, zorder=0.1)
    labels = [f"{shorter(str(label), NAME)} ({n})" for label, n in counts.items()]
    room = (style.width - 0.6) / len(counts)
    flat = max(map(len, labels)) * CHARACTER < room
    axis.set_xticks(range(len(counts)), labels, rotation=0 if flat else 90)
    axis.tick_params(axis="x", length=0)
    axis.set_xlim(-0.5, len(counts) - 0.5)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("errors (%)")


def confusion_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Labels of the most frequent confusions against each other, one matrix for each task and model.

    A cell is how often the row was taken for the column, as a share of the row's ``n``, at the layer that dev
    chose. Each matrix has the same labels in one task.
    """
    style = style or Style()
    with drawing(style):
        if tables.label_errors.empty:
            return alone(NO_LABELS, style)
        confused = confusion_shares(tables, facts)
        tasks = [facts.task(task) for task in sorted(set(confused["task"]))]
        if not tasks:
            return alone(NO_CONFUSIONS, style)
        columns = 2 if style.narrow else 4
        lines = max(1, int((8.6 / len(tasks) - BAR) // MATRIX))  # of matrices of one task that a page holds
        models, told = shown_models(tables.label_errors, tables, facts, style, columns * lines)
        columns = min(columns, len(models))
        per_task = -(-len(models) // columns)
        rows = per_task * len(tasks)
        figure, grid = panels(style.width, MATRIX * rows + BAR * len(tasks), rows, columns, columns * rows)
        chosen = looks(facts, style.options)
        for number, task in enumerate(tasks):
            start = number * per_task * columns
            mine = grid[start : start + per_task * columns]
            for spare in mine[len(models) :]:
                figure.delaxes(spare)
            part = of(confused, task=task.name)
            part = part[part["model"].isin([model.name for model in models])]
            labels = confused_labels(part, ROWS)
            top = 100 * float(part["share"].max()) if len(part) else 1.0
            image = None
            for axis, model in zip(mine, models, strict=False):
                own = of(part, model=model.name)
                image = _draw_matrix(axis, own, labels, top, SHORT if style.narrow else NAME)
                where = chosen_layers(tables, task).get(model.name, WEIGHTED_SUM)
                axis.set_title(
                    f"{brief(chosen[model.name].label, TITLE if style.narrow else WIDER)}, {where}"
                )
                if len(models) > 1 and axis not in mine[::columns]:
                    axis.set_yticklabels([])
                elif axis is mine[0]:
                    axis.set_ylabel(textwrap.fill(task.title, 20))
            if image is None:
                continue
            bar = figure.colorbar(image, ax=mine[: len(models)], location="bottom", aspect=40, pad=0.03)
            bar.set_label("% of the reference's label")
            bar.outline.set(visible=False)
            bar.ax.tick_params(length=1.5)
        legend_below(figure, told, style)
    return figure


def confusion_shares(tables: RunTables, facts: RunFacts) -> pd.DataFrame:
    """Confusions at the layer that dev chose (at the learned sum, where none was).

    Columns are those of the table confusions with ``n`` of the reference and ``share`` of it; what is right
    and what was put in where the reference has nothing are left out.
    """
    table = tables.confusions
    layers = {name: chosen_layers(tables, facts.task(name)) for name in sorted(set(table["task"]))}
    keys = zip(table["model"], table["task"], table["layer"], strict=True)
    at = np.array([layer == layers[task].get(model, WEIGHTED_SUM) for model, task, layer in keys], dtype=bool)
    wrong = (table["reference"] != "") & (table["reference"] != table["predicted"])
    counts = tables.label_errors[["model", "task", "layer", "label", "n"]]
    found = table[at & wrong].merge(counts.rename(columns={"label": "reference"}))
    return found.assign(share=found["times"] / found["n"])


def confused_labels(part: pd.DataFrame, most: int) -> list[str]:
    """Labels of the most frequent confusions of all models together, at most so many, sorted."""
    times = part.groupby(["reference", "predicted"])["times"].sum().reset_index()
    kept: set[str] = set()
    for row in times.sort_values(
        ["times", "reference", "predicted"], ascending=[False, True, True]
    ).itertuples():
        more = kept | ({str(row.reference), str(row.predicted)} - {""})
        if len(more) > most:
            break
        kept = more
    return sorted(kept)


def _draw_matrix(axis: Axes, part: pd.DataFrame, labels: Sequence[str], top: float, most: int) -> QuadMesh:
    columns = [*labels, ""]
    values = np.zeros((len(labels), len(columns)))
    cells = part[part["reference"].isin(labels) & part["predicted"].isin(columns)]
    for reference, predicted, share in zip(
        *(cells[n] for n in ("reference", "predicted", "share")), strict=True
    ):
        values[labels.index(str(reference)), columns.index(str(predicted))] = 100 * float(share)
    edges = np.arange(len(columns) + 1) - 0.5
    image = axis.pcolormesh(edges, edges[:-1], values, cmap="Blues", vmin=0, vmax=top, edgecolor=EDGE)
    image.set_linewidth(0.3)
    axis.plot([-0.5, len(labels) - 0.5], [-0.5, len(labels) - 0.5], color=GREY, linewidth=0.8)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    axis.set_xticks(range(len(columns)), [*(shorter(label, most) for label in labels), LEFT_OUT], rotation=90)
    axis.set_yticks(range(len(labels)), [shorter(label, most) for label in labels])
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    return image


def shorter(label: str, most: int) -> str:
    """A label, cut where it has more characters."""
    return label if len(label) <= most else f"{label[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
