"""SLURP (Bastianelli et al. 2020, arXiv 2011.13205)."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from layerwise.corpus.entries import Entry, read_text
from layerwise.errors import CorpusError

TABLES = {"train": "train.jsonl", "dev": "devel.jsonl", "test": "test.jsonl"}
SYNTHETIC = "train_synthetic.jsonl"
SPEAKERS = "metadata.json"
ANNOTATIONS = Path("dataset/slurp")
HEADSET, FAR_FIELD = "headset", "far-field"
BOTH = (HEADSET, FAR_FIELD)
# Recordings of slurp_real, and those of train_synthetic.jsonl.
PUBLISHED = {"train": 50_628, "dev": 8_690, "test": 13_078}
PUBLISHED_SYNTHETIC = 69_253


def read_slurp(path: Path, recordings: Sequence[str] = BOTH, synthetic: bool = False) -> list[Entry]:
    """Read SLURP with its own splits: an utterance is one recording of a sentence.

    ``path`` is a clone of its repository, with ``dataset/slurp/*.jsonl`` and the audio in
    ``audio/slurp_real`` (and ``slurp_synth``). ``recordings`` are ``headset`` and ``far-field`` or one of
    them; ``synthetic`` adds train_synthetic.jsonl to training, without speakers. Labels are scenario, action
    and intent. Speakers are those of metadata.json; a recording that it does not list has none. A speaker
    may be in several splits, since sentences were divided. Raises CorpusError for a file that is missing or
    not as in SLURP.
    """
    speakers = _speakers(path / ANNOTATIONS / SPEAKERS)
    real = _audio_folder(path, "slurp_real")
    entries = [
        entry
        for split, name in TABLES.items()
        for entry in _entries(path / ANNOTATIONS / name, split, real, speakers)
        if _microphone(entry.audio_path.name) in recordings
    ]
    if synthetic:
        folder = _audio_folder(path, "slurp_synth")
        entries += _entries(path / ANNOTATIONS / SYNTHETIC, "train", folder, {})
    return entries


def slurp_files(path: Path, recordings: Sequence[str] = BOTH, synthetic: bool = False) -> Iterator[Path]:
    """Yield the annotations, and the recordings that they name, as far as they are there."""
    names = [*TABLES.values(), SPEAKERS, *([SYNTHETIC] if synthetic else [])]
    yield from (path / ANNOTATIONS / name for name in names)
    entries = read_slurp(path, recordings, synthetic)
    yield from (entry.audio_path for entry in entries if entry.audio_path.is_file())


def published_counts(recordings: Sequence[str] = BOTH, synthetic: bool = False) -> dict[str, int]:
    """Return how many recordings each split of the published corpus has; unknown for one microphone only."""
    if set(recordings) != set(BOTH):
        return {}
    return PUBLISHED | {"train": PUBLISHED["train"] + PUBLISHED_SYNTHETIC * synthetic}


def _microphone(name: str) -> str:
    return HEADSET if name.endswith("-headset.flac") else FAR_FIELD


def _audio_folder(path: Path, name: str) -> Path:
    """The folder of audio where the authors' script puts it, or beside the annotations."""
    return path / name if (path / name).is_dir() else path / "audio" / name


def _entries(table: Path, split: str, audio: Path, speakers: dict[str, str]) -> Iterator[Entry]:
    for number, line in enumerate(_text(table).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            sentence = json.loads(line)
            labels = {label: str(sentence[label]) for label in ("scenario", "action", "intent")}
            text, sentence_id = str(sentence["sentence"]), str(sentence["slurp_id"])
            files = [str(recording["file"]) for recording in sentence["recordings"]]
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"{table}, line {number}: not a sentence of SLURP ({type(error).__name__}: {error}); clone "
                "it again"
            ) from error
        for file in files:
            utt_id = f"{sentence_id}-{Path(file).stem}"
            yield Entry(utt_id, speakers.get(file, ""), split, audio / file, text, labels)


def _speakers(path: Path) -> dict[str, str]:
    """Speaker of each recording by its file name."""
    try:
        sentences: dict[str, Any] = json.loads(_text(path))
        return {
            file: str(recording["usrid"])
            for sentence in sentences.values()
            for file, recording in sentence["recordings"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(
            f"{path}: not SLURP's table of speakers ({type(error).__name__}: {error}); clone it again"
        ) from error


def _text(path: Path) -> str:
    if not path.is_file():
        raise CorpusError(f"{path}: no such file; put SLURP there or correct the path")
    return read_text(path)
