"""Sentences generated from the numbers: nothing is claimed that an interval does not allow."""

import pandas as pd

from layerwise.layers import WEIGHTED_SUM, is_normed
from layerwise.report.curves import curve_of, last_block, peak_layer
from layerwise.report.facts import AnalysisFacts, ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import interval, last_block_rise, number, point

SAME = "not distinguishable from"
MOST_PAIRS = 4


def verdict(low: float, high: float) -> str:
    """Say what an interval of a difference allows: above, below or not distinguishable from."""
    if low > 0:
        return "above"
    return "below" if high < 0 else SAME


def abstract(tables: RunTables, facts: RunFacts) -> list[str]:
    """Summarise the run in a few sentences of counts."""
    trained, corpus = facts.of_kind("trained"), facts.corpus
    sentences = [
        f"This report analyses the layers of {_count(len(trained), 'trained speech model')} on the corpus "
        f"{corpus.name} ({_count(corpus.utterances, 'utterance')}, {corpus.seconds / 60:.1f} min, "
        f"{_count(corpus.speakers, 'speaker')}) with the {facts.protocol} protocol."
    ]
    for analysis in ("cca-phone", "cca-word"):
        mine = of(tables.control_contrasts, analysis=analysis)
        if mine.empty:
            continue
        judged = mine.groupby("model", sort=True)["low"].min()
        sentences.append(
            f"{facts.analysis(analysis).short} peaks above every control (random twin, baseline) in "
            f"{(judged > 0).sum()} of {_count(len(judged), 'model')}."
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
                f"{_count(len(verdicts), 'model')} (random twins included)."
            )
    return [" ".join(sentences)]


def analysis_findings(tables: RunTables, facts: RunFacts, name: str) -> list[str]:
    """One sentence per trained model on one analysis."""
    sentences = []
    analysis, summary = facts.analysis(name), tables.layer_summary
    peaks = "peaks" if analysis.higher_is_better else "is lowest"
    for model in facts.in_order(summary.loc[summary["analysis"] == name, "model"]):
        curve = curve_of(summary, model.name, name)
        if model.kind != "trained" or curve.empty:
            continue
        if analysis.own_reference:
            sentences.append(_own_reference(tables, model, analysis, curve))
            continue
        peak = str(peak_layer(summary, model.name, analysis))
        text = f"{analysis.short} of {model.label} {peaks} at {peak} ({point(curve, peak)})"
        controls = of(tables.control_contrasts, model=model.name, analysis=name)
        clauses = [_control(tables, facts, name, row) for _, row in controls.iterrows()]
        sentences.append(f"{text}, {' and '.join(clauses)}." if clauses else f"{text}.")
    return sentences


def _control(tables: RunTables, facts: RunFacts, analysis: str, row: pd.Series) -> str:
    control = facts.model(str(row["control"]))
    layer = str(row["control_layer"])
    score = point(curve_of(tables.layer_summary, control.name, analysis), layer)
    name = f"the best layer of its random twin ({layer}, {score}" if control.kind == "random" else None
    name = name or f"{control.label} ({score}"
    word = verdict(float(row["low"]), float(row["high"]))
    return f"{word} {name}; difference {interval(*row[['difference', 'low', 'high']])})"


def _own_reference(tables: RunTables, model: ModelFacts, analysis: AnalysisFacts, curve: pd.DataFrame) -> str:
    blocks = [str(layer) for layer in curve.index if not is_normed(str(layer))]
    lowest, last = str(curve["score"].loc[blocks].astype(float).idxmin()), last_block(curve)
    text = f"{analysis.short} of {model.label} is lowest at {lowest} ({point(curve, lowest)})"
    if lowest == last:
        return f"{text}, its last block: it moves away from its input to the end."
    rise = last_block_rise(tables, analysis.name, model.name, lowest)
    if rise[1] > 0:
        return (
            f"{text} and rises again to {point(curve, last)} at its last block {last} "
            f"(difference {interval(*rise)}): it returns towards its input."
        )
    return (
        f"{text}; its last block {last} ({point(curve, last)}) is not distinguishable from that "
        f"(difference {interval(*rise)})."
    )


def objective_findings(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say for each analysis and pair of objectives whether the shapes of the curves differ, and where.

    Many pairs are counted per analysis and not told one by one.
    """
    sentences = []
    if len(tables.curve_contrasts[["model_a", "model_b"]].drop_duplicates()) > MOST_PAIRS:
        return _counted_shapes(tables.curve_contrasts, facts)
    for names, rows in tables.curve_contrasts.groupby(["analysis", "model_a", "model_b"], sort=True):
        analysis, a, b = map(str, names)
        pair = f"{facts.model(a).label} ({facts.model(a).objective})"
        pair += f" and {facts.model(b).label} ({facts.model(b).objective})"
        low, high = rows["low"].astype(float), rows["high"].astype(float)
        apart = rows[(low > 0) | (high < 0)]
        largest = rows.iloc[int(rows["difference"].abs().to_numpy(dtype=float).argmax())]
        span = interval(*largest[["difference", "low", "high"]])
        text = f"{facts.analysis(analysis).short} of {pair}: "
        if apart.empty:
            text += "the shapes of the two curves are not distinguishable; the largest difference of the "
            text += f"centred curves is {span} at {largest['layer']}."
        else:
            text += (
                f"the shapes differ at {', '.join(apart['layer'])}, most at {largest['layer']}, where the "
            )
            text += f"centred curves differ by {interval(*largest[['difference', 'low', 'high']])}."
        sentences.append(text)
    if not sentences:
        sentences.append(
            "No two self-supervised models with different objectives and the same block layers were "
            "analysed: nothing can be said on the effect of the objective."
        )
    return sentences


def _counted_shapes(curves: pd.DataFrame, facts: RunFacts) -> list[str]:
    sentences = []
    for analysis, rows in curves.groupby("analysis", sort=True):
        apart = (rows["low"].astype(float) > 0) | (rows["high"].astype(float) < 0)
        pairs = apart.groupby([rows["model_a"], rows["model_b"]]).any()
        name = facts.analysis(str(analysis)).short
        sentences.append(
            f"{name}: the shapes of the two curves differ in {pairs.sum()} of {len(pairs)} "
            "pairs of models with different objectives and are not distinguishable in the others "
            "(tables/curve_contrasts.csv)."
        )
    return sentences


def inter_findings(tables: RunTables, facts: RunFacts, pair: tuple[str, str]) -> list[str]:
    """Say which layers of two models are most and least alike, over block layers."""
    mine = of(tables.inter_scores, model_a=pair[0], model_b=pair[1])
    keys = ["layer_index_a", "layer_index_b", "layer_a", "layer_b"]
    means = mine.groupby(keys)[["score", "low", "high", "floor"]].mean().reset_index()
    order = means.sort_values("score")
    names = [facts.model(name).label for name in pair]
    return [
        f"{word}: {row['layer_a']} of {names[0]} and {row['layer_b']} of {names[1]}, "
        f"{interval(*row[['score', 'low', 'high']])} (floor {number(row['floor'])})."
        for word, row in (("Most alike", order.iloc[-1]), ("Least alike", order.iloc[0]))
    ]


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
            f"({_count(len(rows), 'trained model')}); the regret of choosing the layer by it is {regret}."
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
        "The peak layer of a model is the best of many on the scores that are reported for it, which "
        "favours models with many layers over features with one; a control is beaten for certain only "
        "where the difference is clear."
    )
    sentences.append(
        "Comparisons of many models and layers are not corrected for their number, except across the layers "
        "of one pair of curves."
    )
    return sentences


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
