"""LibriTTS and LibriTTS-R (Zen et al. 2019, arXiv 1904.02882; Koizumi et al. 2023, arXiv 2305.18802)."""

from collections.abc import Iterator
from pathlib import Path

from layerwise.contracts.columns import SPLITS
from layerwise.corpus.entries import Entry, all_files, read_text

NORMALISED = ".normalized.txt"


def read_libritts(path: Path) -> list[Entry]:
    """Read ``[subset/]speaker/chapter/utterance.wav`` with ``utterance.normalized.txt`` beside it.

    The original text, which holds digits and abbreviations, is not read. ``path`` is one subset (no splits
    are given then) or the folder that holds several, whose names give the splits.
    """
    files = all_files(path)
    texts = {
        item.with_name(item.name[: -len(NORMALISED)]): item
        for item in files
        if item.name.lower().endswith(NORMALISED)
    }
    entries = []
    for item in files:
        if item.suffix.lower() != ".wav":
            continue
        transcript = texts.get(item.with_suffix(""))
        parts = item.relative_to(path).parts
        subset = parts[0].split("-")[0] if len(parts) == 4 else ""
        entries.append(
            Entry(
                item.stem,
                item.parent.parent.name,
                subset if subset in SPLITS else None,
                item,
                read_text(transcript).strip() if transcript else "",
                fault="" if transcript else f"no transcript: {item.stem}{NORMALISED} is not beside it",
            )
        )
    return entries


def libritts_files(path: Path) -> Iterator[Path]:
    """Yield the audio and the normalised texts."""
    for item in all_files(path):
        if item.is_file() and (item.suffix.lower() == ".wav" or item.name.lower().endswith(NORMALISED)):
            yield item
