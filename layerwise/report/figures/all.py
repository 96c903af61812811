"""Every figure of a run."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from matplotlib.figure import Figure

from layerwise.options.style import StyleOptions
from layerwise.report.facts import RunFacts
from layerwise.report.figures.answers import answers_figure
from layerwise.report.figures.comparisons import choice_figure, single_weighted_figure
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.heat import heat_figure
from layerwise.report.figures.inter import inter_figure
from layerwise.report.figures.labels import confusion_figure, label_figure
from layerwise.report.figures.layers import as_heat_maps, depth_figure, layer_figure
from layerwise.report.figures.learning import learning_figure
from layerwise.report.figures.measures import headline_figure, variants_figure
from layerwise.report.figures.quality import quality_figure
from layerwise.report.figures.ranking import agreement_figure
from layerwise.report.figures.scatter import scatter_figure, weights_figure
from layerwise.report.figures.shown import shown
from layerwise.report.figures.style import Style, copy_figure, save_figure
from layerwise.report.figures.tasks import task_figure, weight_figure
from layerwise.report.figures.training import training_figure
from layerwise.report.figures.yardsticks import yardsticks_figure
from layerwise.report.names import COLUMN, FORMATS, PAGE, inter_name, measure_name
from layerwise.report.run_tables import RunTables


def make_figures(tables: RunTables, facts: RunFacts, style: Style | None = None) -> dict[str, Figure]:
    """Draw every figure of a run by stem (`names.figure_names`); two stems may have the same figure."""
    style = style or Style()
    pairs, planned, asked = tables.pairs, tables.planned, bool(tables.tasks)
    everything = facts
    tables, facts = shown(tables, facts, style.options)
    summary, tasks = tables.layer_summary, tables.downstream_summary
    drawn = {
        "answers": answers_figure(tables, facts, style),
        "corpus": corpus_figure(tables.utterances, tables.segments, style),
        "alignment-quality": quality_figure(tables.utterances, style),
    }
    for a, b in pairs:
        drawn[inter_name(a, b)] = inter_figure(tables.inter_scores, everything, (a, b), style)
    if planned:
        drawn["heat"] = heat_figure(summary, facts, planned, style)
        same = as_heat_maps(summary, facts, planned, style)
        drawn["layers"] = drawn["heat"] if same else layer_figure(summary, facts, planned, style)
        drawn["depth"] = depth_figure(summary, facts, planned, style)
        drawn["learning"] = learning_figure(tables.learning, tables.peaks, facts, planned, style)
        for name in planned:
            drawn[name] = layer_figure(summary, facts, [name], style)
    if facts.measures:
        drawn["measures"] = headline_figure(tables.measures, facts, style)
        for measure in facts.measures:
            drawn[measure_name(measure.name)] = variants_figure(tables.measures, facts, measure.name, style)
        drawn["measures-vs-measures"] = yardsticks_figure(tables.measure_agreement, facts, style)
    if asked:
        drawn["tasks"] = task_figure(tasks, facts, style, tables.chance)
        drawn["single-vs-weighted"] = single_weighted_figure(tables.single_weighted, facts, style)
        drawn["weights"] = weight_figure(tables.weights, facts, style)
        drawn["weights-vs-task"] = weights_figure(tables, facts, style)
        drawn["label-errors"] = label_figure(tables, facts, style)
        drawn["confusions"] = confusion_figure(tables, facts, style)
        drawn["training"] = training_figure(tables, facts, style)
        drawn["choice"] = choice_figure(tables.choice, facts, style)
    if planned and asked:
        drawn["cca-vs-task"] = scatter_figure(tables, facts, style)
    if (planned or facts.measures) and asked:
        drawn["agreement"] = agreement_figure(tables.agreement, facts, style)
    return drawn


def save_all(tables: RunTables, facts: RunFacts, options: StyleOptions, folder: Path, cores: int = 1) -> None:
    """Write every figure for a column and for a page, and the one of the report beside them.

    `names.printed_names` are the files for papers. That of the report (``{stem}.pdf``, ``{stem}.png``) has
    the width of a page, but for a single panel. With two cores, both sizes are drawn at once.
    """
    forms = (COLUMN, PAGE)
    if cores < 2:
        panels = {form: _save_form(form, tables, facts, options, folder) for form in forms}
    else:
        # Not spawned: that would run the script of the job once more.
        with ProcessPoolExecutor(len(forms), mp_context=get_context("fork")) as pool:
            work = {form: pool.submit(_save_form, form, tables, facts, options, folder) for form in forms}
            panels = {form: done.result() for form, done in work.items()}
    for stem, count in panels[PAGE].items():
        copy_figure(folder / (PAGE if count > 1 else COLUMN) / stem, folder / stem)


def _save_form(
    form: str, tables: RunTables, facts: RunFacts, options: StyleOptions, folder: Path
) -> dict[str, int]:
    """Write all figures of one size; return the number of panels of each."""
    style, panels = Style(form, options), {}
    saved: dict[Figure, Path] = {}
    for stem, figure in make_figures(tables, facts, style).items():
        panels[stem] = len(figure.axes)
        if figure in saved:
            copy_figure(saved[figure], folder / form / stem, FORMATS)
        else:
            saved[figure] = folder / form / stem
            save_figure(figure, saved[figure], style, FORMATS)
    return panels
