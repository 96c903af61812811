"""Real alignment of real prompts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile

from layerwise.align import pocketsphinx
from layerwise.align.boundaries import agreement
from layerwise.align.dictionary import in_dictionary, known_pronunciations
from layerwise.align.g2p import guess_pronunciations
from layerwise.align.intervals import Outcome, interval_table
from layerwise.align.pocketsphinx import MIN_SCORE, align
from layerwise.align.run import align_with
from layerwise.corpus.audio import read_audio
from layerwise.corpus.entries import Entry
from layerwise.corpus.manifest import build_manifest
from layerwise.corpus.text import normalise_text
from layerwise.options.corpus import CorpusOptions

SENTENCES = ("conf-getconfno", "vm-tempgreetactive", "check-number-dial-again")
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
    intervals, quality = align_with(prompts, "pocketsphinx")
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
    tried: list[Any] = []
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


def test_transcript_of_another_utterance_is_flagged_by_its_score(repository: Path) -> None:
    folder = repository / "resources" / "prompts"
    texts = pd.read_csv(folder / "prompts.tsv", sep="\t", index_col="utt_id")["text"][list(SENTENCES)]
    said = pd.DataFrame([row(str(name), folder / f"audio/{name}.ogg", text) for name, text in texts.items()])
    assert [outcome.status for outcome in align(said)] == ["aligned"] * 3
    swapped = said.assign(text=np.roll(said["text"], 1))
    flagged = list(align(swapped))
    assert [outcome.status for outcome in flagged] == ["dropped"] * 3
    for outcome in flagged:
        assert outcome.score < MIN_SCORE
        assert outcome.reason.startswith("score below -4 (`alignment.pocketsphinx.min_score`)")
        assert outcome.intervals == ()
    assert [outcome.status for outcome in align(swapped, min_score=-20.0)] == ["aligned"] * 3


def test_score_counts_the_words_that_are_said(
    prompts: pd.DataFrame, outcomes: list[Outcome], tmp_path: Path
) -> None:
    goodbye = read_audio(prompts["audio_path"][2])
    soundfile.write(tmp_path / "thrice.wav", np.tile(goodbye, 3), 16_000)
    text = "goodbye goodbye goodbye"
    said_thrice = row("thrice", tmp_path / "thrice.wav", text)
    said_once = row("once", Path(prompts["audio_path"][2]), text)
    all_written, too_many = align(pd.DataFrame([said_thrice, said_once]))
    assert all_written.status == "aligned"
    assert all_written.score == pytest.approx(outcomes[2].score, abs=0.2)
    starts = [item.start for item in all_written.intervals if item.tier == "word"]
    np.testing.assert_allclose(np.diff(starts), len(goodbye) / 16_000, atol=0.05)
    assert too_many.status == "dropped"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        ("...", "empty text"),
        ("goodbye xyzzyx", "word not in dictionary: 'xyzzyx'; add it to the lexicon"),
        ("dial 911", "word not in dictionary: '911'; spell out digits"),
        ("zz9 Good-bye, qqx!", "word not in dictionary: 'qqx', 'zz9'; spell out digits"),
    ],
)
def test_texts_that_cannot_be_aligned_are_dropped(prompts: pd.DataFrame, text: str, reason: str) -> None:
    (outcome,) = align(prompts.iloc[[2]].assign(text=normalise_text(text)), g2p=False)
    assert outcome.status == "dropped"
    assert outcome.reason.startswith(reason)
    assert outcome.intervals == ()


def test_lexicon_adds_words(prompts: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("xyzzyx G UH D B AY\n")
    (outcome,) = align(prompts.iloc[[2]].assign(text="xyzzyx"), lexicon=tmp_path / "lexicon.txt")
    assert [item.label for item in outcome.intervals] == ["xyzzyx", "G", "UH", "D", "B", "AY"]


def test_unknown_words_are_guessed_and_listed(prompts: pd.DataFrame) -> None:
    texts = ["aktivated", "agent logged off", "911"]
    guessed, known, digits = align(prompts.assign(text=texts))
    assert (guessed.status, guessed.reason) == ("aligned", "pronunciation guessed: 'aktivated'")
    (phones,) = guess_pronunciations(["aktivated"])["aktivated"]
    assert [item.label for item in guessed.intervals] == ["aktivated", *phones.split()]
    assert (known.status, known.reason) == ("aligned", "")
    assert digits.status == "dropped"


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


def test_speech_that_the_text_lacks_is_flagged(prompts: pd.DataFrame, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "thrice.wav", np.tile(read_audio(prompts["audio_path"][1]), 3), 16_000)
    thrice = pd.DataFrame([row("thrice", tmp_path / "thrice.wav", PROMPTS["agent-loggedoff"])])
    (outcome,) = align(thrice)
    assert (outcome.status, outcome.intervals) == ("dropped", ())
    assert outcome.reason.startswith("score of the silence below -4")
    assert [found.status for found in align(thrice, min_score=-20.0)] == ["aligned"]


def test_boundaries_of_synthetic_speech_with_exact_times(repository: Path) -> None:
    folder = repository / "tests" / "data" / "festival"
    times = {path.stem: pd.read_csv(path, sep="\t") for path in sorted(folder.glob("*.tsv"))}
    exact = pd.concat([table.assign(utt_id=name) for name, table in times.items()])
    texts = {name: " ".join(table.query("tier == 'word'")["label"]) for name, table in times.items()}
    outcomes = list(align(pd.DataFrame([row(name, folder / f"{name}.ogg", texts[name]) for name in times])))
    assert [outcome.status for outcome in outcomes] == ["aligned"] * 4
    table = agreement(exact, interval_table(outcomes)).query("boundary == 'both' and group == 'all'")
    phones, words = (table[table["tier"] == tier].iloc[0] for tier in ("phone", "word"))
    assert words["compared"] == words["boundaries"]
    assert phones["compared"] > 0.75 * phones["boundaries"]
    assert phones["median_ms"] <= 12
    assert words["median_ms"] <= 20
    for tier in (phones, words):
        assert abs(tier["bias_ms"]) <= 12
        assert tier["within_20ms"] >= 0.65
        assert tier["within_50ms"] >= 0.95


def test_half_an_hour_of_audio_does_not_reach_the_aligner(prompts: pd.DataFrame, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.flac", np.zeros(30 * 60 * 16_000, np.int16), 16_000)
    entries = [
        Entry("long", "a", None, tmp_path / "long.flac", "yes"),
        Entry("short", "a", None, Path(prompts["audio_path"][2]), "goodbye"),
    ]
    limit = CorpusOptions(path=".").max_seconds
    manifest, excluded, _ = build_manifest(entries, seed=0, max_seconds=limit)
    assert manifest["utt_id"].tolist() == ["short"]
    assert excluded["utt_id"].tolist() == ["long"]
    assert excluded["reason"][0] == "longer than 30 s"


def test_words_keep_apostrophes_at_their_edges_only_where_the_dictionary_has_them():
    known = known_pronunciations({"goin'", "'em", "wombats'", "'hello"}, {})
    assert (known["goin'"], known["'em"]) == (["G OW AH N"], ["AH M"])
    assert [in_dictionary(word, known) for word in ("goin'", "'em", "wombats'", "'hello", "xqz'")] == [
        *("goin'", "'em", "wombats", "hello", "xqz")
    ]
