"""The VCTK corpus (Yamagishi, Veaux, MacDonald 2019), versions 0.80 and 0.92."""

import re
from collections.abc import Iterator
from pathlib import Path

from layerwise.corpus.entries import AUDIO_SUFFIXES, Entry, all_files, read_text

SPEAKERS = "speaker-info.txt"
TEXTS = "txt"
MICROPHONE = re.compile(r"_(mic[12])$")


def read_vctk(path: Path, microphone: str = "mic1") -> list[Entry]:
    """Read ``wav48*/p225/p225_001[_mic1].flac`` (or ``.wav``), texts from ``txt/p225/p225_001.txt``.

    Of recordings by two microphones those of ``microphone`` are taken. Labels are ``age``, ``sex`` and
    ``accent`` as far as speaker-info.txt has them. The corpus gives no splits.
    """
    files = all_files(path)
    texts = {
        item.stem: item
        for item in files
        if item.suffix.lower() == ".txt" and TEXTS in item.relative_to(path).parts
    }
    speakers = _speakers(path / SPEAKERS)
    entries = []
    for item in files:
        if item.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        which = MICROPHONE.search(item.stem)
        if which and which[1] != microphone:
            continue
        utt_id = MICROPHONE.sub("", item.stem)
        transcript, speaker = texts.get(utt_id), item.parent.name
        entries.append(
            Entry(
                utt_id,
                speaker,
                None,
                item,
                read_text(transcript).strip() if transcript else "",
                speakers.get(speaker, {}),
                "" if transcript else f"no transcript: no {TEXTS}/{speaker}/{utt_id}.txt",
            )
        )
    return entries


def vctk_files(path: Path, microphone: str = "mic1") -> Iterator[Path]:
    """Yield the table of speakers, the texts and the audio of a microphone."""
    yield from (path / SPEAKERS,) if (path / SPEAKERS).is_file() else ()
    for item in all_files(path):
        which = MICROPHONE.search(item.stem)
        is_text = item.suffix.lower() == ".txt" and item.parent.parent.name == TEXTS
        is_audio = item.suffix.lower() in AUDIO_SUFFIXES and (not which or which[1] == microphone)
        if item.is_file() and (is_text or is_audio):
            yield item


def _speakers(path: Path) -> dict[str, dict[str, str]]:
    """Labels of each speaker: ID, age, sex, accent and more, in columns of spaces."""
    if not path.is_file():
        return {}
    found = {}
    for line in read_text(path).split("\n")[1:]:
        fields = line.split()
        if len(fields) >= 4:
            speaker = fields[0] if fields[0][0].isalpha() else f"p{fields[0]}"
            found[speaker] = dict(zip(("age", "sex", "accent"), fields[1:4], strict=True))
    return found
