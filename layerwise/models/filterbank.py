"""Log mel filterbank energies as in ``logfbank`` of python_speech_features 0.6, the input of AV-HuBERT.

Pre-emphasis .97 of the whole signal, rectangular windows of 400 samples every 160 from sample 0, the tail
padded with zeros to a whole frame, |FFT|^2 / 512 of 512 points, 26 triangles of height 1 with corners at
whole bins between 0 and 8 kHz, natural logarithm. All of it in float64, as there.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE

PRE_EMPHASIS = 0.97
WINDOW = 400
HOP = 160
N_FFT = 512
N_FILTERS = 26


def num_frames(samples: int) -> int:
    """Return 1 for up to 400 samples, then one more for each further 160 samples begun; 0 for none."""
    return 1 + max(0, -(-(samples - WINDOW) // HOP)) if samples else 0


def log_filterbank(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return log energies (frames, 26) of a waveform (samples,) at 16 kHz in [-1, 1).

    An energy of exactly 0 counts as the machine epsilon, 2.2e-16.
    """
    signal = waveform.astype(np.float64)
    frames = num_frames(len(signal))
    emphasised = np.zeros((frames - 1) * HOP + WINDOW)
    emphasised[: len(signal)] = np.append(signal[:1], signal[1:] - PRE_EMPHASIS * signal[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows, N_FFT)) ** 2 / N_FFT
    energies = power @ _triangles().T
    return np.log(np.where(energies == 0, np.finfo(float).eps, energies)).astype(np.float32)


@cache
def _triangles() -> NDArray[np.float64]:
    """Return the filters (26, 257)."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, N_FILTERS + 2) / 2595) - 1)
    corners = np.floor((N_FFT + 1) * hertz / SAMPLE_RATE)
    bins = np.arange(N_FFT // 2 + 1)
    filters = np.zeros((N_FILTERS, len(bins)))
    for row, left, centre, right in zip(filters, corners[:-2], corners[1:-1], corners[2:], strict=True):
        rising, falling = (left <= bins) & (bins < centre), (centre <= bins) & (bins < right)
        row[rising] = (bins[rising] - left) / (centre - left)
        row[falling] = (right - bins[falling]) / (right - centre)
    return filters
