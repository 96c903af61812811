"""Bad audio in a corpus: an exclusion with its reason, a warning, or nothing to remark; never a crash."""

import re
import tracemalloc
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


def speech_like(seconds: float, rate: int = 16_000) -> np.ndarray:
    rng = np.random.default_rng(5)
    loudness = np.repeat(rng.uniform(0, 0.15, round(seconds * 10)), rate // 10)
    return loudness * rng.normal(size=len(loudness))


def variable_mp3(path: Path, seconds: float) -> Path:
    """An MP3 of variable bit rate, quiet at first: its first frames say little of its length."""
    samples = speech_like(seconds)
    samples[: len(samples) // 2] *= 1e-3
    soundfile.write(path, samples, 16_000, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    return path


def without_length(path: Path) -> None:
    """Take out the frame that holds the table of an MP3's length."""
    content = path.read_bytes()
    table = max(content.find(b"Xing"), content.find(b"Info"))
    assert table > 0
    path.write_bytes(content[content.index(b"\xff\xf3", table) :])


def test_an_mp3_without_a_table_of_its_length_is_read_to_its_end(corpus: Path) -> None:
    without_length(variable_mp3(corpus / "bad.mp3", 4))
    (corpus / "bad.lab").write_text("some words")
    assert abs(soundfile.info(corpus / "bad.mp3").duration - 4) > 0.5
    manifest, excluded, warnings = check(corpus)
    assert not excluded and manifest.loc["bad", "samples"] == pytest.approx(64_000, abs=2400)
    assert len(read_audio(corpus / "bad.mp3")) == manifest.loc["bad", "samples"]
    assert re.match(r"length: 4\.\d\d s, its header says [1-9]", warnings["bad"])


def test_a_picture_in_the_tag_of_an_mp3_is_no_audio(corpus: Path) -> None:
    path = variable_mp3(corpus / "bad.mp3", 2)
    (corpus / "bad.lab").write_text("some words")
    alone = read_audio(path)
    picture = b"\xff\xe0JFIF\xff\xfb\x90Info" * 40
    size = bytes([0, 0, len(picture) >> 7, len(picture) & 0x7F])
    path.write_bytes(b"ID3\x04\0\0" + size + picture + path.read_bytes())
    _, excluded, warnings = check(corpus)
    assert not excluded and not warnings
    np.testing.assert_array_equal(read_audio(path), alone)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bad.flac", {}),
        ("bad.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("bad.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("bad.mp3", {"format": "MP3"}),
    ],
)
def test_concatenated_files_are_read_to_their_end(corpus: Path, name: str, options: dict[str, str]) -> None:
    path = add(corpus / name, speech_like(1), 16_000, **options)
    path.write_bytes(path.read_bytes() * 2)
    manifest, excluded, warnings = check(corpus)
    assert not excluded and manifest.loc["bad", "samples"] == pytest.approx(32_000, abs=2600)
    assert warnings["bad"].startswith("length: 2.")


def test_a_flac_of_unknown_length_is_read(corpus: Path) -> None:
    path = add(corpus / "bad.flac", speech_like(1))
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # STREAMINFO: 36 bits of total samples
    content[22:26] = bytes(4)
    path.write_bytes(bytes(content))
    manifest, excluded, warnings = check(corpus)
    assert not excluded and not warnings and manifest.loc["bad", "samples"] == 16_000
    np.testing.assert_allclose(read_audio(path), speech_like(1), atol=1e-4)


def test_whatever_a_reader_raises_names_the_file(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(corpus / "bad.wav", speech_like(1))
    read = soundfile.SoundFile.read

    def failing(self: soundfile.SoundFile, *args: object, **options: object) -> object:
        if "bad" in str(self.name):
            raise MemoryError("no room for 2 exabytes")
        return read(self, *args, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", failing)
    expect_exclusion(corpus, "bad", "truncated or damaged: MemoryError: no room for 2 exabytes")


def test_gsm_in_wav_is_read_or_named(corpus: Path) -> None:
    path = add(corpus / "bad.wav", speech_like(1, 8_000), 8_000, subtype="GSM610")
    manifest, excluded, _ = check(corpus)
    assert ("bad" in manifest.index) != ("bad" in excluded)
    path.write_bytes(path.read_bytes()[:700])
    assert "bad" in check(corpus)[1]


def test_formats_that_are_not_read_say_so(corpus: Path) -> None:
    (corpus / "bad.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    (corpus / "bad.lab").write_text("some words")
    expect_exclusion(corpus, "bad", "MPEG-4 audio is not read; convert it to FLAC or WAV")


def test_floating_point_audio_on_the_scale_of_integers_is_named(corpus: Path) -> None:
    add(corpus / "bad.wav", 8440 * np.sin(np.arange(16_000) / 9), subtype="FLOAT")
    expect_exclusion(corpus, "bad", "samples up to 8440, where full scale is 1")


@pytest.mark.parametrize("rate", [4_001, 11_127, 16_001, 22_254, 44_099, 250_007, 768_000])
def test_any_sample_rate_is_resampled_at_once_and_right(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate), rate)
    tracemalloc.start()
    waveform = read_audio(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert abs(len(waveform) - 32_000) <= 1 and peak < 1e8
    inner = slice(800, -800)
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(waveform)) / 16_000)
    np.testing.assert_allclose(waveform[inner], wanted[inner], atol=2e-3)


def test_a_sample_rate_that_no_speech_has_is_named(corpus: Path) -> None:
    add(corpus / "bad.wav", speech_like(1), 1_000)
    expect_exclusion(corpus, "bad", "sampled at 1000 Hz; 4000 to 768000 Hz are read")
