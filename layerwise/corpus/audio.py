"""Audio files as the models see them: checked, mono, float32, 16 kHz."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.corpus.damage import FULL_SCALE, find_damage
from layerwise.corpus.decode import SAMPLE_RATE as SAMPLE_RATE
from layerwise.corpus.decode import AudioInfo, decode
from layerwise.errors import AudioError

FRAME_SAMPLES = 400  # receptive field of the wav2vec 2.0 conv stem at 16 kHz
LOWEST_RATE, HIGHEST_RATE = 4_000, 768_000
LARGEST_SAMPLE = 16.0  # of floating-point audio; headroom above 1 is usual, this much is another scale
MOST_PHASES = 1_000  # of a polyphase kernel
CLIPPED_RUN = 3  # so many samples in a row at full scale are taken for clipping, fewer for a loud peak


def read_audio(path: Path | str, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """Read an audio file as a mono waveform, float32 (samples,), resampled to ``sample_rate``.

    Channels are averaged. Any format of libsndfile is read (WAV, FLAC, Ogg Vorbis and Opus, MP3, ...).
    Raises AudioError under the conditions of :func:`inspect_audio`.
    """
    samples, info = _decode(Path(path))
    mono = samples.mean(axis=1, dtype=np.float32)
    return mono if info.sample_rate == sample_rate else resample(mono, info.sample_rate, sample_rate)


def inspect_audio(path: Path | str) -> AudioInfo:
    """Decode a whole file and describe it.

    Raises AudioError, naming the file and the cause, if it is missing, empty, not audio, truncated or
    damaged, without samples, shorter than one 25 ms frame, or if it holds NaN or infinite samples.
    """
    samples, info = _decode(Path(path))
    peak = float(np.abs(samples.mean(axis=1)).max())
    damage = find_damage(samples, info.sample_rate)
    return replace(info, clipped=_count_clipped(samples), peak=peak, damage=damage)


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
    samples, info = decode(path)
    if info.samples == 0:
        raise AudioError(f"{path}: 0 samples; leave it out")
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise AudioError(
            f"{path}: sampled at {info.sample_rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz are read: "
            "correct its header, or leave it out"
        )
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
    largest = float(np.abs(samples).max())
    if largest > LARGEST_SAMPLE:
        raise AudioError(
            f"{path}: samples up to {largest:.4g}, where full scale is 1: floating-point numbers on the "
            "scale of integers; divide them (16 bits: by 32768)"
        )
    return samples, info


def resample(waveform: NDArray[np.float32], source: int, target: int) -> NDArray[np.float32]:
    """Resample (samples,) with a Kaiser window as resampy's kaiser_best, or by soxr for odd rates.

    There are ceil(samples * target / source) samples then.

    torchaudio's default window leaves images above the old Nyquist frequency, only 13 dB down at 4.2 kHz for
    8 kHz audio. A polyphase kernel has a row for each phase: at 16,001 Hz that is 5 GB.
    """
    if source // gcd(source, target) > MOST_PHASES:
        import soxr

        return np.asarray(soxr.resample(waveform, source, target, quality="VHQ"), np.float32)
    import torch  # takes seconds to load, and most corpora are at 16 kHz already

    return np.ascontiguousarray(_kernel(source, target)(torch.from_numpy(waveform)).numpy())


@lru_cache(maxsize=8)
def _kernel(source: int, target: int) -> Callable[[Any], Any]:
    from torchaudio.transforms import Resample

    kernel: Callable[[Any], Any] = Resample(
        source,
        target,
        lowpass_filter_width=64,
        rolloff=0.9475937167399596,
        resampling_method="sinc_interp_kaiser",
        beta=14.769656459379492,
    )
    return kernel
