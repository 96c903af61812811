"""Corpora in LibriSpeech's layout."""

from pathlib import Path

from layerwise.contracts.columns import SPLITS
from layerwise.corpus.entries import Entry, all_files, read_text


def read_librispeech(path: Path) -> list[Entry]:
    """Read LibriSpeech's layout, ``[subset/]speaker/chapter/*.flac`` with one ``.trans.txt`` a chapter.

    ``path`` is one subset (``dev-clean``; no splits are given then) or the folder that holds several, whose
    names give the splits.
    """
    files = all_files(path)
    texts: dict[Path, str] = {}
    for transcript in (item for item in files if item.name.lower().endswith(".trans.txt")):
        for line in read_text(transcript).splitlines():
            utt_id, _, text = line.strip().partition(" ")
            if utt_id:
                texts[transcript.with_name(f"{utt_id}.flac")] = text.lower()
    audio = {item for item in files if item.suffix.lower() == ".flac"}
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
