"""Audio files as the models see them: checked, mono, float32, 16 kHz."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from layerwise.errors import AudioError

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 400  # receptive field of the wav2vec 2.0 conv stem at 16 kHz
STREAMED_BYTES = 0x7FFF0000  # headers of streamed WAV files declare at least this much: size unknown
OGG_PAGE_BYTES = 65_307
FULL_SCALE = 0.999  # just below the largest value of 16-bit audio, 32767 / 32768
CLIPPED_RUN = 3  # so many samples in a row at full scale are taken for clipping, fewer for a loud peak
SILENCE = 1e-4  # peak of the mono signal, -80 dB of full scale


@dataclass(frozen=True)
class AudioInfo:
    """What a fully decoded audio file contains, before mixing and resampling.

    ``clipped`` counts the samples of all channels that are at full scale in runs of three or more; ``peak``
    is the largest magnitude of the mono signal.
    """

    samples: int
    sample_rate: int
    channels: int
    format: str
    subtype: str
    clipped: int = 0
    peak: float = 0.0

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.samples / self.sample_rate

    @property
    def warnings(self) -> list[str]:
        """What a user should know about audio that is usable all the same."""
        found = []
        if self.sample_rate < SAMPLE_RATE:
            found.append(f"{self.sample_rate} Hz: nothing above {self.sample_rate / 2000:g} kHz")
        if self.clipped:
            found.append(f"clipped: {self.clipped} samples at full scale")
        if self.peak < SILENCE:
            found.append("silent: peak below -80 dB of full scale")
        return found


def read_audio(path: Path | str, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """Read an audio file as a mono waveform, float32 (samples,), resampled to ``sample_rate``.

    Channels are averaged. Any format of libsndfile is read (WAV, FLAC, Ogg Vorbis and Opus, MP3, ...).
    Raises AudioError under the conditions of :func:`inspect_audio`.
    """
    samples, info = _decode(Path(path))
    mono = samples.mean(axis=1, dtype=np.float32)
    return mono if info.sample_rate == sample_rate else _resample(mono, info.sample_rate, sample_rate)


def inspect_audio(path: Path | str) -> AudioInfo:
    """Decode a whole file and describe it.

    Raises AudioError, naming the file and the cause, if it is missing, empty, not audio, truncated or
    damaged, without samples, shorter than one 25 ms frame, or if it holds NaN or infinite samples.
    """
    samples, info = _decode(Path(path))
    peak = float(np.abs(samples.mean(axis=1)).max())
    return replace(info, clipped=_count_clipped(samples), peak=peak)


def _count_clipped(samples: NDArray[np.float32]) -> int:
    """Count samples (samples, channels) at full scale that lie in runs of ``CLIPPED_RUN`` or more."""
    full = np.abs(samples) >= FULL_SCALE
    if len(full) < CLIPPED_RUN or not full.any():
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(full, CLIPPED_RUN, axis=0)
    starts: NDArray[np.bool_] = np.asarray(windows.all(axis=-1))
    clipped = np.zeros_like(full)
    for offset in range(CLIPPED_RUN):
        clipped[offset : offset + len(starts)] |= starts
    return int(clipped.sum())


def _decode(path: Path) -> tuple[NDArray[np.float32], AudioInfo]:
    """Return all samples (samples, channels) and the description of a sound file."""
    if not path.is_file():
        raise AudioError(f"{path}: missing: no such file; check the corpus folder and its table")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: empty file (0 bytes); copy it again or leave it out")
    try:
        sound = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        cause = error.error_string.rstrip(". ")
        raise AudioError(f"{path}: not audio: {cause}; WAV, FLAC, Ogg and MP3 are read") from error
    with sound:
        try:
            samples: NDArray[np.float32] = sound.read(dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            cause = error.error_string.rstrip(". ")
            raise AudioError(
                f"{path}: truncated or damaged: {cause}; copy it again or leave it out"
            ) from error
        info = AudioInfo(len(samples), sound.samplerate, sound.channels, sound.format, sound.subtype)
        if len(samples) < sound.frames or _is_cut(path, info, sound.extra_info):
            raise AudioError(
                f"{path}: truncated: the audio ends after {info.seconds:.2f} s, before the end its headers "
                "declare; copy it again or leave it out"
            )
    if info.samples == 0:
        raise AudioError(f"{path}: 0 samples; leave it out")
    if info.samples * SAMPLE_RATE <= (FRAME_SAMPLES - 1) * info.sample_rate:
        raise AudioError(
            f"{path}: too short for one frame: {info.samples} samples at {info.sample_rate} Hz, a frame "
            f"needs {FRAME_SAMPLES} samples at {SAMPLE_RATE} Hz; leave it out"
        )
    if not np.isfinite(samples).all():
        first = int(np.argmin(np.isfinite(samples).all(axis=1)))
        raise AudioError(
            f"{path}: NaN or infinite sample at {first / info.sample_rate:.3f} s; repair it or leave it out"
        )
    return samples, info


def _is_cut(path: Path, info: AudioInfo, log: str) -> bool:
    """Whether a container that libsndfile opens without complaint lacks its end."""
    if info.format == "OGG":
        return not _ends_with_last_page(path)
    # For chunked containers (WAV, AIFF, AU, W64) the parser notes each size that the file cannot hold.
    sizes = re.findall(r": (\d+) \(should be (\d+)\)", log)
    return any(int(actual) + 1 < int(declared) < STREAMED_BYTES for declared, actual in sizes)


def _ends_with_last_page(path: Path) -> bool:
    """Whether an Ogg file ends with a whole page that is flagged as the end of its stream (RFC 3533)."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - OGG_PAGE_BYTES))
        tail = stream.read()
    page = tail[max(tail.rfind(b"OggS"), 0) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])


def _resample(waveform: NDArray[np.float32], source: int, target: int) -> NDArray[np.float32]:
    # Imported here: torch takes seconds to load, and most corpora are at 16 kHz already.
    import torch
    from torchaudio.functional import resample

    # Kaiser window, as resampy's kaiser_best: torchaudio's default leaves images above the old Nyquist
    # frequency, only 13 dB down at 4.2 kHz for 8 kHz audio.
    resampled = resample(
        torch.from_numpy(waveform),
        source,
        target,
        lowpass_filter_width=64,
        rolloff=0.9475937167399596,
        resampling_method="sinc_interp_kaiser",
        beta=14.769656459379492,
    )
    return np.ascontiguousarray(resampled.numpy(), dtype=np.float32)
