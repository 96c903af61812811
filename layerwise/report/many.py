"""Sentences that count, for runs with too many models to tell of each, and short forms of long lists."""

import pandas as pd

from layerwise.report.curves import curve_of, last_block, peak_of
from layerwise.report.facts import AnalysisFacts, ModelFacts, RunFacts
from layerwise.report.measure_findings import best_row, shown
from layerwise.report.run_tables import RunTables, of
from layerwise.report.task_findings import groups, metric_rows
from layerwise.report.typeset import last_block_rise, number, point, with_limits
from layerwise.report.typeset_tasks import strategies_in_order, strategy_title
from layerwise.report.words import ABOVE, WEIGHTS, count, listed, verdict

MOST_MODELS = 8  # that are told one by one
ENDS = 2  # ways to choose a layer that are named, of those that cost least


def is_many(facts: RunFacts) -> bool:
    """Whether a run has more trained models than are told one by one."""
    return len(facts.of_kind("trained")) > MOST_MODELS


def counted_analysis(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """Count the shapes of the curves of one analysis, name its ends and count the models above controls."""
    analysis = facts.analysis(name)
    found = [
        (model, peak)
        for model in facts.of_kind("trained")
        if (peak := peak_of(tables.peaks, model.name, name)) is not None
    ]
    sentences = []
    if found:
        shapes = pd.Series([str(peak["shape"]) for _, peak in found]).value_counts(sort=False).sort_index()
        told = listed([f"{shape} in {n}" for shape, n in shapes.items()])
        order = sorted(found, key=lambda pair: float(pair[1]["score"]))
        low, high = (_best(tables, name, *pair) for pair in (order[0], order[-1]))
        word = "best" if analysis.higher_is_better and not analysis.own_reference else "lowest"
        sentences.append(
            f"{analysis.short}, shapes over block layers: {told} of {count(len(found), 'model')}; {word} "
            f"scores from {low} to {high}."
        )
        sentences += _returns(tables, facts, analysis, found) if analysis.own_reference else []
    judged = of(tables.control_contrasts, analysis=name)
    if len(judged) and not analysis.own_reference:
        words = judged.apply(verdict, axis=1, smallest=facts.smallest_effect)
        above = (words == ABOVE).groupby(judged["model"]).all()
        sentences.append(
            f"{analysis.short}: above every control (random twin, baseline) in {above.sum()} of "
            f"{count(len(above), 'model')}."
        )
    for reason, rows in of(tables.infeasible, analysis=name).groupby("reason", sort=True):
        who = count(rows["model"].nunique(), "model")
        sentences.append(f"{analysis.short} of {who} cannot be run: {reason}.")
    return sentences


def _returns(
    tables: RunTables,
    facts: RunFacts,
    analysis: AnalysisFacts,
    found: list[tuple[ModelFacts, pd.Series]],
) -> list[str]:
    rises = [
        verdict(last_block_rise(tables, analysis.name, model.name, str(peak["layer"])), facts.smallest_effect)
        for model, peak in found
        if str(peak["layer"]) != last_block(curve_of(tables.layer_summary, model.name, analysis.name))
    ]
    if not rises:
        return []
    return [
        f"{analysis.short} rises again to the last block, beyond doubt, in {rises.count(ABOVE)} of "
        f"{count(len(found), 'model')}."
    ]


def _best(tables: RunTables, analysis: str, model: ModelFacts, peak: pd.Series) -> str:
    curve, layer = curve_of(tables.layer_summary, model.name, analysis), str(peak["layer"])
    return f"{point(curve, layer)} ({model.name}, {layer})"


def counted_task(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """Name the models that are best and worst by their single layer, best on dev."""
    metric = facts.task(name).metric
    mine = metric_rows(tables.single_weighted, facts, name)
    mine = mine[mine["model"].isin([model.name for model in facts.of_kind("trained")])]
    if mine.empty:
        return []
    order = (metric.sign * mine["single"].astype(float)).to_numpy()
    best, worst = mine.iloc[int(order.argmax())], mine.iloc[int(order.argmin())]
    ends = [
        f"{number(row['single'], 3)} ({facts.model(str(row['model'])).label}, {row['layer']})"
        for row in (best, worst)
    ]
    return [
        f"{facts.task(name).title}: test {metric.title} of the single layer that is best on dev, from the "
        f"best to the worst of {count(len(mine), 'model')}: {ends[0]} to {ends[1]}."
    ]


def counted_measures(tables: RunTables, facts: RunFacts) -> list[str]:
    """Name the ends of each measure over models, by its headline variant."""
    sentences = []
    trained = [model.name for model in facts.of_kind("trained")]
    for measure in facts.measures:
        mine = of(tables.measures, measure=measure.name, variant=measure.headline)
        rows = [row for name in trained if (row := best_row(of(mine, model=name), measure.main)) is not None]
        if rows:
            rows.sort(key=lambda row: -measure.main.sign * float(row["value"]))
            ends = [
                f"{shown(row, measure.main)} ({row['model']}, {row['layer']})" for row in (rows[0], rows[-1])
            ]
            sentences.append(
                f"{measure.title}, {measure.main.title}: best layers of {count(len(rows), 'model')} from "
                f"{ends[0]} to {ends[1]}."
            )
    for (name, reason), gone in tables.measure_omissions.groupby(["measure", "reason"], sort=True):
        who = count(gone["model"].nunique(), "model")
        sentences.append(f"{facts.measure(str(name)).title} cannot be run for {who}: {reason}.")
    return sentences


def short_choice(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say per task and group of models which ways to choose a layer lose least and most on average."""
    sentences = []
    for task in tables.tasks:
        metric, part = facts.task(task).metric, metric_rows(tables.choice, facts, task)
        for group, models in groups(facts):
            mine = part[part["model"].isin([model.name for model in models])]
            if mine.empty:
                continue
            means = mine.groupby("strategy")["regret"].mean().astype(float)
            order = sorted(strategies_in_order(mine), key=lambda name: float(means[name]))
            told = [f"{strategy_title(facts, name)} ({number(means[name], 3)})" for name in order]
            least, most = told[:ENDS], told[max(ENDS, len(told) - 1) :]
            ends = f"least for {listed(least)}" + (f", most for {listed(most)}" if most else "")
            who = count(mine["model"].nunique(), f"{group} model")
            sentences.append(f"{facts.task(task).title}, {who}: mean regret in {metric.title} is {ends}.")
    return sentences


def short_agreement(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say per task which analysis or measure ranks layers most and least as the task does."""
    sentences = []
    trained = [model.name for model in facts.of_kind("trained")]
    mine = tables.agreement[tables.agreement["model"].isin(trained)]
    for task, rows in mine.groupby("task", sort=True):
        means = rows.groupby("analysis")["spearman"].mean().astype(float).sort_values(kind="stable")
        sure = int((rows["low"] > 0).sum())
        ends = [
            f"{_what(facts, str(means.index[place]))} ({number(float(means.iloc[place]))})"
            for place in ((-1, 0) if len(means) > 1 else (-1,))
        ]
        both = f"most {ends[0]}" + (f", least {ends[1]}" if len(ends) > 1 else "")
        sentences.append(
            f"{facts.task(str(task)).title}: rank correlations with the layers' order have an interval above "
            f"0 in {sure} of {count(len(rows), 'case')} (model and analysis); on average {both}."
        )
    for _, row in tables.head_agreement.iterrows():
        a, b = (facts.task(str(row[name])).title for name in ("task_a", "task_b"))
        sentences.append(
            f"{facts.model(str(row['model'])).label}: {a} and {b} rank layers alike with Spearman "
            f"{with_limits(row, 'spearman')}."
        )
    return sentences


def _what(facts: RunFacts, analysis: str) -> str:
    return "the learned weights" if analysis == WEIGHTS else facts.compared(analysis).short
