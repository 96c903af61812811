"""What a reader gives: the utterances of a corpus, nothing decoded or dropped yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerwise.corpus.formats import NOT_READ
from layerwise.errors import CorpusError
from layerwise.files import files_below

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})
# Audio that cannot be read is listed as such, rather than passed over.
KNOWN_SUFFIXES = AUDIO_SUFFIXES.union(NOT_READ)


@dataclass(frozen=True)
class Entry:
    """One utterance as its corpus lists it.

    ``split`` is None where the corpus gives none; an empty ``text`` means that there is no transcript.
    ``fault`` says why it cannot be used, where its reader knows.
    """

    utt_id: str
    speaker: str
    split: str | None
    audio_path: Path
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


Reader = Callable[..., list[Entry]]


def all_files(folder: Path) -> list[Path]:
    """Return all files below a folder (`files_below`). Raises CorpusError where there is no such folder."""
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; put the corpus there or correct the path")
    return files_below(folder)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file. Raises CorpusError for another encoding."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: the transcript is not UTF-8: {error}; convert it") from error
