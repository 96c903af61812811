"""Data sets in the layouts of Hugging Face `datasets` (Lhoest et al. 2021, arXiv 2109.02846)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerwise.corpus.audiofolder import audio_names, audiofolder_rows
from layerwise.corpus.entries import AUDIO_SUFFIXES, Entry
from layerwise.corpus.hugging_face_columns import Chosen, entries_of, table_rows
from layerwise.corpus.hugging_face_layout import described_by, layout_of, split_names
from layerwise.files import files_below


def read_hugging_face(
    path: Path,
    train: Sequence[str] = (),
    dev: Sequence[str] = (),
    test: Sequence[str] = (),
    audio: str | None = None,
    text: str | None = None,
    speaker: str | None = None,
    id: str | None = None,
) -> list[Entry]:
    """Read a folder of `save_to_disk`, a repository with Parquet files, or an audiofolder.

    ``train``, ``dev`` and ``test`` name the splits that make ours; none: all, by their names. ``audio``,
    ``text``, ``speaker`` and ``id`` name columns; None: detected. Without a column of speakers they are
    unknown (blank). Ids are those of the data set if they are one for each utterance, else the names of the
    audio files, else split and row. All other columns of text or numbers are labels, but for those that are
    named like a column of the manifest. Raises CorpusError, naming file, column or key.
    """
    splits, chosen = {"train": train, "dev": dev, "test": test}, Chosen(audio, text, speaker, id)
    shards, metadata = layout_of(path)
    if metadata:
        return entries_of(audiofolder_rows(path, metadata, splits, chosen))
    split_of = split_names(path, (shard.name for shard in shards), splits)
    rows, counts = [], Counter[str]()
    for shard in shards:
        if shard.name not in split_of:
            continue
        found = table_rows(shard.file, split_of[shard.name], shard.name, counts[shard.name], chosen)
        rows += found
        counts[shard.name] += len(found)
    return entries_of(rows)


def hugging_face_files(
    path: Path,
    train: Sequence[str] = (),
    dev: Sequence[str] = (),
    test: Sequence[str] = (),
    **columns: object,
) -> Iterator[Path]:
    """Yield the tables of the splits in use and what describes them, or metadata and audio."""
    splits = {"train": train, "dev": dev, "test": test}
    shards, metadata = layout_of(path)
    if metadata:
        yield from metadata
        yield from (file for file, _ in audio_names(path, splits))
        return
    split_of = split_names(path, (shard.name for shard in shards), splits)
    tables = [shard.file for shard in shards if shard.name in split_of]
    yield from tables
    yield from described_by(tables)
    if path.is_dir():  # rows may name audio beside the tables
        yield from files_below(path, AUDIO_SUFFIXES)
