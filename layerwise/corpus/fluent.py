"""Fluent Speech Commands (Lugosch et al. 2019, arXiv 1904.03670)."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from layerwise.corpus.entries import Entry, read_text
from layerwise.errors import CorpusError

TABLES = {"train": "train_data.csv", "dev": "valid_data.csv", "test": "test_data.csv"}
SLOTS = ("action", "object", "location")
COLUMNS = ("path", "speakerId", "transcription", *SLOTS)
PUBLISHED = {"train": 23_132, "dev": 3_118, "test": 3_793}


def read_fluent(path: Path) -> list[Entry]:
    """Read Fluent Speech Commands with its own splits, in which no speaker is in two.

    ``path`` is the folder that holds ``data/train_data.csv``, ``valid_data.csv``, ``test_data.csv`` and
    ``wavs/``. Labels are action, object and location (``none`` is a value of its own). Raises CorpusError
    naming the table that is missing or lacks a column.
    """
    entries = []
    for split, name in TABLES.items():
        for row in _rows(path / "data" / name):
            audio = path / row["path"]
            entries.append(
                Entry(
                    utt_id=f"{row['speakerId']}-{audio.stem}",
                    speaker=row["speakerId"],
                    split=split,
                    audio_path=audio,
                    text=row["transcription"],
                    labels={slot: row[slot] for slot in SLOTS},
                )
            )
    return entries


def fluent_files(path: Path) -> Iterator[Path]:
    """Yield the tables, and the audio files that they name, as far as they are there."""
    yield from (path / "data" / name for name in TABLES.values())
    yield from (entry.audio_path for entry in read_fluent(path) if entry.audio_path.is_file())


def published_counts() -> dict[str, int]:
    """Return how many utterances each split of the published corpus has."""
    return PUBLISHED


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        raise CorpusError(f"{table}: no such table; put Fluent Speech Commands there or correct the path")
    reader = csv.DictReader(io.StringIO(read_text(table), newline=""))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise CorpusError(
            f"{table}: no column {', '.join(missing)}; is it a table of Fluent Speech Commands?"
        )
    rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise CorpusError(f"{table}, line {number}: not as many fields as the header has; repair it")
    return rows
