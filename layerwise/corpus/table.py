"""Corpora that are a table: one utterance a row."""

import csv
from collections.abc import Iterator
from pathlib import Path

from layerwise.corpus.entries import Entry
from layerwise.errors import CorpusError

TABLE_COLUMNS = ("utt_id", "audio_path", "speaker", "text")


def read_table(path: Path) -> list[Entry]:
    """Read a table (.tsv, .csv or .parquet) with one utterance a row.

    Columns: utt_id, audio_path (relative to the table's folder, or absolute), speaker, text; optionally split
    (train, dev, test or blank); every further column is a label. Raises CorpusError.
    """
    return list(_entries(path))


def table_files(path: Path) -> Iterator[Path]:
    """Yield the table and the audio files that it names, as far as they are there."""
    yield path
    yield from (entry.audio_path for entry in _entries(path) if entry.audio_path.is_file())


def _entries(path: Path) -> Iterator[Entry]:
    columns: list[str] = []
    for row in _rows(path):
        columns = columns or _checked(path, list(row))
        yield Entry(
            utt_id=row["utt_id"],
            speaker=row["speaker"],
            split=row.get("split") or None,
            audio_path=path.parent / row["audio_path"],
            text=row["text"],
            labels={column: row[column] for column in columns if column not in (*TABLE_COLUMNS, "split")},
        )
    if not columns:
        _checked(path, columns)


def _checked(path: Path, columns: list[str]) -> list[str]:
    missing = [column for column in TABLE_COLUMNS if column not in columns]
    if missing:
        raise CorpusError(
            f"{path}: no rows or no column {', '.join(missing)}; a corpus table has a header and the columns "
            f"{', '.join(TABLE_COLUMNS)}, optionally split and label columns"
        )
    return columns


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.suffix not in (".tsv", ".csv", ".parquet"):
        raise CorpusError(f"{path}: unknown kind of corpus table; use .tsv, .csv or .parquet")
    try:
        if path.suffix == ".parquet":
            import pandas as pd  # planning reads tables too, and stays light for those that are text

            table = pd.read_parquet(path).astype("string").fillna("")
            for record in table.to_dict("records"):
                yield {str(name): str(value) for name, value in record.items()}
            return
        with path.open(encoding="utf-8-sig", newline="") as stream:
            # Tab-separated text holds stray quotation marks; commas need real quoting.
            tabs = path.suffix == ".tsv"
            lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(stream)
            header = next(lines, [])
            for line in filter(None, lines):
                if len(line) != len(header):
                    raise CorpusError(
                        f"{path}, line {lines.line_num}: {len(line)} fields, the header has {len(header)}"
                    )
                yield dict(zip(header, line, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise CorpusError(f"{path}: cannot read the corpus table: {error}") from error
