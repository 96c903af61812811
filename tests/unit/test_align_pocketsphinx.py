"""Real alignment of real prompts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from layerwise.align import pocketsphinx
from layerwise.align.corpus import align_corpus
from layerwise.align.intervals import Outcome
from layerwise.align.pocketsphinx import align
from layerwise.corpus.audio import read_audio

PROMPTS = {"activated": "activated", "agent-loggedoff": "agent logged off", "vm-goodbye": "goodbye"}


def row(utt_id: str, path: Path, text: str) -> dict[str, object]:
    waveform, rate = soundfile.read(path)
    return {
        "utt_id": utt_id,
        "audio_path": path.as_posix(),
        "samples": len(waveform),
        "sample_rate": rate,
        "text": text,
    }


@pytest.fixture(scope="module")
def prompts(repository: Path) -> pd.DataFrame:
    folder = repository / "resources" / "prompts" / "audio"
    return pd.DataFrame([row(name, folder / f"{name}.ogg", text) for name, text in PROMPTS.items()])


@pytest.fixture(scope="module")
def outcomes(prompts: pd.DataFrame) -> list[Outcome]:
    return list(align(prompts))


def test_words_and_phones_of_the_text(prompts: pd.DataFrame) -> None:
    intervals, quality = align_corpus(prompts, "pocketsphinx")
    assert quality["status"].tolist() == ["aligned"] * 3
    for utt_id, text in PROMPTS.items():
        tiers = dict(tuple(intervals[intervals["utt_id"] == utt_id].groupby("tier")))
        assert " ".join(tiers["word"]["label"]) == text
        assert tiers["word"]["word_index"].tolist() == list(range(len(tiers["word"])))
    goodbye = intervals[(intervals["utt_id"] == "vm-goodbye") & (intervals["tier"] == "phone")]
    assert goodbye["label"].tolist() in (["G", "UH", "D", "B", "AY"], ["G", "IH", "D", "B", "AY"])


def test_times_are_whole_frames(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        for interval in outcome.intervals:
            for time in (interval.start, interval.end):
                assert time == round(time * 100) / 100


def test_speech_is_where_the_energy_is(prompts: pd.DataFrame, outcomes: list[Outcome]) -> None:
    for path, outcome in zip(prompts["audio_path"], outcomes, strict=True):
        power = read_audio(path) ** 2
        inside = np.zeros(len(power), dtype=bool)
        for interval in outcome.intervals:
            inside[round(interval.start * 16_000) : round(interval.end * 16_000)] = True
        assert power[inside].sum() > 0.95 * power.sum()


def test_shifted_audio_shifts_the_times(
    prompts: pd.DataFrame, outcomes: list[Outcome], tmp_path: Path
) -> None:
    waveform = np.concatenate([np.zeros(4800, np.float32), read_audio(prompts["audio_path"][1])])
    soundfile.write(tmp_path / "late.wav", waveform, 16_000, subtype="FLOAT")
    (late,) = align(pd.DataFrame([row("late", tmp_path / "late.wav", PROMPTS["agent-loggedoff"])]))
    moved = [b.start - a.start for a, b in zip(outcomes[1].intervals, late.intervals, strict=True)]
    assert np.median(moved) == pytest.approx(0.3, abs=1e-9)
    np.testing.assert_allclose(moved, 0.3, atol=0.031)


def test_failed_utterance_gets_a_second_try_with_a_new_decoder(
    prompts: pd.DataFrame, outcomes: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    search = pocketsphinx._search

    def fail_once(decoder: Any, *arguments: Any) -> object:
        tried.append(decoder)
        if len(tried) == 1:
            raise RuntimeError
        return search(decoder, *arguments)

    monkeypatch.setattr(pocketsphinx, "_search", fail_once)
    assert [outcome.status for outcome in align(prompts)] == ["aligned"] * 3
    first, wide, fresh, again = tried
    assert first is not wide
    assert fresh is not first
    assert again is fresh
    assert (first.config["beam"], wide.config["beam"], fresh.config["beam"]) == (1e-48, 1e-100, 1e-48)


def test_order_and_workers_change_nothing(prompts: pd.DataFrame, outcomes: list[Outcome]) -> None:
    backwards = list(align(prompts.iloc[::-1], workers=2))[::-1]
    alone = [next(iter(align(prompts.iloc[[index]]))) for index in range(len(prompts))]
    assert outcomes == backwards == alone


def test_transcript_of_another_utterance_shows_in_the_score(
    prompts: pd.DataFrame, outcomes: list[Outcome]
) -> None:
    swapped = align(prompts.assign(text=np.roll(prompts["text"], 1)))
    for right, wrong in zip(outcomes, swapped, strict=True):
        assert wrong.status == "failed" or wrong.score < right.score - 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        ("goodbye xyzzyx", "word not in dictionary: 'xyzzyx'; add it to the lexicon"),
        ("dial 911", "word not in dictionary: '911'; spell out digits"),
    ],
)
def test_texts_that_cannot_be_aligned_are_dropped(prompts: pd.DataFrame, text: str, reason: str) -> None:
    (outcome,) = align(prompts.iloc[[2]].assign(text=text))
    assert outcome.status == "dropped"
    assert outcome.reason.startswith(reason)
    assert outcome.intervals == ()


def test_lexicon_adds_words(prompts: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("xyzzyx G UH D B AY\n")
    (outcome,) = align(prompts.iloc[[2]].assign(text="xyzzyx"), lexicon=tmp_path / "lexicon.txt")
    assert [item.label for item in outcome.intervals] == ["xyzzyx", "G", "UH", "D", "B", "AY"]


def test_bad_audio_is_listed_and_the_next_utterance_unharmed(
    prompts: pd.DataFrame, outcomes: list[Outcome], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(8000), 16_000)
    rows = [
        row("silence", tmp_path / "silence.wav", "please leave a message after the tone"),
        {**row("missing", tmp_path / "silence.wav", "yes"), "audio_path": "nope.wav"},
    ]
    silence, missing, good = align(pd.concat([pd.DataFrame(rows), prompts.iloc[[2]]]))
    assert (silence.status, missing.status) == ("failed", "failed")
    assert "check the transcript" in silence.reason
    assert missing.reason.startswith("nope.wav: missing")
    assert good == outcomes[2]
