"""Audio files that are several files one after the other, or that do not say how long they are."""

import io
import os
import re
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soundfile
from numpy.typing import NDArray

DIVISIBLE = frozenset({"FLAC", "OGG", "MP3"})
# A header without a length makes libsndfile promise more samples than this.
UNKNOWN_LENGTH = 1 << 48
BLOCK_SAMPLES = 1 << 18  # of all channels
# More than this is read block by block: a header may declare what no memory holds.
AT_ONCE_SAMPLES = 1 << 24
OGG_BEGINNING = 2  # flag of the first page of a stream
# Bytes from the start of an MP3 frame to the table of its length: header and side information.
MP3_TABLE = {True: {True: 21, False: 36}, False: {True: 13, False: 21}}  # by MPEG 1, by mono
MPEG_1, MONO = 3, 3


class SoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read forward only where it does not say how long it is."""

    def seekable(self) -> bool:
        """Whether one can go back; soundfile asks before each read, and libsndfile may fail at the end."""
        return bool(super().seekable()) and _read_at_once(self)


def _read_at_once(sound: soundfile.SoundFile) -> bool:
    return bool(sound.frames * sound.channels <= AT_ONCE_SAMPLES)


@dataclass(frozen=True)
class Part:
    """A whole audio file's bytes; ``open_end``: they do not say how much follows."""

    content: bytes
    open_end: bool = False


def parts_of(content: bytes, form: str) -> list[Part]:
    """Return the files that a FLAC, Ogg or MP3 is made of; none if it is one that knows its length."""
    if form == "MP3":
        starts = list(_mp3_tables(content))
        before = content[_tag_bytes(content) : starts[0] if starts else None]
        if re.search(rb"\xff[\xe2-\xff]", before):  # frames without a table
            return [Part(before, open_end=True), *_cut(content, starts)]
    else:
        starts = list(_flac_starts(content) if form == "FLAC" else _ogg_starts(content))
    return _cut(content, starts) if len(starts) > 1 else []


def _cut(content: bytes, starts: Sequence[int]) -> list[Part]:
    return [Part(content[a:b]) for a, b in pairwise([*starts, len(content)])]


def decode_part(part: Part) -> tuple[NDArray[np.float32], int, int]:
    """Return samples (samples, channels), sample rate and channels."""
    if not part.open_end:
        with SoundFile(io.BytesIO(part.content)) as sound:
            return read_all(sound), sound.samplerate, sound.channels
    # From a pipe, libsndfile decodes to the end: it cannot look for one and guess.
    reading, writing = os.pipe()
    feeder = threading.Thread(target=_feed, args=(writing, part.content))
    feeder.start()
    try:
        with SoundFile(reading, closefd=False) as sound:
            return read_all(sound), sound.samplerate, sound.channels
    finally:
        os.close(reading)
        feeder.join()


def read_all(sound: SoundFile) -> NDArray[np.float32]:
    """Return samples (samples, channels) up to the end, whatever length is declared."""
    if _read_at_once(sound):
        return np.asarray(sound.read(dtype="float32", always_2d=True), np.float32)
    blocks = []
    while len(block := sound.read(BLOCK_SAMPLES // sound.channels, dtype="float32", always_2d=True)):
        blocks.append(block)
    return np.concatenate(blocks) if blocks else np.zeros((0, sound.channels), np.float32)


def _feed(writing: int, content: bytes) -> None:
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
    except BrokenPipeError:
        pass  # the reader has failed, and says so


def _flac_starts(content: bytes) -> Iterator[int]:
    """Where FLAC streams start: the marker and a STREAMINFO block of 34 bytes."""
    for match in re.finditer(rb"fLaC[\x00\x80]\x00\x00\x22", content):
        yield match.start()


def _ogg_starts(content: bytes) -> Iterator[int]:
    """Where chained Ogg streams start: at a first page that follows another kind of page (RFC 3533)."""
    place, before = 0, False
    while content[place : place + 4] == b"OggS" and place + 27 <= len(content):
        begins = bool(content[place + 5] & OGG_BEGINNING)
        if begins and not before:
            yield place
        before = begins
        segments = content[place + 26]
        place += 27 + segments + sum(content[place + 27 : place + 27 + segments])


def _tag_bytes(content: bytes) -> int:
    """Size of the ID3v2 tag at the start of an MP3; pictures in it may look like frames."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    return 10 + sum(byte << 7 * place for place, byte in enumerate(content[9:5:-1]))


def _mp3_tables(content: bytes) -> Iterator[int]:
    """Where the frames are that hold a table of their stream's length."""
    for match in re.finditer(rb"Xing|Info", content):
        for distance in (36, 21, 13):
            start = match.start() - distance
            if start < 0 or content[start] != 0xFF or content[start + 1] < 0xE0:
                continue
            (header,) = struct.unpack(">I", content[start : start + 4])
            mpeg_1, mono = header >> 19 & 3 == MPEG_1, header >> 6 & 3 == MONO
            if MP3_TABLE[mpeg_1][mono] == distance:
                yield start
                break
