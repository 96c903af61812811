"""How far two alignments of the same speech agree: differences of word and phone boundaries."""

from typing import Any

import pandas as pd

from layerwise.align.intervals import FRICATIVES, STOPS, VOWELS

AFFRICATES = ("CH", "JH")
NASALS = ("M", "N", "NG")
PHONE_CLASSES = {
    "vowels": VOWELS,
    "stops": tuple(phone for phone in STOPS if phone not in AFFRICATES),
    "fricatives": FRICATIVES,
    "affricates": AFFRICATES,
    "nasals": NASALS,
    "approximants": ("L", "R", "W", "Y"),
}
CLASS_OF = {phone: name for name, phones in PHONE_CLASSES.items() for phone in phones}
EDGES = ("start", "end")
TOLERANCES_MS = (10, 20, 50)
# Times are decimal numbers that pass through binary fractions, MFA's even through float32; a nanosecond's
# error must not move a boundary across a tolerance.
DECIMALS = 6
WORDLESS = -1.0  # number of the word of phones that are in none
COLUMNS = (
    *("tier", "group", "boundary", "utterances", "boundaries", "compared", "bias_ms", "median_ms"),
    *(f"within_{tolerance}ms" for tolerance in TOLERANCES_MS),
)


def boundary_differences(reference: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Pair the boundaries of two interval tables and return the differences ``other - reference``.

    Words are compared in utterances that have the same word sequence in both, phones in those words of them
    that have the same phone sequence in both; words are matched by their order, not by ``word_index``. Where
    one of the tables has no words, phones are compared in utterances that have the same phone sequence.

    Returns one row per boundary of ``reference``: utt_id, tier, group (phone class, ``all`` for words),
    label, boundary (``start``, ``end``) and seconds, which is NaN where there is nothing to compare with.
    """
    words, other_words = _numbered_words(reference), _numbered_words(other)
    both = not (words.empty or other_words.empty)
    phones = _numbered_phones(reference, words if both else words.iloc[:0])
    other_phones = _numbered_phones(other, other_words if both else words.iloc[:0])
    words = _pair(words, other_words, ["utt_id"], ["utt_id", "word"])
    alike = words[words["same"]] if both else phones[phones["word"] == WORDLESS]
    alike = alike[["utt_id", "word"]].drop_duplicates().assign(spoken=True)
    phones = _pair(phones, other_phones, ["utt_id", "word"], ["utt_id", "word", "phone"])
    phones = phones.merge(alike, on=["utt_id", "word"], how="left")
    phones["same"] &= phones["spoken"].notna()
    words["group"], phones["group"] = "all", phones["label"].map(CLASS_OF)
    paired = pd.concat([words, phones], ignore_index=True)
    kept = ["utt_id", "tier", "group", "label"]
    edges = [
        paired[kept].assign(
            boundary=edge,
            seconds=(paired[f"{edge}_other"] - paired[edge]).round(DECIMALS).where(paired["same"]),
        )
        for edge in EDGES
    ]
    return pd.concat(edges, ignore_index=True)


def agreement(reference: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Summarise the boundary differences of two interval tables (see :func:`boundary_differences`).

    Returns ``COLUMNS``, one row per tier, group (``all``, and for phones each of ``PHONE_CLASSES``) and
    boundary (``start``, ``end``, ``both``): how many ``boundaries`` the reference has, how many of them were
    ``compared`` and in how many ``utterances``, the median signed difference (``bias_ms``, positive:
    ``other`` is later), the median absolute difference (``median_ms``) and the shares within 10, 20 and
    50 ms, the limits included; NaN where nothing could be compared.
    """
    differences = boundary_differences(reference, other)
    rows = [
        _summary(tier, group, boundary, differences)
        for tier, groups in (("word", ["all"]), ("phone", ["all", *PHONE_CLASSES]))
        for group in groups
        for boundary in (*EDGES, "both")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def coverage(reference: pd.DataFrame, other: pd.DataFrame) -> dict[str, int]:
    """Count utterances: ``same words`` (compared), ``other words``, ``only reference``, ``only other``.

    Where one of the tables has no words, their phones are looked at.
    """
    tables = (reference, other)
    tier = "word" if all((table["tier"] == "word").any() for table in tables) else "phone"
    sequences, others = (
        table[table["tier"] == tier]
        .sort_values(["utt_id", "start"])
        .groupby("utt_id")["label"]
        .agg(tuple)
        .to_dict()
        for table in tables
    )
    both = sequences.keys() & others.keys()
    same = sum(sequences[utt_id] == others[utt_id] for utt_id in both)
    return {
        "same words": same,
        "other words": len(both) - same,
        "only reference": len(sequences.keys() - both),
        "only other": len(others.keys() - both),
    }


def _summary(tier: str, group: str, boundary: str, differences: pd.DataFrame) -> tuple[Any, ...]:
    chosen = differences["tier"] == tier
    if group != "all":
        chosen &= differences["group"] == group
    if boundary != "both":
        chosen &= differences["boundary"] == boundary
    compared = differences[chosen].dropna(subset="seconds")
    seconds, utterances = compared["seconds"], compared["utt_id"].nunique()
    counts = (utterances, int(chosen.sum()), len(seconds))
    if seconds.empty:
        return (tier, group, boundary, *counts, *[float("nan")] * (2 + len(TOLERANCES_MS)))
    milliseconds = (1000 * seconds).round(DECIMALS - 3)
    shares = [float((milliseconds.abs() <= tolerance).mean()) for tolerance in TOLERANCES_MS]
    centre = (float(milliseconds.median()), float(milliseconds.abs().median()))
    return (tier, group, boundary, *counts, *centre, *shares)


def _numbered_words(table: pd.DataFrame) -> pd.DataFrame:
    words = table[table["tier"] == "word"].sort_values(["utt_id", "start"], kind="stable")
    return words.assign(word=words.groupby("utt_id").cumcount())


def _numbered_phones(table: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    phones = table[table["tier"] == "phone"].sort_values(["utt_id", "start"], kind="stable")
    phones = phones.merge(words[["utt_id", "word_index", "word"]], on=["utt_id", "word_index"], how="left")
    phones["word"] = phones["word"].fillna(WORDLESS)
    return phones.assign(phone=phones.groupby(["utt_id", "word"]).cumcount())


def _pair(items: pd.DataFrame, others: pd.DataFrame, whole: list[str], key: list[str]) -> pd.DataFrame:
    """Items with the times of their partners, and whether the label sequences of their ``whole`` agree."""
    columns = [*key, "label", *EDGES]
    paired = items.merge(others[columns], on=key, how="left", suffixes=("", "_other"))
    paired["same"] = paired["label"] == paired["label_other"]
    sizes, other_sizes = (
        paired[whole].merge(table.groupby(whole).size().rename("size"), on=whole, how="left")["size"]
        for table in (items, others)
    )
    complete = paired.groupby(whole)["same"].transform("all").astype(bool)
    paired["same"] = complete & (sizes == other_sizes)
    return paired
