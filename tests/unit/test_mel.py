"""The log-mel spectrogram against a slow textbook version written from librosa's definitions."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from layerwise.models import mel


def slaney_hz(mel_value: float) -> float:
    """Linear below 1 kHz (200/3 Hz per mel), then 27 mels per factor of 6.4."""
    return 200 / 3 * mel_value if mel_value < 15 else 1000 * 6.4 ** ((mel_value - 15) / 27)


def slaney_mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def slow_log_mel(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    samples = waveform / np.abs(waveform).max() * 0.999
    emphasised = [samples[0], *(samples[i] - 0.97 * samples[i - 1] for i in range(1, len(samples)))]
    padded = np.concatenate([np.zeros(1024), np.array(emphasised, dtype=np.float64), np.zeros(1024)])
    window = np.zeros(2048)
    window[824:1224] = [0.5 - 0.5 * math.cos(2 * math.pi * i / 400) for i in range(400)]
    magnitudes = np.array(
        [
            np.abs(np.fft.rfft(window * padded[160 * k : 160 * k + 2048]))
            for k in range(1 + len(waveform) // 160)
        ]
    )
    low, high = slaney_mel(50.0), slaney_mel(8000.0)
    edges = [slaney_hz(low + (high - low) * i / 81) for i in range(82)]
    bands = np.zeros((len(magnitudes), 80))
    for band in range(80):
        left, centre, right = edges[band : band + 3]
        for bin_ in range(1025):
            hertz = bin_ * 16_000 / 2048
            weight = max(0.0, min((hertz - left) / (centre - left), (right - hertz) / (right - centre)))
            bands[:, band] += 2 / (right - left) * weight * magnitudes[:, bin_]
    decibels = 20 * np.log10(np.maximum(bands, 1e-5))
    return np.maximum(decibels, decibels.max() - 80) / 80 + 1


@pytest.mark.parametrize("samples", [480, 1600, 4001])
def test_equals_a_slow_oracle(samples: int) -> None:
    generator = np.random.default_rng(samples)
    waveform = (0.3 * generator.standard_normal(samples) * np.linspace(0, 1, samples) ** 4).astype(np.float32)
    spectrum = mel.log_mel(waveform)
    assert spectrum.dtype == np.float32
    assert spectrum.shape == (mel.num_frames(samples), 80)
    np.testing.assert_allclose(spectrum, slow_log_mel(waveform), atol=1e-5)


def test_does_not_depend_on_the_level() -> None:
    waveform = np.random.default_rng(0).standard_normal(3000).astype(np.float32)
    quiet = (waveform / 1000).astype(np.float32)
    np.testing.assert_allclose(mel.log_mel(waveform), mel.log_mel(quiet), atol=1e-5)


def test_frame_k_is_centred_on_sample_160_k() -> None:
    waveform = np.zeros(8000, np.float32)
    waveform[160 * 20] = 1
    assert mel.log_mel(waveform).mean(1).argmax() == 20


def test_silence_is_the_floor() -> None:
    assert np.all(mel.log_mel(np.zeros(1000, np.float32)) == np.float32(-0.25))
