"""Every figure of a run."""

from matplotlib.figure import Figure

from layerwise.report.facts import RunFacts
from layerwise.report.figures.answers import answers_figure
from layerwise.report.figures.comparisons import choice_figure, single_weighted_figure
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.inter import inter_figure
from layerwise.report.figures.layers import layer_figure
from layerwise.report.figures.learning import learning_figure
from layerwise.report.figures.ranking import agreement_figure, scatter_figure
from layerwise.report.figures.style import Style
from layerwise.report.figures.tasks import task_figure, weight_figure
from layerwise.report.names import inter_name
from layerwise.report.run_tables import RunTables


def make_figures(tables: RunTables, facts: RunFacts, style: Style | None = None) -> dict[str, Figure]:
    """Draw every figure of a run by stem (`names.figure_names`)."""
    summary, tasks = tables.layer_summary, tables.downstream_summary
    drawn = {
        "answers": answers_figure(tables, facts, style),
        "corpus": corpus_figure(tables.utterances, tables.segments, style),
    }
    for a, b in tables.pairs:
        drawn[inter_name(a, b)] = inter_figure(tables.inter_scores, facts, (a, b), style)
    if tables.planned:
        drawn["layers"] = layer_figure(summary, facts, tables.planned, style)
        drawn["learning"] = learning_figure(tables.learning, tables.peaks, facts, tables.planned, style)
        for name in tables.planned:
            drawn[name] = layer_figure(summary, facts, [name], style)
    if tables.tasks:
        drawn["tasks"] = task_figure(tasks, facts, style)
        drawn["single-vs-weighted"] = single_weighted_figure(tables.single_weighted, facts, style)
        drawn["weights"] = weight_figure(tables.weights, facts, style)
        drawn["choice"] = choice_figure(tables.choice, facts, style)
    if tables.planned and tables.tasks:
        drawn["cca-vs-task"] = scatter_figure(tables, facts, style)
        drawn["agreement"] = agreement_figure(tables.agreement, facts, style)
    return drawn
