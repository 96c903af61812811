"""Everything the figures and the report draw on, computed once from the result files of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from layerwise.files import write_csv, write_text
from layerwise.report import tables
from layerwise.report.contrasts import control_contrasts, curve_contrasts
from layerwise.report.facts import RunFacts
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.inter import inter_figure
from layerwise.report.figures.layers import layer_figure
from layerwise.report.figures.ranking import agreement_figure, scatter_figure
from layerwise.report.figures.style import Style
from layerwise.report.figures.tasks import single_weighted_figure, task_figure, weight_figure
from layerwise.report.names import inter_name
from layerwise.report.ranking import Omission, agreement
from layerwise.report.typeset import agreement_table, analysis_table, task_table, to_latex


@dataclass(frozen=True)
class Results:
    """The tables of a run. ``scores``, ``runs`` and ``weights`` are as read, the rest follows from them."""

    scores: pd.DataFrame
    summary: pd.DataFrame
    controls: pd.DataFrame
    curves: pd.DataFrame
    runs: pd.DataFrame
    tasks: pd.DataFrame
    comparison: pd.DataFrame
    weights: pd.DataFrame
    agreement: pd.DataFrame
    omissions: tuple[Omission, ...]
    inter: pd.DataFrame

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of models whose layers were compared, in the order of the files."""
        pairs = self.inter[["model_a", "model_b"]].drop_duplicates()
        return [(str(a), str(b)) for a, b in pairs.itertuples(index=False)]

    @property
    def analyses(self) -> list[str]:
        """Analyses with results, sorted by name."""
        return sorted(set(self.summary["analysis"]))

    @property
    def task_names(self) -> list[str]:
        """Tasks with results, sorted by name."""
        return sorted(set(self.tasks["task"]))


def gather(
    facts: RunFacts,
    scores: Iterable[Path],
    downstream: Iterable[Path],
    weights: Iterable[Path],
    inter: Iterable[Path] = (),
) -> Results:
    """Read the result files of all models and compute every table of the report.

    ``scores``, ``downstream`` and ``weights`` are the paths of ``cca/{model}/{analysis}.csv``,
    ``downstream/{model}/{task}.csv`` and ``downstream/{model}/{task}.weights.csv``; each may be empty.
    Raises `ReportError` for a bad file and for a model that ``facts`` does not have.
    """
    read = tables.read_scores(scores)
    runs = tables.read_downstream(downstream)
    for name in sorted({*read["model"], *runs["model"]}):
        facts.model(name)
    summary, tasks = tables.layer_summary(read), tables.downstream_summary(runs)
    agreeing, omitted = agreement(summary, tasks)
    return Results(
        scores=read,
        summary=summary,
        controls=control_contrasts(read, summary, facts),
        curves=curve_contrasts(read, facts),
        runs=runs,
        tasks=tasks,
        comparison=tables.single_and_weighted(runs),
        weights=tables.read_weights(weights),
        agreement=agreeing,
        omissions=tuple(omitted),
        inter=tables.read_inter(inter),
    )


def write_tables(results: Results, facts: RunFacts, folder: Path) -> None:
    """Write the tables of the run into a folder: CSV files of `names.TABLE_NAMES` and LaTeX tables.

    Tables of a stage that did not run hold only their header.
    """
    written = {
        "layer_scores": tables.layer_scores(results.scores),
        "layer_summary": results.summary,
        "control_contrasts": results.controls,
        "curve_contrasts": results.curves,
        "downstream": tables.downstream_table(results.runs),
        "downstream_summary": results.tasks,
        "single_weighted": results.comparison,
        "agreement": results.agreement,
        "inter_scores": results.inter,
    }
    for name, table in written.items():
        write_csv(table, folder / f"{name}.csv")
    typeset = {name: analysis_table(results, facts, name) for name in results.analyses}
    typeset |= {name: task_table(results, facts, name) for name in results.task_names}
    if results.analyses and results.task_names:
        typeset["agreement"] = agreement_table(results, facts)
    for name, content in typeset.items():
        write_text(to_latex(content, label=f"tab:{name}"), folder / f"{name}.tex")


def make_figures(
    results: Results,
    facts: RunFacts,
    corpus: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    style: Style | None = None,
) -> dict[str, Figure]:
    """Draw every figure of a run by stem; ``corpus`` holds manifest, intervals and quality tables."""
    drawn = {"corpus": corpus_figure(*corpus, style)}
    for a, b in results.pairs:
        drawn[inter_name(a, b)] = inter_figure(results.inter, facts, (a, b), style)
    if results.analyses:
        drawn["layers"] = layer_figure(results.summary, facts, results.analyses, style)
        for name in results.analyses:
            drawn[name] = layer_figure(results.summary, facts, [name], style)
    if results.task_names:
        drawn["tasks"] = task_figure(results.tasks, facts, style)
        drawn["single-vs-weighted"] = single_weighted_figure(results.comparison, facts, style)
        drawn["weights"] = weight_figure(results.weights, facts, style)
    if results.analyses and results.task_names:
        drawn["cca-vs-task"] = scatter_figure(results.summary, results.tasks, results.agreement, facts, style)
        drawn["agreement"] = agreement_figure(results.agreement, facts, style)
    return drawn
