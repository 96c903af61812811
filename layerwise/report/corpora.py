"""The data of a run in words: the analysed corpus, those of tasks, and what was left out."""

import math
from collections.abc import Hashable
from typing import Any

from layerwise.report.facts import CorpusFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import DASH, Table, number
from layerwise.report.words import count, listed


def corpus_text(tables: RunTables, facts: RunFacts) -> list[str]:
    """Describe the corpora, where features were encoded in training, what was left out and warned of."""
    texts = [described(facts.corpus)]
    texts += [f"For tasks, {described(corpus)}" for corpus in facts.corpora]
    for task, models in facts.live.items():
        every = len(models) == len(facts.models)
        whose = "all models" if every else listed([facts.model(name).label for name in models])
        texts.append(
            f"Features for {task} were not stored: {whose} encoded the speech anew in each pass of training."
        )
    texts += _licences(facts)
    lost = len(tables.exclusions)
    if not lost:
        return [*texts, "Nothing was excluded.", warnings_line(tables)]
    made = "exclusion was made on the way; the appendix gives its reason"
    if lost > 1:
        made = "exclusions were made on the way; the appendix lists each with its reason"
    return [*texts, f"{lost} {made}.", warnings_line(tables)]


def warnings_line(tables: RunTables) -> str:
    """Count the warnings on utterances that are used (`corpora.warnings_table`)."""
    found = tables.warnings
    if found.empty:
        return "No warning was given on utterances that are used."
    utterances = len(found[["corpus", "utt_id"]].drop_duplicates())
    return (
        f"{count(len(found), 'warning')} {'were' if len(found) > 1 else 'was'} given on "
        f"{count(utterances, 'utterance')} that {'are' if utterances > 1 else 'is'} used all the same "
        "(each: tables/warnings.csv)."
    )


def warnings_table(tables: RunTables, facts: RunFacts) -> list[Table]:
    """Count the warnings by corpus and kind, the most frequent first, each with one that was given."""
    found = tables.warnings
    if found.empty:
        return []
    kinds = found["warning"].str.partition(":")[0].str.strip()
    groups = found.assign(kind=kinds).groupby(["corpus", "kind"], sort=True)
    rows = [
        (
            str(corpus) or facts.corpus.name,
            str(kind),
            str(group["utt_id"].nunique()),
            f"{group['utt_id'].iloc[0]}: {group['warning'].iloc[0]}",
        )
        for (corpus, kind), group in groups
    ]
    rows.sort(key=lambda row: -int(row[2]))
    caption = f"Warnings ({len(found)}) on utterances that are used, by kind, and the first of each."
    return [Table(caption, ("Corpus", "Warning", "Utterances", "For example"), tuple(rows))]


def corpus_cautions(tables: RunTables, facts: RunFacts) -> list[str]:
    """Say what is to beware of in the splits of the corpora that tasks use."""
    found = []
    names = [corpus.name for corpus in facts.corpora]
    for name in ["", *names] if tables.tasks else names:
        title = name or facts.corpus.name
        counts = of(tables.splits, corpus=name)
        warned = zip(counts["split"], counts["caution"], strict=True)
        found += [f"{title}, {split}: {caution}." for split, caution in warned if caution]
    return found


def corpus_tables(tables: RunTables, facts: RunFacts) -> list[Table]:
    """The splits of the corpora and the warnings on their utterances, as far as there is something to say."""
    return [*splits_table(tables, facts), *warnings_table(tables, facts)]


def splits_table(tables: RunTables, facts: RunFacts) -> list[Table]:
    """Utterances, speakers and hours of the splits of all corpora, where tasks have corpora of their own."""
    if not facts.corpora:
        return []
    counts: list[dict[Hashable, Any]] = tables.splits.to_dict("records")
    rows = tuple(
        (
            row["corpus"] or facts.corpus.name,
            row["split"],
            str(row["utterances"]),
            DASH if math.isnan(row["published"]) else f"{row['published']:.0f}",
            str(row["speakers"]),
            number(row["seconds"] / 3600),
        )
        for row in counts
    )
    caption = "Splits of the corpora: usable utterances, those of the published corpus, speakers and hours."
    return [Table(caption, ("Corpus", "Split", "Utterances", "Published", "Speakers", "Hours"), rows)]


def described(corpus: CorpusFacts) -> str:
    """Describe a corpus in a sentence or two: its size, its splits and where it is from."""
    splits = ", ".join(f"{number} {name}" for name, number in corpus.splits.items())
    text = (
        f"{corpus.name}: {corpus.utterances} utterances, {corpus.seconds / 60:.1f} minutes, "
        f"{count(corpus.speakers, 'speaker')} ({splits}). {corpus.description}"
    ).strip()
    return text if text.endswith(".") else f"{text}."


def _licences(facts: RunFacts) -> list[str]:
    """Licences of what was brought to the run; those of twins are those of their models."""
    twins = {f"models.{model.name}" for model in facts.of_kind("random")}
    told = {key: licence for key, licence in facts.licences.items() if key not in twins}
    by_licence: dict[str, list[str]] = {}
    for key, licence in told.items():
        by_licence.setdefault(licence, []).append(key.partition(".")[2] or key)
    lines = [f"{', '.join(names)}: {licence}" for licence, names in by_licence.items()]
    return [f"Licences of what was analysed: {'; '.join(lines)}."] if lines else []
