"""What is sampled of a corpus."""

from typing import TYPE_CHECKING

from layerwise.contracts.columns import END, ENDS_LATER, LABEL, SPEAKER, START, UTT_ID
from layerwise.contracts.spec import Column, Rule, Table, choice
from layerwise.errors import AnalysisError

if TYPE_CHECKING:
    import pandas as pd


def _labelled(table: "pd.DataFrame") -> "pd.Series[bool]":
    return (table["label"] == "") == (table["kind"] == "utterance")


def _numbered(table: "pd.DataFrame") -> "pd.Series[bool]":
    return (table["segment"] < 0) == (table["kind"] == "utterance")


SAMPLE = Table(
    path="samples/{n}.parquet",
    made_by="samples",
    error=AnalysisError,
    columns=(
        choice("kind", "utterance", "phone", "word", about="what is sampled"),
        *(UTT_ID, SPEAKER),
        Column("label", empty=True, about="the word or phone; empty for an utterance"),
        *(START, END),
        Column("segment", "integer", -1, about="its number within its kind; -1 for an utterance"),
    ),
    key=("kind", "utt_id", "start"),
    rules=(
        ENDS_LATER,
        Rule("label", "a label for a phone or word, none for an utterance", _labelled),
        Rule("segment", "a number from 0 for a phone or word, -1 for an utterance", _numbered),
    ),
    about="a sampled utterance, phone or word of one sample set",
)
SEGMENTS = Table(
    path="samples/segments.parquet",
    made_by="samples",
    error=AnalysisError,
    columns=(choice("kind", "phone", "word", about="what it is"), UTT_ID, SPEAKER, LABEL, START, END),
    key=("kind", "utt_id", "start"),
    rules=(ENDS_LATER,),
    about="a phone or word that some sample set holds; its place within its kind is its number",
)
