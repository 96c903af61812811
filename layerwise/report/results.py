"""The sections of the report that answer: evolution, objective, tasks, choice, and what else was measured."""

from collections.abc import Mapping

from layerwise.report import cautions, curve_findings, findings, measure_findings, task_findings
from layerwise.report.answers import CHOICE, CURVES, OBJECTIVE, TASKS
from layerwise.report.compact import analysis_tables, task_tables
from layerwise.report.facts import RunFacts
from layerwise.report.many import (
    counted_analysis,
    counted_measures,
    counted_task,
    is_many,
    short_agreement,
    short_choice,
)
from layerwise.report.names import inter_name
from layerwise.report.run_tables import RunTables
from layerwise.report.sections import Content, section
from layerwise.report.typeset_measures import published_table, ranks_table

MOST_DISAGREEMENTS = 6  # that are told one by one


def results(tables: RunTables, facts: RunFacts, captions: Mapping[str, str]) -> list[Content]:
    """Sections on results in the order of page one, each with its figures and its tables."""
    shown = []
    if tables.planned:
        shown.append(_curves(tables, facts, captions))
    if tables.analyses:
        objectives = curve_findings.objective_findings(tables, facts)
        title = "Does the objective shape the curves?"
        shown.append(section(OBJECTIVE, title, bullets=objectives, see=["layers"]))
    if tables.planned:
        shown.append(
            section("rest", "What the scores rest on", (), _rest(tables, facts), (), ["learning"], captions)
        )
    if tables.pairs:
        shown.append(_inter(tables, facts, captions))
    if facts.measures:
        ranks = [] if tables.measure_agreement.empty or is_many(facts) else [ranks_table(tables, facts)]
        told = counted_measures if is_many(facts) else measure_findings.measure_findings
        bullets = told(tables, facts)
        shown.append(section("measures", "Other yardsticks", (), bullets, ranks, ["measures"], captions))
    if not tables.published.empty:
        bullets = measure_findings.published_findings(tables)
        beside = [published_table(tables, facts)]
        shown.append(section("published", "Beside published values", bullets=bullets, tables=beside))
    if tables.tasks:
        shown.append(_tasks(tables, facts, captions))
        sentences = short_choice(tables, facts)
        title = "What does a choice of layer cost?"
        shown.append(section(CHOICE, title, bullets=sentences, figures=["choice"], captions=captions))
    if (tables.planned or facts.measures) and tables.tasks:
        stems = ["agreement", *(["cca-vs-task"] if tables.planned else [])]
        title = "Do layer analyses predict tasks?"
        sentences = short_agreement(tables, facts)
        shown.append(section("agreement", title, bullets=sentences, figures=stems, captions=captions))
    return shown


def _curves(tables: RunTables, facts: RunFacts, captions: Mapping[str, str]) -> Content:
    told = counted_analysis if is_many(facts) else curve_findings.analysis_findings
    bullets = [sentence for name in tables.planned for sentence in told(tables, facts, name)]
    title = "How do properties evolve through the layers?"
    made = analysis_tables(tables, facts)
    return section(CURVES, title, bullets=bullets, tables=made, figures=["layers"], captions=captions)


def _rest(tables: RunTables, facts: RunFacts) -> list[str]:
    if not tables.analyses:
        return []
    apart = cautions.disagreements(tables, facts)
    if len(apart) > MOST_DISAGREEMENTS:
        apart = [
            f"Analyses of one target (such as cca-phone and mi-phone) contradict each other on the best "
            f"block layer in {len(apart)} cases: their tie sets have no layer in common (tables/peaks.csv)."
        ]
    return [
        *cautions.permutation_lines(tables, facts),
        cautions.excluded_line(tables, facts),
        cautions.flagged_line(tables, facts),
        *apart,
    ]


def _inter(tables: RunTables, facts: RunFacts, captions: Mapping[str, str]) -> Content:
    bullets, stems = [], []
    for a, b in tables.pairs:
        told = findings.inter_findings(tables, facts, (a, b))
        bullets.append(f"{a} against {b}. {' '.join(told)}")
        stems.append(inter_name(a, b))
    shared = dict.fromkeys(stems, captions.get("inter", ""))
    return section("inter", "Layers of two models against each other", (), bullets, (), stems, shared)


def _tasks(tables: RunTables, facts: RunFacts, captions: Mapping[str, str]) -> Content:
    alone = len(facts.of_kind("trained")) == 1
    bullets = [] if alone else task_findings.sum_findings(tables, facts)
    if is_many(facts):
        told = [sentence for task in tables.tasks for sentence in counted_task(tables, facts, task)]
    else:
        told = [
            f"{facts.task(task).title}. {sentence}"
            for task in tables.tasks
            for sentence in task_findings.task_findings(tables, facts, task)
        ]
    return section(
        TASKS,
        "Does one layer do as well as the sum of all?",
        bullets=[*bullets, *told],
        tables=task_tables(tables, facts),
        figures=["tasks", "single-vs-weighted", "weights"],
        captions=captions,
    )
