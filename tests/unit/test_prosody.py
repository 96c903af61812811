"""F0, voicing and energy of waveforms whose F0 and energy are known."""

import builtins

import numpy as np
import pytest
import torch

from layerwise.errors import ModelError
from layerwise.models import load_model
from layerwise.models.prosody import prosody

RATE = 16_000


def tone(hertz: float, seconds: float = 0.6, level: float = 0.1) -> np.ndarray:
    """Ten harmonics of a fundamental, falling in level."""
    time = np.arange(int(seconds * RATE)) / RATE
    harmonics = np.arange(1, 11)[:, None]
    wave = np.sum(np.sin(2 * np.pi * hertz * harmonics * time) / harmonics, axis=0)
    return np.asarray(level * wave / np.std(wave), np.float32)


@pytest.mark.parametrize("hertz", [80.0, 123.0, 240.0, 410.0])
def test_f0_of_a_harmonic_tone_is_its_fundamental(hertz: float) -> None:
    octaves, voiced, energy = prosody(tone(hertz)).T
    inner = slice(8, -8)
    assert voiced[inner].mean() > 0.9
    found = 100 * 2 ** octaves[inner][voiced[inner] > 0]
    np.testing.assert_allclose(found, hertz, rtol=0.01)
    np.testing.assert_allclose(energy[inner], -20, atol=0.6)


def test_noise_and_silence_are_unvoiced_and_have_their_energy() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.01
    octaves, voiced, energy = prosody(noise).T
    assert voiced.mean() < 0.2 and (octaves[voiced == 0] == 0).all()
    np.testing.assert_allclose(energy[5:-5].mean(), -40, atol=0.5)
    assert (prosody(np.zeros(4000, np.float32))[:, 2] == -80).all()


def test_frames_are_every_10_ms_and_do_not_depend_on_the_batch() -> None:
    model = load_model("prosody")
    waves = [tone(120), tone(200, 0.31), np.zeros(100, np.float32)]
    together = model.encode(waves)
    for wave, layers in zip(waves, together, strict=True):
        assert layers["T0"].shape == (1 + len(wave) // 160, 3)
        np.testing.assert_array_equal(layers["T0"], prosody(wave))
    assert model.frame_stride == model.grid("T0").stride_seconds and model.layers == ("T0",)
    assert torch.is_tensor(model.forward([waves[0]]).values["T0"])


def test_without_librosa_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "librosa":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"pip install layerwise\[prosody\]"):
        prosody(tone(100))


def test_it_has_neither_location_nor_twin() -> None:
    for wrong in ("prosody:x", "random:prosody"):
        with pytest.raises(ModelError, match="prosody takes no location"):
            load_model(wrong)
