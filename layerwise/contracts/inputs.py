"""Tables that come before any score: corpus, alignment, samples, vectors."""

from dataclasses import replace
from typing import TYPE_CHECKING

from layerwise.contracts.spec import Column, Rule, Table, choice, count, number
from layerwise.errors import AlignmentError, AnalysisError, CorpusError

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "dev", "test")

UTT_ID = Column("utt_id", "id of the utterance")
SPEAKER = Column("speaker", "speaker, as the corpus calls them", empty=True)
SPLIT = choice("split", "the part that it belongs to", *SPLITS)
STATUS = choice(
    "status",
    "failed: no alignment was found; dropped: it was not tried or not trusted",
    *("aligned", "failed", "dropped"),
)
TIER = choice("tier", "what the label is", "word", "phone")
AUDIO_PATH = Column("audio_path", "file of the audio")
START = number("start", "first moment, in seconds from the start of the utterance", 0)
END = number("end", "last moment, in seconds", 0)
ENDS_LATER = Rule("end", "a time after start", lambda table: table["end"] > table["start"])


def _apart(table: "pd.DataFrame") -> "pd.Series[bool]":
    """Whether each interval starts when the one above it, of the same tier and utterance, has ended."""
    above = table[["utt_id", "tier", "end"]].shift()
    alike = (table["utt_id"] == above["utt_id"]) & (table["tier"] == above["tier"])
    return ~alike | (table["start"] >= above["end"])


def _segment_columns(*kinds: str, label_empty: bool) -> tuple[Column, ...]:
    return (
        choice("kind", "what is sampled", *kinds),
        UTT_ID,
        SPEAKER,
        Column("label", "word or phone; empty for a whole utterance", empty=label_empty),
        START,
        END,
    )


MANIFEST = Table(
    name="manifest",
    path="corpus/manifest.parquet",
    about="a usable utterance",
    made_by="manifest",
    error=CorpusError,
    columns=(
        UTT_ID,
        SPEAKER,
        SPLIT,
        AUDIO_PATH,
        count("samples", "length of the audio in samples", 1),
        count("sample_rate", "sampling rate of the file in Hz", 1),
        Column("text", "transcript, normalised: lower case, words separated by one space"),
        Column("sha256", "SHA-256 of the audio file"),
    ),
    key=("utt_id",),
    more=("text", "labels that the corpus gives, by their own names; empty where it gives none"),
)
EXCLUDED = Table(
    name="excluded",
    path="corpus/excluded.csv",
    about="an utterance of the corpus that cannot be used",
    made_by="manifest",
    error=CorpusError,
    columns=(UTT_ID, AUDIO_PATH, Column("reason", "why it is left out")),
    key=("utt_id",),
    may_be_empty=True,
)
WARNINGS = Table(
    name="warnings",
    path="corpus/warnings.csv",
    about="something to beware of in an utterance that is used",
    made_by="manifest",
    error=CorpusError,
    columns=(UTT_ID, AUDIO_PATH, Column("warning", "what it is")),
    key=("utt_id", "warning"),
    may_be_empty=True,
)
INTERVALS = Table(
    name="intervals",
    path="alignment/intervals.parquet",
    about="a word or phone, whichever the aligner; sorted by utt_id, tier and start",
    made_by="align",
    error=AlignmentError,
    columns=(
        UTT_ID,
        TIER,
        START,
        END,
        Column("label", "the word or phone"),
        count("word_index", "number of the word in its utterance; a phone has that of its word"),
    ),
    key=("utt_id", "tier", "start"),
    rules=(
        ENDS_LATER,
        Rule("start", "a time not before the end of the row above, of the same tier and utterance", _apart),
    ),
)
QUALITY = Table(
    name="quality",
    path="alignment/quality.csv",
    about="what became of an utterance of the manifest",
    made_by="align",
    error=AlignmentError,
    columns=(
        UTT_ID,
        STATUS,
        Column("reason", "why it is not aligned", empty=True),
        number("score", "mean acoustic log score per frame, comparable within one aligner only", empty=True),
        count("words", "aligned words"),
        count("phones", "aligned phones"),
    ),
    key=("utt_id",),
    rules=(
        Rule(
            "reason",
            "the reason why the utterance is not aligned",
            lambda table: (table["status"] == "aligned") | (table["reason"] != ""),
        ),
    ),
)
COMPARED = replace(
    QUALITY,
    name="compared",
    path="alignment/compared.csv",
    about="what became of an utterance of the manifest in the second alignment, with which that of the run "
    "is compared",
    made_by="alignment_agreement",
)
MFA_DROPPED = Table(
    name="mfa_dropped",
    path="alignment/mfa/dropped.csv",
    about="an utterance that the Montreal Forced Aligner is not given",
    made_by="align_mfa_corpus",
    error=AlignmentError,
    columns=(UTT_ID, Column("reason", "why it is left out")),
    key=("utt_id",),
    may_be_empty=True,
)
SAMPLE = Table(
    name="sample",
    path="samples/{n}.parquet",
    about="a sampled utterance, phone or word of one sample set",
    made_by="samples",
    error=AnalysisError,
    columns=(
        *_segment_columns("utterance", "phone", "word", label_empty=True),
        Column("segment", "number of the segment within its kind; -1 for an utterance", "integer", -1),
    ),
    key=("kind", "utt_id", "start"),
    rules=(
        ENDS_LATER,
        Rule(
            "label",
            "a label for a phone or word, none for an utterance",
            lambda table: (table["label"] == "") == (table["kind"] == "utterance"),
        ),
        Rule(
            "segment",
            "a number from 0 for a phone or word, -1 for an utterance",
            lambda table: (table["segment"] < 0) == (table["kind"] == "utterance"),
        ),
    ),
)
SEGMENTS = Table(
    name="segments",
    path="samples/segments.parquet",
    about="a phone or word that some sample set holds; the place of a row within its kind is its number",
    made_by="samples",
    error=AnalysisError,
    columns=_segment_columns("phone", "word", label_empty=False),
    key=("kind", "utt_id", "start"),
    rules=(ENDS_LATER,),
)
VECTORS = Table(
    name="vectors",
    path="vectors/{analysis}.parquet",
    about="a word or phone with its vector",
    made_by="vectors",
    error=AnalysisError,
    columns=(Column("label", "the word or phone"),),
    key=("label",),
    more=("float32", "dimensions of the vector, one a column"),
)
MISSING_VECTORS = Table(
    name="missing_vectors",
    path="vectors/{analysis}.missing.csv",
    about="a word or phone that has no vector",
    made_by="vectors",
    error=AnalysisError,
    columns=(
        Column("label", "the word or phone"),
        count("segments", "segments with this label, all without a vector", 1),
    ),
    key=("label",),
    may_be_empty=True,
)
INPUTS = (
    *(MANIFEST, EXCLUDED, WARNINGS, INTERVALS, QUALITY, COMPARED, MFA_DROPPED),
    *(SAMPLE, SEGMENTS, VECTORS, MISSING_VECTORS),
)
