"""Bad audio in a corpus: an exclusion with its reason, a warning, or nothing to remark; never a crash."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from layerwise.corpus.audio import read_audio
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.readers import read_corpus
from layerwise.errors import CorpusError

NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder corpus with one good utterance."""
    folder = tmp_path / "corpus" / "speaker"
    folder.mkdir(parents=True)
    add(folder / "good.wav", NOISE)
    return folder


def add(path: Path, samples: np.ndarray, rate: int = 16_000, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    path.with_suffix(".lab").write_text("some words")
    return path


def check(corpus: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
    """The manifest by utterance, and the reasons and warnings by utterance."""
    manifest, excluded, warnings = build_manifest(read_corpus(corpus.parent, "folder"), seed=0)
    assert "good" in set(manifest.utt_id)
    return (
        manifest.set_index("utt_id"),
        dict(zip(excluded.utt_id, excluded.reason, strict=True)),
        dict(zip(warnings.utt_id, warnings.warning, strict=True)),
    )


def expect_exclusion(corpus: Path, utt_id: str, reason: str) -> None:
    manifest, excluded, warnings = check(corpus)
    assert list(manifest.index) == ["good"] and not warnings
    assert list(excluded) == [utt_id] and excluded[utt_id].startswith(reason)


def expect_warning(corpus: Path, utt_id: str, warning: str) -> None:
    manifest, excluded, warnings = check(corpus)
    assert set(manifest.index) == {"good", utt_id} and not excluded
    assert warnings == {utt_id: warning}


def test_missing(corpus: Path) -> None:
    (corpus / "bad.lab").write_text("some words")
    expect_exclusion(corpus, "bad", "missing")


def test_empty_file(corpus: Path) -> None:
    add(corpus / "bad.wav", NOISE).write_bytes(b"")
    expect_exclusion(corpus, "bad", "empty file (0 bytes)")


def test_truncated_flac(corpus: Path) -> None:
    path = add(corpus / "bad.flac", NOISE)
    path.write_bytes(path.read_bytes()[:9000])
    expect_exclusion(corpus, "bad", "truncated")


def test_no_samples(corpus: Path) -> None:
    add(corpus / "bad.wav", NOISE[:0])
    expect_exclusion(corpus, "bad", "0 samples")


def test_shorter_than_one_frame(corpus: Path) -> None:
    add(corpus / "bad.wav", NOISE[:399])
    expect_exclusion(corpus, "bad", "too short for one frame: 399 samples")


def test_nan_samples(corpus: Path) -> None:
    samples = NOISE.copy()
    samples[8000] = np.nan
    add(corpus / "bad.wav", samples, subtype="FLOAT")
    expect_exclusion(corpus, "bad", "NaN or infinite sample at 0.500 s")


def test_a_text_file_renamed_to_wav(corpus: Path) -> None:
    add(corpus / "bad.wav", NOISE).write_text("Dear all,\n" * 100)
    expect_exclusion(corpus, "bad", "not audio")


def test_8_khz_is_kept_and_flagged(corpus: Path) -> None:
    path = add(corpus / "phone.wav", NOISE[:8000], 8_000)
    expect_warning(corpus, "phone", "8000 Hz: nothing above 4 kHz")
    spectrum = np.abs(np.fft.rfft(read_audio(path) * np.hanning(16_000)))
    assert spectrum[4200:].max() < 0.01 * spectrum[:3800].max()


def test_48_khz_stereo_is_kept(corpus: Path) -> None:
    path = add(corpus / "studio.wav", np.stack([NOISE, NOISE], 1), 48_000)
    manifest, excluded, warnings = check(corpus)
    assert list(manifest.loc["studio", ["samples", "sample_rate"]]) == [16_000, 48_000]
    assert not excluded and not warnings
    assert read_audio(path).shape == (5334,)


def test_channels_that_cancel_are_flagged(corpus: Path) -> None:
    add(corpus / "opposite.wav", np.stack([NOISE, -NOISE], 1))
    expect_warning(corpus, "opposite", "silent: peak below -80 dB of full scale")


@pytest.mark.parametrize("name", ["loud.wav", "loud.flac"])
def test_clipping_is_flagged(corpus: Path, name: str) -> None:
    samples = NOISE.copy()
    samples[100:103] = samples[500:505] = 1.0
    samples[300:303] = -1.0
    samples[700] = samples[702] = 1.0  # loud peaks, not flat
    add(corpus / name, samples)
    expect_warning(corpus, "loud", "clipped: 11 samples at full scale")


def test_an_overdriven_tone_is_clipped_and_a_full_one_is_not(corpus: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    add(corpus / "over.wav", np.clip(2 * tone, -1, 1))
    add(corpus / "full.wav", 0.99 * tone)
    _, _, warnings = check(corpus)
    assert list(warnings) == ["over"] and warnings["over"].startswith("clipped")


def test_duplicate_utterance_ids(corpus: Path) -> None:
    add(corpus / "good.flac", NOISE)
    with pytest.raises(CorpusError, match=r"'speaker-good' is used twice, for .*good\.flac and .*good\.wav"):
        check(corpus)


def test_paths_with_spaces_and_other_alphabets(corpus: Path) -> None:
    folder = corpus.parent / "Jürgen Größe 音声"
    folder.mkdir()
    add(folder / "naïve file é.ogg", NOISE)
    manifest, excluded, _ = check(corpus)
    assert not excluded
    assert manifest.loc["naïve file é", "speaker"] == "Jürgen Größe 音声"
    assert read_audio(str(manifest.loc["naïve file é", "audio_path"])).shape == (16_000,)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {}),
        ("a.flac", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.mp3", {"format": "MP3"}),
    ],
)
def test_every_format_is_read_with_its_content(corpus: Path, name: str, options: dict[str, str]) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    path = add(corpus / name, np.stack([tone, tone], 1), 48_000, **options)
    waveform = read_audio(path)
    assert len(waveform) == pytest.approx(16_000, abs=1200)  # MP3 pads to whole frames
    inner = waveform[2000:14_000]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner))))
    assert spectrum.argmax() == round(440 * len(inner) / 16_000)
    assert np.abs(inner).max() == pytest.approx(0.5, abs=0.05)
    assert "a" in check(corpus)[0].index
