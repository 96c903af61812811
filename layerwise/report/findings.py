"""Sentences generated from the numbers: nothing is claimed that an interval does not allow."""

import pandas as pd

from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import interval, number
from layerwise.report.words import ABOVE, count, verdict


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
