"""The worst alignments on the page: words and phones over time, the audio and the TextGrid."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from layerwise import contracts
from layerwise.contracts.alignment import INTERVALS, WORST
from layerwise.report.page.pictures import data_url


@dataclass(frozen=True)
class Mark:
    """A label of a tier: where it starts and how long it is, in percent of the utterance."""

    label: str
    left: float
    width: float
    title: str


@dataclass(frozen=True)
class Utterance:
    """An utterance with what there is of it; ``audio`` may be empty."""

    utt_id: str
    text: str
    score: float
    seconds: float
    words: tuple[Mark, ...]
    phones: tuple[Mark, ...]
    textgrid: str
    audio: str


def worst_utterances(table: Path, folder: Path) -> list[dict[str, Any]]:
    """Read the worst alignments (`layerwise.align.worst`) for the template, the lowest score first."""
    worst = contracts.read(WORST, table)
    if worst.empty:
        return []
    intervals = contracts.read(INTERVALS, folder / "intervals.parquet")
    return [asdict(_utterance(row, intervals, folder)) for row in worst.itertuples()]


def _utterance(row: Any, intervals: pd.DataFrame, folder: Path) -> Utterance:
    own = intervals[intervals["utt_id"] == row.utt_id]
    sound = folder / f"{row.utt_id}.flac"
    return Utterance(
        utt_id=row.utt_id,
        text=row.text,
        score=row.score,
        seconds=row.seconds,
        words=tuple(_marks(own[own["tier"] == "word"], row.seconds)),
        phones=tuple(_marks(own[own["tier"] == "phone"], row.seconds)),
        textgrid=data_url((folder / f"{row.utt_id}.TextGrid").read_bytes(), "text/plain"),
        audio=data_url(sound.read_bytes(), "audio/flac") if sound.is_file() else "",
    )


def _marks(tier: pd.DataFrame, seconds: float) -> Iterable[Mark]:
    for row in tier.sort_values("start").itertuples():
        start, end = float(row.start), float(row.end)  # type: ignore[arg-type]
        title = f"{row.label}: {start:.2f} to {end:.2f} s"
        yield Mark(str(row.label), 100 * start / seconds, 100 * (end - start) / seconds, title)
