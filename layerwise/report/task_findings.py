"""Sentences on downstream tasks: every comparison is paired on the same test utterances."""

from collections.abc import Iterator

import pandas as pd

from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import number, p_value, with_limits
from layerwise.report.words import ABOVE, ALL, BELOW, SINGLE, TIE, count, listed, verdict

WORDS = {
    SINGLE: "the single layer is better",
    ALL: "the sum is better",
    TIE: "neither is distinguishably better",
}


def groups(facts: RunFacts) -> Iterator[tuple[str, tuple[ModelFacts, ...]]]:
    """Trained models that may be averaged: self-supervised ones, and those that saw transcripts."""
    trained = facts.of_kind("trained")
    own = tuple(model for model in trained if model.supervision == "self-supervised")
    rest = tuple(model for model in trained if model.supervision != "self-supervised")
    yield from ((name, models) for name, models in (("self-supervised", own), ("supervised", rest)) if models)


def metric_rows(table: pd.DataFrame, facts: RunFacts, task: str) -> pd.DataFrame:
    """Rows of a table on one task in the metric that decides."""
    return of(table, task=task, metric=facts.task(task).metric.name)


def sum_findings(tables: RunTables, facts: RunFacts) -> list[str]:
    """Count per task and group of models where the single layer or the learned sum is better."""
    sentences = []
    for task in tables.tasks:
        mine = metric_rows(tables.single_weighted, facts, task)
        for group, models in groups(facts):
            words = list(mine[mine["model"].isin([model.name for model in models])]["verdict"])
            if words:
                sentences.append(
                    f"In {facts.task(task).title.lower()}, the single layer that is best on dev beats "
                    f"the learned sum of all layers for {words.count(SINGLE)}, loses to it for "
                    f"{words.count(ALL)} and is not distinguishable from it for {words.count(TIE)} of "
                    f"{count(len(words), f'{group} model')}."
                )
    return sentences


def task_findings(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """One sentence per trained model on one task: single layer, learned sum, tie set and controls."""
    sentences = []
    metric = facts.task(name).metric
    mine = metric_rows(tables.single_weighted, facts, name)
    for model in facts.in_order(mine["model"]):
        if model.kind != "trained":
            continue
        row = of(mine, model=model.name).iloc[0]
        peak = of(tables.task_peaks, task=name, metric=metric.name, model=model.name).iloc[0]
        tied = "alone" if peak["n_tie"] == 1 else f"which does not beat {count(peak['n_tie'] - 1, 'other')}"
        sentences.append(
            f"{model.label}: {row['layer']}, best on dev, has test {metric.title} "
            f"{number(row['single'], 3)}, the learned sum of all layers {number(row['all'], 3)}; the "
            f"difference is {with_limits(row, digits=3)} (p {_p(row['p_holm'])}): "
            f"{WORDS[str(row['verdict'])]}. Best on test is {peak['layer']}, {tied}"
            f"{_against_controls(tables, facts, row)}."
        )
    return sentences


def _p(p: float) -> str:
    text = p_value(float(p))
    return text if text.startswith("<") else f"= {text}"


def _against_controls(tables: RunTables, facts: RunFacts, row: pd.Series) -> str:
    """Place the single layer against the best layers of the random twin and of the baselines."""
    sign = facts.task(row["task"]).metric.sign
    clauses = []
    for _, other in of(
        tables.task_contrasts, task=row["task"], metric=row["metric"], model=row["model"]
    ).iterrows():
        control = facts.model(str(other["control"]))
        who = f"its random twin at {other['control_layer']}" if control.kind == "random" else control.label
        word = verdict(other)
        if word in (ABOVE, BELOW):
            word = "better than" if sign * float(other["difference"]) > 0 else "worse than"
        clauses.append(f"{word} {who} (by {with_limits(other, digits=3)})")
    return f". {row['layer']} is {listed(clauses)}" if clauses else ""
