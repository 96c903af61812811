"""Decoding of audio files to their real end, whatever their headers say."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from layerwise.corpus.embedded import embedded_audio
from layerwise.corpus.formats import NOT_READ
from layerwise.corpus.parts import DIVISIBLE, UNKNOWN_LENGTH, Part, SoundFile, decode_part, parts_of, read_all
from layerwise.errors import AudioError
from layerwise.files import is_lfs_pointer

SAMPLE_RATE = 16_000
SILENCE = 1e-4  # peak of the mono signal, -80 dB of full scale
STREAMED_BYTES = 0x7FFF0000  # headers of streamed WAV files declare at least this much: size unknown
OGG_PAGE_BYTES = 65_307
# Padding by the encoder and the last frame: a decoder may add so much to the length of a sound.
LONGER_SECONDS = 0.15


@dataclass(frozen=True)
class AudioInfo:
    """What a fully decoded audio file contains, before mixing and resampling.

    ``clipped`` counts the samples of all channels that are at full scale in runs of three or more; ``peak``
    is the largest magnitude of the mono signal; ``declared`` are the seconds that the header promises where
    there are more; ``damage`` says what else is wrong with the sound.
    """

    samples: int
    sample_rate: int
    channels: int
    format: str
    subtype: str
    clipped: int = 0
    peak: float = 0.0
    declared: float | None = None
    damage: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.samples / self.sample_rate

    @property
    def warnings(self) -> list[str]:
        """What a user should know about audio that is usable all the same."""
        found = []
        if self.declared is not None:
            found.append(f"length: {self.seconds:.2f} s, its header says {self.declared:.2f} s")
        if self.sample_rate < SAMPLE_RATE:
            found.append(f"{self.sample_rate} Hz: nothing above {self.sample_rate / 2000:g} kHz")
        if self.clipped:
            found.append(f"clipped: {self.clipped} samples at full scale")
        if self.peak < SILENCE:
            found.append("silent: peak below -80 dB of full scale")
        return [*found, *self.damage]


def decode(path: Path) -> tuple[NDArray[np.float32], AudioInfo]:
    """Return all samples (samples, channels) and the description of a sound file, or of one inside a table.

    libsndfile decodes as much as the first header declares: too little where an MP3 has no table of its
    length, and where FLAC, Ogg or MP3 files were concatenated; these are decoded part by part, each to its
    end (`layerwise.corpus.parts`), and ``declared`` is set. Raises AudioError, naming the file and the cause,
    whatever goes wrong.
    """
    inside = embedded_audio(path)
    if not inside and not path.is_file():
        raise AudioError(f"{path}: missing: no such file; check the corpus folder and its table")
    if not (inside.content if inside else path.stat().st_size):
        raise AudioError(f"{path}: empty file (0 bytes); copy it again or leave it out")
    if kind := NOT_READ.get(Path(inside.name if inside else path).suffix.lower()):
        raise AudioError(f"{path}: {kind} audio is not read; convert it to FLAC or WAV")
    with _named(path, "not audio", "; WAV, FLAC, Ogg and MP3 are read"):
        if is_lfs_pointer(inside.content if inside else path):
            raise AudioError(f"{path}: a pointer of git-lfs, not audio; run `git lfs pull` in its repository")
        sound = SoundFile(io.BytesIO(inside.content) if inside else path)
    with sound:
        with _named(path, "truncated or damaged", "; copy it again or leave it out"):
            content = b""
            if sound.format in DIVISIBLE:
                content = inside.content if inside else path.read_bytes()
            parts = parts_of(content, sound.format) if content else []
            whole = not parts
            samples = read_all(sound) if whole else _join(path, sound, parts)
        info = AudioInfo(len(samples), sound.samplerate, sound.channels, sound.format, sound.subtype)
        known = sound.frames < UNKNOWN_LENGTH
        short = known and len(samples) < sound.frames
        if short or (whole and _is_cut(content, info, sound.extra_info)):
            raise AudioError(
                f"{path}: truncated: the audio ends after {info.seconds:.2f} s, before the end its headers "
                "declare; copy it again or leave it out"
            )
        if known and info.seconds > sound.frames / info.sample_rate + LONGER_SECONDS:
            info = replace(info, declared=sound.frames / info.sample_rate)
    return samples, info


def _join(path: Path, sound: SoundFile, parts: Sequence[Part]) -> NDArray[np.float32]:
    """Samples (samples, channels) of all parts of a file."""
    found = [decode_part(part) for part in parts]
    for _, rate, channels in found:
        if (rate, channels) != (sound.samplerate, sound.channels):
            raise AudioError(
                f"{path}: parts at {sound.samplerate} and {rate} Hz, with {sound.channels} and {channels} "
                "channels, in one file; cut it into its parts"
            )
    return np.concatenate([samples for samples, _, _ in found])


@contextmanager
def _named(path: Path, what: str, advice: str) -> Iterator[None]:
    """Whatever the decoder raises becomes an AudioError of this file."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: {what}: {error.error_string.rstrip('. ')}{advice}") from error
    except AudioError:
        raise
    except Exception as error:  # decoders raise what they like: RuntimeError, MemoryError, ValueError
        raise AudioError(f"{path}: {what}: {type(error).__name__}: {error}{advice}") from error


def _is_cut(content: bytes, info: AudioInfo, log: str) -> bool:
    """Whether a container that libsndfile opens without complaint lacks its end; ``content`` of an Ogg."""
    if info.format == "OGG":
        return not _ends_with_last_page(content[-OGG_PAGE_BYTES:])
    # For chunked containers (WAV, AIFF, AU, W64) the parser notes each size that the file cannot hold.
    sizes = re.findall(r": (\d+) \(should be (\d+)\)", log)
    return any(int(actual) + 1 < int(declared) < STREAMED_BYTES for declared, actual in sizes)


def _ends_with_last_page(tail: bytes) -> bool:
    """Whether an Ogg file ends with a whole page that is flagged as the end of its stream (RFC 3533)."""
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
