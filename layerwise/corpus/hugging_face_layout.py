"""Which files of a Hugging Face data set make which split, by its documented layouts.

- a folder that `save_to_disk` of `datasets` made: ``dataset_dict.json`` and a folder for each split, or one
  split by itself, with ``state.json`` and Arrow files;
- a repository of the hub with Parquet files (or Arrow files of the cache):
  ``data/train-00000-of-00002.parquet``, ``{config}/{split}-*.parquet``, ``{split}/0000.parquet``;
- an `audiofolder`: audio with ``metadata.csv``, ``.jsonl`` or ``.parquet`` beside it or above it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerwise.corpus.embedded import TABLES
from layerwise.corpus.entries import all_files
from layerwise.errors import CorpusError

DICT_INDEX, SAVED_STATE = "dataset_dict.json", "state.json"
DESCRIPTIONS = (SAVED_STATE, "dataset_info.json")
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
DATA_FOLDER = "data"
# The words by which `datasets` tells splits (its guide "Structure your repository").
KEYWORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
SHARD = re.compile(r"-\d+-of-\d+(-[0-9a-f]+)?$")
UNNAMED = re.compile(r"(part|data|shard|chunk|file)?[-_.]?\d*")

# Names of the data set's own splits that make train, dev and test.
Splits = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Shard:
    """A table of utterances; ``name``: its split as the data set calls it."""

    file: Path
    name: str


def layout_of(path: Path) -> tuple[list[Shard], list[Path]]:
    """Return the tables with audio inside, or else the metadata files of an audiofolder.

    Raises CorpusError: none of the layouts, or several configurations.
    """
    if path.is_file():
        return [Shard(path, "")], []
    if (path / DICT_INDEX).is_file():
        names = _json(path / DICT_INDEX).get("splits", [])
        return [Shard(file, name) for name in names for file in _saved(path / name)], []
    if (path / SAVED_STATE).is_file():
        return [Shard(file, "") for file in _saved(path)], []
    files = all_files(path)
    metadata = [file for file in files if file.name.lower() in METADATA]
    return ([], metadata) if metadata else (_repository(path, files), [])


def split_names(path: Path, names: Iterable[str], splits: Splits) -> dict[str, str | None]:
    """Return train, dev or test for each name of a split that is used.

    ``splits`` names those that make train, dev and test. None named: all, by their own names, and None for
    each, to be drawn, where there is only one kind. Raises CorpusError: one that is missing, or is not known
    for what it is.
    """
    names = list(dict.fromkeys(names))
    wanted = {name: split for split, own in splits.items() for name in own}
    if missing := [name for name in wanted if name not in names]:
        raise CorpusError(
            f"{path}: no split {missing[0]!r} (`hugging_face.{wanted[missing[0]]}`); "
            f"there is {', '.join(map(repr, names)) or 'none'}"
        )
    if wanted:
        return dict(wanted)
    kinds = {name: canonical(name) for name in names}
    unknown = [name for name, kind in kinds.items() if kind is None]
    if len(names) > 1 and unknown:
        raise CorpusError(
            f"{path}: splits {', '.join(map(repr, unknown))} are not known for training, development or "
            "test: say which are which with `hugging_face.train`, `.dev` and `.test`"
        )
    return kinds if len(set(kinds.values())) > 1 else dict.fromkeys(names)


def canonical(name: str) -> str | None:
    """Return train, dev or test for the name of a split, or None."""
    found = {KEYWORDS[word] for word in re.split(r"[^a-z]+", name.lower()) if word in KEYWORDS}
    return found.pop() if len(found) == 1 else None


def _saved(folder: Path) -> list[Path]:
    """Arrow files of a split that `save_to_disk` wrote."""
    state = _json(folder / SAVED_STATE)
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise CorpusError(
            f"{folder / SAVED_STATE}: rows are chosen by an index file, as `datasets` 1.x wrote; load it and "
            "save it again with a newer version"
        )
    try:
        files = [folder / item["filename"] for item in state["_data_files"]]
    except (KeyError, TypeError) as error:
        raise CorpusError(
            f"{folder / SAVED_STATE}: not what `save_to_disk` writes: no list of `_data_files`"
        ) from error
    if missing := [file for file in files if not file.is_file()]:
        raise CorpusError(f"{missing[0]}: no such file, although {SAVED_STATE} names it; save the data again")
    return files


def _repository(path: Path, files: Iterable[Path]) -> list[Shard]:
    """Parquet or Arrow files with the split in their name, or in that of their folder."""
    tables = [file for file in files if file.suffix.lower() in TABLES]
    if not tables:
        raise CorpusError(
            f"{path}: neither a data set that `save_to_disk` wrote, nor Parquet files, nor audio with "
            f"{', '.join(METADATA)}; name the folder that holds them"
        )
    shards, configs = [], set()
    for file in tables:
        *folders, _ = file.relative_to(path).parts
        folders = [folder for folder in folders if folder != DATA_FOLDER]
        name = SHARD.sub("", file.stem)
        if UNNAMED.fullmatch(name):
            name = folders.pop() if folders else ""
        shards.append(Shard(file, name))
        configs.add("/".join(folders))
    if len(configs) > 1:
        raise CorpusError(
            f"{path}: several configurations ({', '.join(repr(name) for name in sorted(configs))}); name the "
            "folder of one as `path`"
        )
    return shards


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}; save the data again") from error
    except ValueError as error:
        raise CorpusError(f"{path}: not JSON: {error}; save the data again") from error
    if not isinstance(found, dict):
        raise CorpusError(f"{path}: not what `save_to_disk` writes; save the data again")
    return found


def described_by(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the JSON files that describe saved splits."""
    folders = {file.parent for file in files}
    yield from (path for folder in folders for name in DESCRIPTIONS if (path := folder / name).is_file())
    yield from {path for folder in folders if (path := folder.parent / DICT_INDEX).is_file()}
