"""Corpora that are a folder of audio files, each with its transcript beside it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from layerwise.corpus.entries import KNOWN_SUFFIXES, Entry, all_files, read_text

TEXT_SUFFIXES = (".txt", ".lab")  # the last one found counts
# Texts that come with corpora and are no transcripts.
ABOUT = frozenset({"readme", "license", "licence", "copying", "copyright", "changelog", "notice", "authors"})


def read_folder(path: Path) -> list[Entry]:
    """Read a folder of audio files, each with its transcript in a ``.lab`` or ``.txt`` file of the same name.

    The speaker is named like the folder that the file is in, the utterance like the file. File names that
    occur more than once, and only those, get their speaker in front: ``anna-1``, ``ben-1``. Audio without a
    transcript, and a transcript without audio, are entries with a fault.
    """
    files = all_files(path)
    audio = [item for item in files if item.suffix.lower() in KNOWN_SUFFIXES]
    texts = {
        item.with_suffix(""): item
        for suffix in TEXT_SUFFIXES
        for item in files
        if item.suffix.lower() == suffix and item.stem.lower() not in ABOUT
    }
    alone = sorted(texts.keys() - {item.with_suffix("") for item in audio})
    audio += [texts[stem] for stem in alone]
    count = Counter(item.stem for item in audio)
    entries = []
    for item in audio:
        transcript = texts.get(item.with_suffix(""))
        text = read_text(transcript).strip() if transcript else ""
        speaker = item.parent.name
        utt_id = item.stem if count[item.stem] == 1 else f"{speaker}-{item.stem}"
        fault = ""
        if transcript is None:
            fault = "no transcript: no .lab or .txt of the same name"
        elif transcript == item:
            fault = "missing: a transcript without audio of the same name"
        entries.append(Entry(utt_id, speaker, None, item, text, fault=fault))
    return entries


def folder_files(path: Path) -> Iterator[Path]:
    """Yield the audio and text files below a folder."""
    suffixes = KNOWN_SUFFIXES.union(TEXT_SUFFIXES)
    yield from (item for item in all_files(path) if item.suffix.lower() in suffixes and item.is_file())
