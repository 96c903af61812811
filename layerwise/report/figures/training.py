"""Learning curves of task training: the metric on dev over the looks at it."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import RunFacts
from layerwise.report.figures.labels import shown_models
from layerwise.report.figures.looks import looks
from layerwise.report.figures.strokes import handle
from layerwise.report.figures.style import GREY, Style, alone, drawing, legend_below
from layerwise.report.figures.tasks import metric_label, task_panels
from layerwise.report.run_tables import RunTables, of

NO_CURVES = "no training has a look at the development set"


def training_figure(tables: RunTables, facts: RunFacts, style: Style | None = None) -> Figure:
    """Metric on dev over looks at it, mean over seeds, one panel for each task.

    Solid: the layer that dev chose; dotted: the learned sum. Trained models alone, or all without one; where
    they are many, the best of each family (`labels.shown_models`). A training that ends before others leaves
    the mean to those.
    """
    style = style or Style()
    curves = tables.training.dropna(subset=["dev"])
    with drawing(style):
        if curves.empty:
            return alone(NO_CURVES, style)
        models, told = shown_models(curves, tables, facts, style)
        curves = curves[curves["model"].isin([model.name for model in models])]
        tasks = [facts.task(task) for task in sorted(set(curves["task"]))]
        figure, axes = task_panels(len(tasks), 1.9, style)
        chosen = looks(facts, style.options)
        for axis, task in zip(axes, tasks, strict=True):
            for model in models:
                look, mine = chosen[model.name], of(curves, task=task.name, model=model.name)
                for whole in (True, False):
                    part = mine[(mine["layer"] == WEIGHTED_SUM) == whole]
                    mean = part.groupby("epoch")["dev"].mean()
                    axis.plot(
                        mean.index.to_numpy(dtype=float),
                        mean.to_numpy(dtype=float),
                        color=look.colour,
                        linestyle=":" if whole else "-",
                        linewidth=1.0,
                        marker="" if whole else look.marker,
                        markersize=2.4,
                        label=f"{look.label}, {WEIGHTED_SUM}" if whole else look.label,
                    )
            axis.set_title(task.title)
            axis.set_xlabel("look at the development set")
            axis.set_ylabel(metric_label(task.metric))
        kinds = [
            Line2D([], [], color=GREY, linestyle="-", label="layer chosen on dev"),
            Line2D([], [], color=GREY, linestyle=":", label="learned sum"),
        ]
        handles = [handle(chosen[model.name]) for model in models]
        legend_below(figure, [*handles, *kinds, *told], style)
    return figure
