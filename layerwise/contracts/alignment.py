"""What aligners give: intervals, what became of each utterance, and two alignments compared."""

from dataclasses import replace
from typing import TYPE_CHECKING

from layerwise.contracts.columns import END, ENDS_LATER, LABEL, REASON, START, STATUS, TIER, UTT_ID
from layerwise.contracts.spec import Column, Rule, Table, choice, count, number
from layerwise.errors import AlignmentError, ReportError

if TYPE_CHECKING:
    import pandas as pd


def _apart(table: "pd.DataFrame") -> "pd.Series[bool]":
    """Whether each interval starts when the one above it, of the same tier and utterance, has ended."""
    above = table[["utt_id", "tier", "end"]].shift()
    alike = (table["utt_id"] == above["utt_id"]) & (table["tier"] == above["tier"])
    return ~alike | (table["start"] >= above["end"])


def _explained(table: "pd.DataFrame") -> "pd.Series[bool]":
    return (table["status"] == "aligned") | (table["reason"] != "")


def _within(table: "pd.DataFrame") -> "pd.Series[bool]":
    return table["compared"] <= table["boundaries"]


INTERVALS = Table(
    path="alignment/intervals.parquet",
    made_by="align",
    error=AlignmentError,
    columns=(
        *(UTT_ID, TIER, START, END, LABEL),
        count(
            "word_index",
            about="number of the word in its utterance; a phone has that of its word, or "
            "without words that of its stretch between pauses",
        ),
    ),
    key=("utt_id", "tier", "start"),
    rules=(
        ENDS_LATER,
        Rule("start", "a time not before the end of the row above, of the same tier and utterance", _apart),
    ),
    about="a word or phone, whichever the aligner; sorted by utt_id, tier and start",
)
QUALITY = Table(
    path="alignment/quality.csv",
    made_by="align",
    error=AlignmentError,
    columns=(
        *(UTT_ID, STATUS),
        Column("reason", empty=True, about="why it is not aligned"),
        number(
            "score", empty=True, about="mean acoustic log score per frame, comparable within one aligner only"
        ),
        count("words", about="aligned words"),
        count("phones", about="aligned phones"),
    ),
    key=("utt_id",),
    rules=(Rule("reason", "the reason why the utterance is not aligned", _explained),),
    about="what became of an utterance of the manifest",
)
COMPARED = replace(
    QUALITY,
    path="alignment/compared.csv",
    made_by="alignment_agreement",
    about="what became of an utterance of the manifest in a second alignment, with which that of the run is "
    "compared",
)
MFA_DROPPED = Table(
    path="alignment/mfa/dropped.csv",
    made_by="align_mfa_corpus",
    error=AlignmentError,
    columns=(UTT_ID, REASON),
    key=("utt_id",),
    may_be_empty=True,
    about="an utterance that the Montreal Forced Aligner is not given",
)
MFA_SPEECH = Table(
    path="alignment/mfa/speech.csv",
    made_by="align_mfa_corpus",
    error=AlignmentError,
    columns=(UTT_ID, number("speech", 0, about="seconds of its audio that are loud enough to be speech")),
    key=("utt_id",),
    may_be_empty=True,
    about="an utterance that the Montreal Forced Aligner is given",
)
WORST = Table(
    path="tables/worst_alignments.csv",
    made_by="worst_alignments",
    error=ReportError,
    columns=(
        UTT_ID,
        number("score", about="mean acoustic log score per frame, the lowest first"),
        count("words", about="aligned words"),
        count("phones", about="aligned phones"),
        number("seconds", 0, about="length of its audio"),
        Column("text", empty=True, about="its transcript"),
    ),
    key=("utt_id",),
    may_be_empty=True,
    about="an utterance whose alignment has one of the ten lowest scores; none if the aligner gives none",
)
BOUNDARY_AGREEMENT = Table(
    path="tables/alignment_agreement.csv",
    made_by="alignment_agreement",
    error=ReportError,
    columns=(
        replace(TIER, about="whose boundaries"),
        Column("group", about="class of phones, or all"),
        choice("boundary", "start", "end", "both", about="which edge"),
        count("utterances", about="utterances compared"),
        count("boundaries", about="boundaries in the alignment of the run"),
        count("compared", about="boundaries that could be compared"),
        number("bias_ms", empty=True, about="median difference in ms; positive: the second is later"),
        number("median_ms", 0, empty=True, about="median absolute difference in ms"),
        *(
            number(f"within_{limit}ms", 0, 1, empty=True, about=f"share of differences up to {limit} ms")
            for limit in (10, 20, 50)
        ),
    ),
    key=("tier", "group", "boundary"),
    rules=(Rule("compared", "at most boundaries", _within),),
    about="boundaries of one kind in the alignment of the run and in a second one",
)
