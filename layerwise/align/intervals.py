"""The interval table: what every aligner gives, whatever it is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import pandas as pd

from layerwise.contracts.alignment import INTERVALS, QUALITY
from layerwise.errors import AlignmentError

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
STOPS = ("B", "CH", "D", "G", "JH", "K", "P", "T")
FRICATIVES = ("DH", "F", "HH", "S", "SH", "TH", "V", "Z", "ZH")
SONORANTS = ("L", "M", "N", "NG", "R", "W", "Y")
PHONES = tuple(sorted(VOWELS + STOPS + FRICATIVES + SONORANTS))
COLUMNS = INTERVALS.required
QUALITY_COLUMNS = QUALITY.required


class Interval(NamedTuple):
    """One word or phone of an utterance; times in seconds."""

    tier: Literal["word", "phone"]
    start: float
    end: float
    label: str
    word_index: int


@dataclass(frozen=True)
class Outcome:
    """What became of one utterance.

    ``failed``: the aligner found no path; ``dropped``: it was not tried or not trusted. ``score``: mean
    acoustic log score per frame (comparable within one aligner only), NaN if there is none.
    """

    utt_id: str
    status: Literal["aligned", "failed", "dropped"]
    reason: str = ""
    score: float = float("nan")
    intervals: tuple[Interval, ...] = ()


class Aligner(Protocol):
    """Aligns the utterances of a manifest (their ``audio_path`` and ``text``), in any order."""

    def __call__(
        self, manifest: pd.DataFrame, *, lexicon: Path | None = None, workers: int = 1, **options: Any
    ) -> Iterable[Outcome]:
        """Yield what became of each utterance; the times lie on the aligner's own grid.

        ``options`` are the keys of the aligner's own section of the config.
        """


def interval_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Intervals of all aligned utterances with ``COLUMNS``, sorted by utt_id, tier, start."""
    rows = [(outcome.utt_id, *interval) for outcome in outcomes for interval in outcome.intervals]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype({"start": "float64", "end": "float64", "word_index": "int64"})
    return table.sort_values(["utt_id", "tier", "start"], ignore_index=True)


def quality_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row per utterance with ``QUALITY_COLUMNS``, sorted by utt_id."""
    rows = []
    for outcome in outcomes:
        words = sum(interval.tier == "word" for interval in outcome.intervals)
        phones = len(outcome.intervals) - words
        rows.append((outcome.utt_id, outcome.status, outcome.reason, outcome.score, words, phones))
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS)).sort_values("utt_id", ignore_index=True)


def find_fault(intervals: Iterable[Interval], seconds: float, known: Collection[str] | None = PHONES) -> str:
    """Say what is wrong with one utterance's intervals, or return an empty string.

    Intervals must have a positive length, lie inside [0, seconds] and not overlap within a tier; every word
    has phones, which are of the ``known`` ones (None: any) and lie inside it. Where there is no word at all,
    phones stand alone.
    """
    words = sorted((item for item in intervals if item.tier == "word"), key=lambda item: item.start)
    phones = sorted((item for item in intervals if item.tier == "phone"), key=lambda item: item.start)
    for tier in (words, phones):
        for item in tier:
            if not 0 <= item.start < item.end <= seconds:
                return f"{_name(item)} is empty or not inside the {seconds:.3f} s of audio"
        for left, right in pairwise(tier):
            if left.end > right.start:
                return f"{_name(left)} overlaps {_name(right)}"
    by_index = {word.word_index: word for word in words}
    for phone in phones:
        word = by_index.get(phone.word_index)
        if known is not None and phone.label not in known:
            return f"{_name(phone)} is not one of the {len(known)} known phones"
        if words and (word is None or not (word.start <= phone.start and phone.end <= word.end)):
            return f"{_name(phone)} is outside its word"
    silent = by_index.keys() - {phone.word_index for phone in phones}
    return f"{_name(by_index[min(silent)])} has no phones" if silent else ""


def _name(item: Interval) -> str:
    return f"{item.tier} {item.label!r} ({item.start:.3f}-{item.end:.3f} s)"


def check_intervals(
    table: pd.DataFrame, seconds: Mapping[str, float], known: Collection[str] | None = PHONES
) -> None:
    """Check an interval table against the durations of the utterances.

    This is what `layerwise.contracts` cannot see in the table alone. Raises AlignmentError naming the first
    utterance that breaks the contract of :func:`find_fault`.
    """
    for utt_id, rows in table.groupby("utt_id"):
        if utt_id not in seconds:
            raise AlignmentError(f"{utt_id}: aligned but not in the manifest; rerun the aligner")
        items = [Interval(*row) for row in rows[list(COLUMNS[1:])].itertuples(index=False)]
        if fault := find_fault(items, seconds[str(utt_id)], known):
            raise AlignmentError(f"{utt_id}: {fault}; correct or leave out its alignment")


def durations(manifest: pd.DataFrame) -> dict[str, float]:
    """Seconds of audio by utt_id."""
    return dict(zip(manifest["utt_id"], manifest["samples"] / manifest["sample_rate"], strict=True))
