"""An `audiofolder` of Hugging Face `datasets`: audio with metadata.csv, .jsonl or .parquet."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import Any

from layerwise.corpus.embedded import in_a_line, open_table
from layerwise.corpus.entries import KNOWN_SUFFIXES, read_text
from layerwise.corpus.hugging_face_columns import Chosen, Row, make_row, pick_columns
from layerwise.corpus.hugging_face_layout import Splits, canonical, split_names
from layerwise.errors import CorpusError
from layerwise.files import files_below

FILE_NAME = "file_name"


def audio_names(path: Path, splits: Splits) -> Iterator[tuple[Path, str | None]]:
    """Yield the audio of the splits in use, and train, dev, test or None."""
    wanted = {name for own in splits.values() for name in own}
    found = [(file, _split_name(path, file, wanted)) for file in files_below(path, KNOWN_SUFFIXES)]
    split_of = split_names(path, (name for _, name in found), splits)
    yield from ((file, split_of[name]) for file, name in found if name in split_of)


def audiofolder_rows(path: Path, metadata: Sequence[Path], splits: Splits, chosen: Chosen) -> list[Row]:
    """Return the utterances of the metadata files; audio that none of them names has a fault.

    ``file_name`` (or ``{audio}_file_name``) is relative to the file of metadata. A split is a folder that is
    named like one, or that ``splits`` names. Raises CorpusError, naming file and row.
    """
    split_of = dict(audio_names(path, splits))
    wanted = {name for own in splits.values() for name in own}
    rows, listed = [], set()
    for table in metadata:
        values = _values(table)
        column = _file_column(table, list(values[0]) if values else [], chosen.audio)
        columns = pick_columns(table, [name for name in values[0] if name != column], chosen)
        for number, row in enumerate(values, start=1):
            if not row[column]:
                raise CorpusError(f"{table}, row {number}: no {column}")
            audio = Path(normpath(table.parent / row.pop(column)))
            listed.add(audio)
            if audio in split_of or not wanted:
                rows.append(make_row(audio, split_of.get(audio), row, columns, _names(path, audio)))
    tables = ", ".join(sorted({table.name for table in metadata}))
    rows += [
        Row(audio, split, "", "", {}, _names(path, audio), f"no row of {tables} names it")
        for audio, split in split_of.items()
        if audio not in listed
    ]
    return rows


def _names(path: Path, audio: Path) -> dict[str, str]:
    """What may be the id of a file: its name, or that with the folders above it."""
    inside = audio.relative_to(path) if audio.is_relative_to(path) else audio
    return {"path": audio.stem, "folders": "-".join(inside.with_suffix("").parts).strip("/-")}


def _split_name(path: Path, audio: Path, wanted: Collection[str]) -> str:
    folders = audio.relative_to(path).parts[:-1]
    return next((name for name in folders if (name in wanted if wanted else canonical(name))), "")


def _file_column(table: Path, names: Sequence[str], audio: str | None) -> str:
    if audio and f"{audio}_{FILE_NAME}" in names:
        return f"{audio}_{FILE_NAME}"
    found = [name for name in names if name == FILE_NAME] or [
        name for name in names if name.endswith(f"_{FILE_NAME}")
    ]
    if len(found) != 1:
        raise CorpusError(
            f"{table}: {'several columns' if found else 'no row or no column'} {FILE_NAME!r}; there are "
            f"{', '.join(found or names) or 'none'}"
        )
    return found[0]


def _values(table: Path) -> list[dict[str, str]]:
    """Rows of a metadata file; values that are neither text nor number are left out."""
    kind = table.suffix.lower()
    if kind == ".parquet":
        try:
            rows = open_table(table).read().to_pylist()
        except Exception as error:  # the reader of a damaged file raises what it likes
            raise CorpusError(f"{table}: damaged: {in_a_line(error)}; download or save it again") from error
        return [_shown(row) for row in rows]
    return _lines_of_csv(table) if kind == ".csv" else _lines_of_json(table)


def _lines_of_csv(table: Path) -> list[dict[str, str]]:
    lines = csv.reader(io.StringIO(read_text(table), newline=""))
    try:
        header = next(lines, [])
        rows = []
        for line in filter(None, lines):
            if len(line) != len(header):
                raise CorpusError(
                    f"{table}, line {lines.line_num}: {len(line)} fields, the header has {len(header)}"
                )
            rows.append(dict(zip(header, line, strict=True)))
    except csv.Error as error:
        raise CorpusError(f"{table}, line {lines.line_num}: no CSV: {error}") from error
    return rows


def _lines_of_json(table: Path) -> list[dict[str, str]]:
    rows = []
    for number, line in enumerate(read_text(table).split("\n"), start=1):
        try:
            rows += [_shown(json.loads(line))] if line.strip() else []
        except (ValueError, AttributeError) as error:
            raise CorpusError(f"{table}, line {number}: not a JSON object: {error}") from error
    # Objects may lack keys.
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, "") for name in names} for row in rows]


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: "" if value is None else str(value)
        for name, value in row.items()
        if value is None or isinstance(value, str | int | float)
    }
