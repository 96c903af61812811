"""Damage seeded into the embedded prompts is named; the prompts themselves are not."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from layerwise.corpus.audio import inspect_audio
from layerwise.corpus.damage import find_damage

NAMES = ("activated", "agent-alreadyon", "conf-adminmenu", "digits-h-90", "vm-goodbye")
Wave = NDArray[np.float32]


@pytest.fixture(params=NAMES)
def prompt(request: pytest.FixtureRequest, repository: Path) -> tuple[Wave, int]:
    samples, rate = soundfile.read(
        repository / f"resources/prompts/audio/{request.param}.ogg", dtype="float32", always_2d=True
    )
    return samples, rate


def test_nothing_is_found_in_prompts(repository: Path) -> None:
    for path in sorted((repository / "resources/prompts/audio").glob("*.ogg"))[::12]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        assert find_damage(samples, rate) == (), path


@pytest.mark.parametrize("gain", [1, 0.1, 0.01, 0.002])
@pytest.mark.parametrize("place", [0.1, 0.5])
def test_a_lost_byte_is_noise(prompt: tuple[Wave, int], place: float, gain: float) -> None:
    samples, rate = prompt
    content = (gain * samples[:, 0] * 32767).astype("<i2").tobytes()
    lost = 2 * round(place * len(samples)) + 1
    content = content[:lost] + content[lost + 1 :] + b"\0"
    damaged = (np.frombuffer(content, "<i2") / 32768).astype(np.float32)[:, np.newaxis]
    (warning,) = [item for item in find_damage(damaged, rate) if item.startswith("noise: ")]
    assert warning.endswith("bytes may be lost")
    first = float(warning.split("first at ")[1].split(" s")[0])
    assert first >= place * len(samples) / rate - 0.05


def test_noise_is_found_in_any_channel(prompt: tuple[Wave, int]) -> None:
    samples, rate = prompt
    noisy = samples.copy()
    noisy[: rate // 2] = np.clip(np.random.default_rng(1).normal(0, 0.7, (rate // 2, 1)), -1, 1)
    seconds = len(samples) / rate
    warning = f"noise: 0.50 of {seconds:.2f} s, first at 0.00 s; bytes may be lost"
    assert find_damage(noisy, rate) == (warning,)
    assert find_damage(np.hstack([samples, noisy]), rate) == (warning,)


def test_a_gap_in_mid_sound_is_found_a_pause_is_not(prompt: tuple[Wave, int]) -> None:
    samples, rate = prompt
    loudest = int(np.abs(samples[:, 0]).argmax())
    broken = samples.copy()
    broken[loudest : loudest + rate // 25] = 0
    (warning,) = find_damage(broken, rate)
    assert warning.startswith(
        f"gaps: 1 of equal samples in mid-sound, 0.04 s, first at {loudest / rate:.2f} s"
    )
    pause = np.zeros((rate // 20, 1), np.float32)
    assert find_damage(np.vstack([pause, samples]), rate) == ()
    assert find_damage(np.vstack([pause, samples[loudest:], pause]), rate) == ()  # trimmed and padded


def test_long_digital_silence_and_offsets_are_named(prompt: tuple[Wave, int]) -> None:
    samples, rate = prompt
    fade = samples * np.linspace(1, 0, len(samples), dtype=np.float32)[:, np.newaxis]
    halved = np.vstack([fade, np.zeros_like(samples)])
    seconds = len(samples) / rate
    assert any(item.startswith("digital silence: ") for item in find_damage(halved, rate))
    assert f"of {2 * seconds:.2f} s" in find_damage(halved, rate)[0]
    shifted = np.asarray(np.clip(0.5 * samples + 0.3, -1, 1), np.float32)
    (warning,) = find_damage(shifted, rate)
    assert warning in {f"constant offset: +{offset} of full scale" for offset in ("0.300", "0.299", "0.301")}


@pytest.mark.parametrize("rate", [4_000, 8_000, 48_000])
def test_short_silent_and_empty_waves_are_no_damage(rate: int) -> None:
    for length in (1, rate // 40, rate):
        assert find_damage(np.zeros((length, 1), np.float32), rate) == ()
    tone = np.asarray(0.9 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate), np.float32)
    assert find_damage(tone[:, np.newaxis], rate) == ()


def test_damage_is_a_warning_of_the_audio(tmp_path: Path, prompt: tuple[Wave, int]) -> None:
    samples, rate = prompt
    soundfile.write(tmp_path / "a.wav", np.clip(samples + np.float32(0.1), -1, 1), rate)
    assert [item.partition(":")[0] for item in inspect_audio(tmp_path / "a.wav").warnings] == [
        "constant offset"
    ]
