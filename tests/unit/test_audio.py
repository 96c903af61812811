from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from layerwise.corpus.audio import inspect_audio, read_audio
from layerwise.errors import AudioError


def tone(seconds: float, rate: int, frequency: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def write(path: Path, samples: np.ndarray, rate: int = 16_000, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_reads_float_samples_as_they_are(tmp_path: Path) -> None:
    samples = tone(0.5, 16_000).astype(np.float32)
    path = write(tmp_path / "a.wav", samples, subtype="FLOAT")
    waveform = read_audio(path)
    assert waveform.dtype == np.float32
    np.testing.assert_array_equal(waveform, samples)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampled_tone_is_the_same_tone(tmp_path: Path, rate: int) -> None:
    waveform = read_audio(write(tmp_path / "a.wav", tone(1, rate), rate))
    assert waveform.shape == (16_000,)
    inner = slice(400, -400)
    np.testing.assert_allclose(waveform[inner], tone(1, 16_000)[inner], atol=2e-3)


def test_stereo_is_averaged_at_48_khz(tmp_path: Path) -> None:
    left = tone(1, 48_000)
    stereo = read_audio(write(tmp_path / "stereo.wav", np.stack([left, np.zeros_like(left)], 1), 48_000))
    mono = read_audio(write(tmp_path / "mono.wav", left / 2, 48_000))
    assert stereo.ndim == 1
    np.testing.assert_allclose(stereo, mono, atol=1e-4)


def test_describes_the_file_as_stored(tmp_path: Path) -> None:
    info = inspect_audio(write(tmp_path / "a.flac", np.zeros((12_000, 2)), 48_000))
    assert (info.samples, info.sample_rate, info.channels, info.format) == (12_000, 48_000, 2, "FLAC")
    assert info.seconds == 0.25


def test_paths_with_spaces_and_other_alphabets(tmp_path: Path) -> None:
    folder = tmp_path / "größe 音声"
    folder.mkdir()
    path = write(folder / "naïve file é.flac", tone(0.1, 16_000))
    assert read_audio(path).shape == (1600,)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nope\.wav: missing"):
        read_audio(tmp_path / "nope.wav")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(AudioError, match=r"a\.wav: empty file"):
        read_audio(tmp_path / "a.wav")


def test_text_renamed_to_wav(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("this is a letter, not a sound\n" * 50)
    with pytest.raises(AudioError, match=r"a\.wav: not audio"):
        inspect_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.flac", "a.wav", "a.ogg", "a.aiff", "a.mp3", "a.au", "a.w64"])
@pytest.mark.parametrize("share", [0.5, 0.98])
def test_truncated(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000)
    path = write(tmp_path / name, noise)
    assert inspect_audio(path).samples == 16_000
    with pytest.raises(AudioError, match=rf"{name}: truncated"):
        inspect_audio(cut(path, share))


def test_truncated_opus(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ogg", tone(2, 16_000), format="OGG", subtype="OPUS")
    assert inspect_audio(path).samples == 32_000
    with pytest.raises(AudioError, match=r"a\.ogg: truncated"):
        inspect_audio(cut(path, 0.9))


def test_streamed_wav_of_unknown_size_is_not_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(0.5, 16_000))
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert inspect_audio(path).samples == 8000


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.wav: 0 samples"):
        inspect_audio(write(tmp_path / "a.wav", np.zeros(0)))


@given(rate=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]), excess=st.integers(-1, 1))
def test_shortest_readable_file_makes_one_frame(
    tmp_path_factory: pytest.TempPathFactory, rate: int, excess: int
) -> None:
    shortest = 399 * rate // 16_000 + 1  # the first length whose resampled length, rounded up, is 400
    path = write(tmp_path_factory.mktemp("short") / "a.wav", np.zeros(shortest + excess), rate)
    if excess < 0:
        with pytest.raises(AudioError, match="too short for one frame"):
            read_audio(path)
    else:
        assert len(read_audio(path)) >= 400


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_a_number(tmp_path: Path, value: float) -> None:
    samples = tone(0.5, 16_000).astype(np.float32)
    samples[4000] = value
    with pytest.raises(AudioError, match=r"a\.wav: NaN or infinite sample at 0\.250 s"):
        read_audio(write(tmp_path / "a.wav", samples, subtype="FLOAT"))
