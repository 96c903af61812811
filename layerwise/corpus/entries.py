"""What a reader gives: the utterances of a corpus, nothing decoded or dropped yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerwise.errors import CorpusError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})


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


Reader = Callable[..., list[Entry]]


def all_files(folder: Path) -> list[Path]:
    """Return all files below a folder, sorted. Raises CorpusError where there is no such folder."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; put the corpus there or correct the path")
    return sorted(item for item in folder.rglob("*") if item.is_file())


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file. Raises CorpusError for another encoding."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: the transcript is not UTF-8: {error}; convert it") from error
