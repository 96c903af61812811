"""Readers: from a corpus on disk to a list of utterances, nothing decoded or dropped yet."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from layerwise.errors import CorpusError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})
TEXT_SUFFIXES = (".txt", ".lab")  # the last one found counts
TABLE_COLUMNS = ("utt_id", "audio_path", "speaker", "text")
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Entry:
    """One utterance as its corpus lists it.

    ``split`` is None where the corpus gives none; an empty ``text`` means that there is no transcript.
    """

    utt_id: str
    speaker: str
    split: str | None
    audio_path: Path
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)


Reader = Callable[[Path], list[Entry]]


def read_table(path: Path) -> list[Entry]:
    """Read a table (.tsv, .csv or .parquet) with one utterance a row.

    Columns: utt_id, audio_path (relative to the table's folder, or absolute), speaker, text; optionally split
    (train, dev, test or blank); every further column is a label. Raises CorpusError.
    """
    rows = _load_rows(path)
    columns = list(rows[0]) if rows else []
    missing = [column for column in TABLE_COLUMNS if column not in columns]
    if missing:
        raise CorpusError(
            f"{path}: no rows or no column {', '.join(missing)}; a corpus table has a header and the columns "
            f"{', '.join(TABLE_COLUMNS)}, optionally split and label columns"
        )
    labels = [column for column in columns if column not in (*TABLE_COLUMNS, "split")]
    return [
        Entry(
            utt_id=row["utt_id"],
            speaker=row["speaker"],
            split=row.get("split") or None,
            audio_path=path.parent / row["audio_path"],
            text=row["text"],
            labels={label: row[label] for label in labels},
        )
        for row in rows
    ]


def _load_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix not in (".tsv", ".csv", ".parquet"):
        raise CorpusError(f"{path}: unknown kind of corpus table; use .tsv, .csv or .parquet")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path).astype("string").fillna("")
            return [
                {str(name): str(value) for name, value in row.items()} for row in table.to_dict("records")
            ]
        with path.open(encoding="utf-8-sig", newline="") as stream:
            # Tab-separated text holds stray quotation marks; commas need real quoting.
            tabs = path.suffix == ".tsv"
            lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(stream)
            header = next(lines, [])
            rows = []
            for line in filter(None, lines):
                if len(line) != len(header):
                    raise CorpusError(
                        f"{path}, line {lines.line_num}: {len(line)} fields, the header has {len(header)}"
                    )
                rows.append(dict(zip(header, line, strict=True)))
            return rows
    except (OSError, ValueError, csv.Error) as error:
        raise CorpusError(f"{path}: cannot read the corpus table: {error}") from error


def read_folder(path: Path) -> list[Entry]:
    """Read a folder of audio files, each with its transcript in a ``.lab`` or ``.txt`` file of the same name.

    The speaker is named like the folder that the file is in, the utterance like the file. File names that
    occur more than once, and only those, get their speaker in front: ``anna-1``, ``ben-1``.
    """
    files = _files(path)
    audio = [item for item in files if item.suffix.lower() in AUDIO_SUFFIXES]
    texts = {
        item.with_suffix(""): item for suffix in TEXT_SUFFIXES for item in files if item.suffix == suffix
    }
    without_audio = texts.keys() - {item.with_suffix("") for item in audio}
    audio += [stem.with_name(f"{stem.name}.wav") for stem in sorted(without_audio)]
    count = Counter(item.stem for item in audio)
    entries = []
    for item in audio:
        transcript = texts.get(item.with_suffix(""))
        text = _read_text(transcript).strip() if transcript else ""
        speaker = item.parent.name
        utt_id = item.stem if count[item.stem] == 1 else f"{speaker}-{item.stem}"
        entries.append(Entry(utt_id, speaker, None, item, text))
    return entries


def read_librispeech(path: Path) -> list[Entry]:
    """Read LibriSpeech's layout, ``[subset/]speaker/chapter/*.flac`` with one ``.trans.txt`` a chapter.

    ``path`` is one subset (``dev-clean``; no splits are given then) or the folder that holds several, whose
    names give the splits.
    """
    files = _files(path)
    texts: dict[Path, str] = {}
    for transcript in (item for item in files if item.name.endswith(".trans.txt")):
        for line in _read_text(transcript).splitlines():
            utt_id, _, text = line.strip().partition(" ")
            if utt_id:
                texts[transcript.with_name(f"{utt_id}.flac")] = text.lower()
    audio = {item for item in files if item.suffix == ".flac"}
    return [
        Entry(
            utt_id=item.stem,
            speaker=item.parent.parent.name,
            split=_subset_split(item.relative_to(path)),
            audio_path=item,
            text=texts.get(item, ""),
        )
        for item in sorted(audio | texts.keys())
    ]


def _subset_split(relative: Path) -> str | None:
    """Split of ``dev-clean/speaker/chapter/file.flac``; None without the subset folder."""
    subset = relative.parts[0].split("-")[0]
    return subset if len(relative.parts) == 4 and subset in SPLITS else None


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; put the corpus there or correct the path")
    return sorted(item for item in folder.rglob("*") if item.is_file())


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: the transcript is not UTF-8: {error}; convert it") from error


READERS: dict[str, Reader] = {
    "table": read_table,
    "folder": read_folder,
    "librispeech": read_librispeech,
}
