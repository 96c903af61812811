"""Sentences generated from the numbers: nothing is claimed that an interval does not allow."""

import pandas as pd

from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import interval, number
from layerwise.report.words import ABOVE, SAME, count, verdict


def abstract(tables: RunTables, facts: RunFacts) -> list[str]:
    """Summarise the run in a few sentences of counts."""
    trained, corpus = facts.of_kind("trained"), facts.corpus
    sentences = [
        f"This report analyses the layers of {count(len(trained), 'trained speech model')} on the corpus "
        f"{corpus.name} ({count(corpus.utterances, 'utterance')}, {corpus.seconds / 60:.1f} min, "
        f"{count(corpus.speakers, 'speaker')}) with the {facts.protocol} protocol."
    ]
    for analysis in ("cca-phone", "cca-word"):
        mine = of(tables.control_contrasts, analysis=analysis)
        if mine.empty:
            continue
        words = mine.apply(verdict, axis=1, smallest=facts.smallest_effect)
        judged = (words == ABOVE).groupby(mine["model"]).all()
        sentences.append(
            f"{facts.analysis(analysis).short} peaks above every control (random twin, baseline) in "
            f"{judged.sum()} of {count(len(judged), 'model')}."
        )
    for task in tables.tasks:
        mine = of(tables.single_weighted, task=task)
        if not mine.empty:
            title, sign = facts.task(task).title, facts.task(task).metric.sign
            verdicts = [_single_verdict(row, sign) for _, row in mine.iterrows()]
            sentences.append(
                f"In {title.lower()}, the weighted sum of all layers is better than the best "
                f"single layer for {verdicts.count('better than')}, worse for {verdicts.count('worse than')} "
                f"and not distinguishable from it for {verdicts.count(SAME)} of "
                f"{count(len(verdicts), 'model')} (random twins included)."
            )
    return [" ".join(sentences)]


def inter_findings(tables: RunTables, facts: RunFacts, pair: tuple[str, str]) -> list[str]:
    """Say which layers of two models are most and least alike, over block layers."""
    mine = of(tables.inter_scores, model_a=pair[0], model_b=pair[1])
    keys = ["layer_index_a", "layer_index_b", "layer_a", "layer_b"]
    means = mine.groupby(keys)[["score", "low", "high", "null"]].mean().reset_index()
    order = means.sort_values("score")
    names = [facts.model(name).label for name in pair]
    return [
        f"{word}: {row['layer_a']} of {names[0]} and {row['layer_b']} of {names[1]}, "
        f"{interval(*row[['score', 'low', 'high']])} ({_chance(row['null'])})."
        for word, row in (("Most alike", order.iloc[-1]), ("Least alike", order.iloc[0]))
    ]


def _chance(null: float) -> str:
    return "no permutations" if pd.isna(null) else f"permuted: {number(null)}"


def _single_verdict(row: pd.Series, sign: int) -> str:
    """Compare weighted sum and single layer; overlapping intervals claim nothing (conservative)."""
    if not (row["all_low"] > row["high"] or row["low"] > row["all_high"]):
        return SAME
    return "better than" if sign * (row["all_value"] - row["value"]) > 0 else "worse than"


def task_findings(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """One sentence per trained model on one task: single layer, weighted sum, and baselines."""
    sentences = []
    metric, mine = facts.task(name).metric, of(tables.single_weighted, task=name)
    for model in facts.in_order(mine["model"]):
        if model.kind != "trained":
            continue
        row = of(mine, model=model.name).iloc[0]
        sentences.append(
            f"{model.label}: best single layer {row['best_layer']} with {metric.title} "
            f"{interval(*row[['value', 'low', 'high']])}; weighted sum of all layers "
            f"{interval(*row[['all_value', 'all_low', 'all_high']])}, {_single_verdict(row, metric.sign)} "
            f"the single layer{_against_controls(tables, facts, row)}."
        )
    return sentences


def _against_controls(tables: RunTables, facts: RunFacts, row: pd.Series) -> str:
    """Place the best single layer against the random twin's best and against the baselines."""
    task, twin = facts.task(row["task"]), facts.twin(row["model"])
    clauses = []
    for control in ([twin] if twin else []) + list(facts.of_kind("baseline")):
        mine = of(tables.downstream_summary, task=task.name, model=control.name)
        mine = mine[mine["layer"] != WEIGHTED_SUM]
        chosen = of(tables.single_weighted, task=task.name, model=control.name)
        if mine.empty:
            continue
        layer = mine["layer"].iloc[0] if chosen.empty else chosen["best_layer"].iloc[0]
        other = of(mine, layer=layer).iloc[0]
        flipped = {"all_value": row["value"], "all_low": row["low"], "all_high": row["high"]}
        word = _single_verdict(pd.Series({**other, **flipped}), task.metric.sign)
        who = f"its random twin at {layer}" if control.kind == "random" else control.label
        clauses.append(f"{word} {who} ({interval(*other[['value', 'low', 'high']])})")
    return f". The single layer is {' and '.join(clauses)}" if clauses else ""


def agreement_findings(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say per task and analysis how well CCA ranks the layers of trained models and what choosing costs."""
    sentences = []
    trained = {model.name for model in facts.of_kind("trained")}
    mine = tables.agreement[tables.agreement["model"].isin(trained)]
    for (task, analysis), rows in mine.groupby(["task", "analysis"], sort=True):
        title = facts.task(str(task)).title
        rho = _range(rows["spearman"].astype(float), 2)
        regret = _range(rows["regret"].astype(float), 3)
        sentences.append(
            f"{facts.analysis(str(analysis)).short} ranks layers for {title.lower()} with Spearman {rho} "
            f"({count(len(rows), 'trained model')}); the regret of choosing the layer by it is {regret}."
        )
    return sentences


def _range(values: pd.Series, digits: int) -> str:
    """Smallest and largest value, or the one value that both round to."""
    low, high = number(values.min(), digits), number(values.max(), digits)
    return low if low == high else f"{low} to {high}"


def limits(facts: RunFacts) -> list[str]:
    """What this run cannot show, from its own facts."""
    corpus = facts.corpus
    sentences = []
    if corpus.speakers == 1:
        sentences.append(
            "The corpus has one speaker: nothing here speaks of speaker variation, and intervals cover new "
            "utterances of this speaker only."
        )
    if corpus.seconds < 5 * 3600:
        sentences.append(
            f"The corpus is small ({corpus.seconds / 60:.0f} min): rare phones and words have few segments, "
            "held-out scores are noisy, and curves of different runs should be compared with their intervals."
        )
    sizes = [model.parameters for model in facts.of_kind("trained") if model.parameters]
    if sizes and min(sizes) < 30_000_000:
        small = min(sizes) / 1e6
        sentences.append(
            f"Some models are far smaller than those of the literature (from {small:.1f} million "
            "parameters): their curves need not carry over to base or large models."
        )
    weak = [m.label for m in facts.of_kind("trained") if m.supervision != "self-supervised"]
    if weak:
        sentences.append(
            f"Not self-supervised: {', '.join(weak)}. Transcripts shaped their layers, so they are "
            "a reference for self-supervised models and not one of them."
        )
    if facts.aligner != "textgrid":
        sentences.append(
            f"Phone and word boundaries are those of an automatic aligner ({facts.aligner}) and were not "
            "corrected by hand; errors there lower the scores of all models."
        )
    sentences.append(
        "CCA is linear: content that a layer holds in another form is not seen. A high score says that "
        "the information is there, not that the model uses it."
    )
    sentences.append(
        "Intervals cover new units (speakers or utterances) of this corpus with the models as they are: "
        "another initialisation of a random twin, or another pre-training run of a model, may differ by "
        "more. A control is compared at its own best layer, so a model with many layers has more chances "
        "than features with one."
    )
    return sentences
