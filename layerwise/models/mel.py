"""Log-mel spectrogram of Pasad et al. (section 4.1 of arXiv 2107.04734, as in their code with librosa 0.9).

Peak-normalised to .999, pre-emphasis .97, STFT of 2048 points with a Hann window of 400 samples every 160,
magnitude (not power), 80 Slaney mel bands from 50 Hz to 8 kHz, dB with a range of 80, scaled to dB/80 + 1.
Frames follow librosa's ``center=True`` with zero padding: frame k is centred on sample 160 k, the first one
on sample 0, and there are 1 + samples // 160 of them.
"""

from fractions import Fraction
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.audio_utils import mel_filter_bank

from layerwise.corpus.audio import SAMPLE_RATE

PEAK = 0.999
PRE_EMPHASIS = 0.97
N_FFT = 2048
WINDOW = 400
HOP = 160
N_MELS = 80
F_MIN = 50.0
TOP_DB = 80.0
AMIN = 1e-5

STRIDE = Fraction(HOP, SAMPLE_RATE)
FIRST_CENTRE = Fraction(0)


def num_frames(samples: int) -> int:
    """Return the number of frames of a waveform."""
    return 1 + samples // HOP if samples else 0


def log_mel(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-mel spectrogram (frames, 80) of a waveform (samples,) at 16 kHz.

    A silent waveform, which has no peak to normalise to, gives the floor of -100 dB everywhere.
    """
    peak = np.abs(waveform).max()
    scaled = waveform / peak * np.float32(PEAK) if peak > 0 else waveform
    emphasised = np.append(scaled[:1], scaled[1:] - PRE_EMPHASIS * scaled[:-1].astype(np.float64))
    spectrum = torch.stft(
        torch.from_numpy(emphasised),
        N_FFT,
        hop_length=HOP,
        win_length=WINDOW,
        window=torch.hann_window(WINDOW, dtype=torch.float64),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    mel = _filters() @ spectrum.abs().numpy()
    decibels = 20 * np.log10(np.maximum(mel, AMIN))
    decibels = np.maximum(decibels, decibels.max() - TOP_DB)
    return np.ascontiguousarray((decibels / TOP_DB + 1).T, dtype=np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    bank: NDArray[np.float64] = mel_filter_bank(
        num_frequency_bins=1 + N_FFT // 2,
        num_mel_filters=N_MELS,
        min_frequency=F_MIN,
        max_frequency=SAMPLE_RATE / 2,
        sampling_rate=SAMPLE_RATE,
        norm="slaney",
        mel_scale="slaney",
    )
    return bank.T
