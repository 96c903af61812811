"""Corpora in LibriSpeech's layout."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from layerwise.contracts.columns import SPLITS
from layerwise.corpus.entries import Entry, all_files, read_text
from layerwise.corpus.folder import folder_files

Subsets = Sequence[str]
# Utterances of each subset (Panayotov et al. 2015, https://www.openslr.org/12).
PUBLISHED = {
    "dev-clean": 2_703,
    "dev-other": 2_864,
    "test-clean": 2_620,
    "test-other": 2_939,
    "train-clean-100": 28_539,
    "train-clean-360": 104_014,
    "train-other-500": 148_688,
}


def read_librispeech(path: Path, train: Subsets = (), dev: Subsets = (), test: Subsets = ()) -> list[Entry]:
    """Read LibriSpeech's layout, ``[subset/]speaker/chapter/*.flac`` with one ``.trans.txt`` a chapter.

    ``path`` is one subset (``dev-clean``; no splits are given then) or the folder that holds several, whose
    names give the splits. ``train``, ``dev`` and ``test`` name subsets: then those are read and no others.
    Raises CorpusError for a subset that is not there.
    """
    splits = _splits(train, dev, test)
    if not splits:
        return _entries(path, None)
    return [entry for subset, split in splits.items() for entry in _entries(path / subset, split)]


def librispeech_files(
    path: Path, train: Subsets = (), dev: Subsets = (), test: Subsets = ()
) -> Iterator[Path]:
    """Yield the audio and transcripts of the subsets that are read."""
    for folder in [path / subset for subset in _splits(train, dev, test)] or [path]:
        yield from folder_files(folder)


def published_counts(train: Subsets = (), dev: Subsets = (), test: Subsets = ()) -> dict[str, int]:
    """Return how many utterances each split has, where all its subsets are published ones."""
    named = {"train": train, "dev": dev, "test": test}
    return {
        split: sum(PUBLISHED[subset] for subset in subsets)
        for split, subsets in named.items()
        if subsets and set(subsets) <= set(PUBLISHED)
    }


def _splits(train: Subsets, dev: Subsets, test: Subsets) -> dict[str, str]:
    """Split of each named subset."""
    named = {"train": train, "dev": dev, "test": test}
    return {subset: split for split, subsets in named.items() for subset in subsets}


def _entries(path: Path, split: str | None) -> list[Entry]:
    """Utterances below a folder, all of one split, or (None) of that which the name of their subset gives."""
    files = all_files(path)
    texts: dict[Path, str] = {}
    for transcript in (item for item in files if item.name.lower().endswith(".trans.txt")):
        for line in read_text(transcript).split("\n"):
            utt_id, _, text = line.strip().partition(" ")
            if utt_id:
                texts[transcript.with_name(f"{utt_id}.flac")] = text.lower()
    audio = {item for item in files if item.suffix.lower() == ".flac"}
    return [
        Entry(
            utt_id=item.stem,
            speaker=item.parent.parent.name,
            split=split or _subset_split(item.relative_to(path)),
            audio_path=item,
            text=texts.get(item, ""),
        )
        for item in sorted(audio | texts.keys())
    ]


def _subset_split(relative: Path) -> str | None:
    """Split of ``dev-clean/speaker/chapter/file.flac``; None without the subset folder."""
    subset = relative.parts[0].split("-")[0]
    return subset if len(relative.parts) == 4 and subset in SPLITS else None
