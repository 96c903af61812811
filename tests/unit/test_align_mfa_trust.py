"""Alignments of MFA that are not to be trusted: outliers of its scores, and rates that nobody speaks at."""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from layerwise.align.intervals import Interval, Outcome
from layerwise.align.mfa_corpus import speech_seconds
from layerwise.align.mfa_trust import Limits, trusted

SCORES = Limits(min_score=-3.0, min_rate=None, max_rate=None)
RATES = Limits(min_score=None, min_rate=2.0, max_rate=20.0)
# Phones and speech_log_likelihood of MFA's own example prompts, texts as said (one speaker).
EXAMPLE = (
    "3 -61.5 5 -57.4 11 -55.4 15 -54.6 3 -53.5 7 -53.5 19 -52.7 3 -52.5 7 -51.6 20 -51.4 29 -51.3 "
    "15 -51.1 6 -50.6 47 -50.5 12 -50.5 17 -50.4 31 -50.3 18 -50.2 4 -49.8 31 -49.6 14 -49.1 18 -49.0 "
    "25 -49.0 "
    "3 -48.9 57 -48.2 25 -48.2 161 -48.1 18 -47.9 22 -46.7 54 -47.1 24 -45.8 2 -44.4 35 -43.3 "
    "1 -32.5 20 -46.9 7 -45.3"
)
NUMBERS = np.array(EXAMPLE.split(), float).reshape(-1, 2)


def outcome(utt_id: str, score: float, phones: int, seconds: float = 1.0) -> Outcome:
    width = seconds / phones
    items = [Interval("phone", place * width, (place + 1) * width, "AH", 0) for place in range(phones)]
    word = Interval("word", 0.0, seconds, "a", 0)
    return Outcome(utt_id, "aligned", "", score, (word, *items))


def dropped(
    outcomes: list[Outcome],
    limits: Limits,
    speakers: Mapping[str, str] | None = None,
    speech: Mapping[str, float] | None = None,
    text: str = "a",
) -> dict[str, str]:
    """Reasons of those that are dropped."""
    rows = [(item.utt_id, (speakers or {}).get(item.utt_id, "s"), text) for item in outcomes]
    manifest = pd.DataFrame(rows, columns=["utt_id", "speaker", "text"])
    found = trusted(outcomes, manifest, limits, speech or {})
    assert [item.utt_id for item in found] == [item.utt_id for item in outcomes]
    assert all(item.intervals for item in found if item.status == "aligned")
    lost = [item for item in found if item.status != "aligned"]
    assert all(item.status == "dropped" and not item.intervals for item in lost)
    return {item.utt_id: item.reason for item in lost}


def example(wrong: int = 0, shift: float = 0.0) -> list[Outcome]:
    """Scores of the example; the last ``wrong`` long prompts score lower by ``shift``."""
    long = [place for place, (phones, _) in enumerate(NUMBERS) if phones >= 10]
    shifted = set(long[len(long) - wrong :])
    return [
        outcome(
            f"{'wrong' if place in shifted else 'own'}-{place}",
            score - shift * (place in shifted),
            int(phones),
        )
        for place, (phones, score) in enumerate(NUMBERS)
    ]


def test_scores_of_own_texts_pass_and_low_ones_among_them_do_not() -> None:
    assert dropped(example(), SCORES) == {}
    found = dropped(example(wrong=4, shift=14), SCORES)
    assert len(found) == 4 and all(name.startswith("wrong") for name in found)
    assert "that is usual in the run" in found["wrong-34"]
    assert dropped(example(wrong=4, shift=14), Limits(None, None, None)) == {}


def test_the_reason_gives_the_numbers() -> None:
    outcomes = [outcome(f"u{place}", -50.0 + place % 3, 30) for place in range(30)]
    found = dropped([*outcomes, outcome("other", -62.0, 30)], SCORES)
    # Median -49; residuals above, weighted by sqrt(1/2): ten of 0 and ten of 0.707; median 0.354; x 1.4826.
    assert found == {
        "other": "score -62.0, 17.5 spreads below the -49.0 that is usual in the run, more than "
        "`alignment.mfa.min_score`: -3; its text is probably not what is said"
    }


def test_a_short_text_scatters_more() -> None:
    outcomes = [outcome(f"u{place}", -50.0 + place % 5 - 2, 30) for place in range(30)]
    assert set(dropped([*outcomes, outcome("short", -56, 3), outcome("long", -56, 60)], SCORES)) == {"long"}


def test_equal_scores_have_a_spread() -> None:
    outcomes = [outcome(f"u{place}", -48.25, 20) for place in range(30)]
    assert set(dropped([*outcomes, outcome("near", -49, 20), outcome("far", -56, 20)], SCORES)) == {"far"}


def test_too_few_scores_are_not_tested_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = [outcome(f"u{place}", -50, 20) for place in range(18)]
    with caplog.at_level(logging.WARNING):
        assert dropped([*outcomes, outcome("far", -90, 20)], SCORES) == {}
    assert "19 utterances have a score, and a median and a spread need 20" in caplog.text
    assert set(dropped([*outcomes, outcome("far", -90, 20), outcome("own", -50, 20)], SCORES)) == {"far"}


def test_speakers_have_levels_of_their_own_but_none_of_wrong_texts() -> None:
    noise = np.tile(np.linspace(-1.5, 1.5, 40), 3)
    levels = {"a": -50.0, "b": -52.0, "c": -53.0}
    names = [name for name in levels for _ in range(40)]
    outcomes = [
        outcome(f"{name}{place}", levels[name] + noise[place], 40) for place, name in enumerate(names)
    ]
    speakers = {item.utt_id: item.utt_id[0] for item in outcomes}
    outcomes[5] = outcome("a5", -56.0, 40)  # usual for nobody
    assert list(dropped(outcomes, SCORES, speakers)) == ["a5"]
    assert "usual for its speaker" in dropped(outcomes, SCORES, speakers)["a5"]
    swapped = [outcome(f"d{place}", -64 + noise[place], 40) for place in range(25)]
    found = dropped([*outcomes, *swapped], SCORES, speakers | {item.utt_id: "d" for item in swapped})
    assert set(found) >= {item.utt_id for item in swapped}


def test_texts_that_are_wrong_everywhere_are_no_outliers() -> None:
    assert dropped([outcome(f"u{place}", -65.0 + place % 3, 20) for place in range(40)], SCORES) == {}


def test_rates_of_speech() -> None:
    outcomes = [outcome(name, -50, phones) for name, phones in (("own", 12), ("long", 43), ("cut", 3))]
    speech = {"own": 1.2, "long": 2.0, "cut": 3.0}
    assert dropped(outcomes, RATES, speech=speech) == {
        "long": "21.5 phones in a second of speech (43 in 2.00 s), more than `alignment.mfa.max_rate`: 20; "
        "less is said than the text",
        "cut": "1.0 phones in a second of speech (3 in 3.00 s), fewer than `alignment.mfa.min_rate`: 2; more "
        "is said than the text",
    }
    assert dropped(outcomes, Limits(None, None, None), speech=speech) == {}
    assert list(dropped([outcome("fast", -50, 30)], RATES)) == ["fast"]  # of the aligned words


def test_words_without_pronunciation_count_and_silence_is_no_speech() -> None:
    assert dropped([outcome("u", -50, 4)], RATES, speech={"u": 2.5}) == {
        "u": "1.6 phones in a second of speech (4 in 2.50 s), fewer than `alignment.mfa.min_rate`: 2; more "
        "is said than the text"
    }
    assert dropped([outcome("u", -50, 4)], RATES, speech={"u": 2.5}, text="a 42") == {}
    assert dropped([outcome("u", -50, 4)], RATES, speech={"u": 0.0}) == {
        "u": "no speech in the audio, for 4 phones"
    }


def test_a_wrong_rate_does_not_widen_the_spread_of_scores() -> None:
    outcomes = [outcome(f"u{place}", -50.0 + place % 3, 30) for place in range(30)]
    fast = [outcome(f"fast{place}", -20.0, 90) for place in range(25)]
    found = dropped(
        [*outcomes, *fast, outcome("far", -60, 30)], Limits(-3.0, 2.0, 35.0), speech=dict.fromkeys(["far"], 2)
    )
    assert {*found} == {"far", *(item.utt_id for item in fast)}


def test_seconds_of_speech() -> None:
    time = np.arange(32_000) / 16_000
    tone = np.sin(2 * np.pi * 200 * time, dtype=np.float32)
    half: NDArray[np.float32] = np.where(time < 1, 0.3 * tone, 0.0003 * tone).astype(np.float32)
    assert speech_seconds(half) == pytest.approx(1.0, abs=0.03)
    assert speech_seconds((half + 0.005 * tone).astype(np.float32)) == pytest.approx(
        1.0, abs=0.03
    )  # 36 dB down
    assert speech_seconds(np.float32(0.3) * tone) == pytest.approx(2.0, abs=0.03)
    assert speech_seconds(np.zeros(32_000, np.float32)) == 0
    assert speech_seconds(tone[:100]) <= 0.01
