from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise import sampling
from layerwise.errors import AnalysisError
from layerwise.options.samples import SamplesOptions
from layerwise.sampling import SAMPLE_COLUMNS, SEGMENT_COLUMNS

WORDS = {"yes": ["Y", "EH", "S"], "no": ["N", "OW"], "oh": ["OW"], "rare": ["R", "EH", "R"]}
OPTIONS: dict[str, Any] = {
    "number": 2,
    "frame_utterances": 5,
    "phones_per_label": 4,
    "words": 3,
    "tokens_per_word": 3,
    "min_tokens": 2,
    "seed": 1,
}


def draw_samples(
    manifest: pd.DataFrame, intervals: pd.DataFrame, *, seed: int, **options: Any
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """``sampling.draw_samples`` with the fields of its options as keywords, also values that they refuse."""
    chosen = SamplesOptions.model_construct(**options)
    return sampling.draw_samples(manifest, intervals, chosen, seed=seed)


def corpus(utterances: int = 12, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every utterance says yes, no and oh in a random order; the first one says `rare` too."""
    rng = np.random.default_rng(seed)
    manifest, intervals = [], []
    for number in range(utterances):
        utt_id, time = f"u{number:02d}", 0.0
        said = [*rng.permutation(["yes", "no", "oh"]), *(["rare"] if number == 0 else [])]
        for index, word in enumerate(said):
            start = time
            for phone in WORDS[word]:
                intervals.append((utt_id, "phone", time, time + 0.05, phone, index))
                time = round(time + 0.05, 2)
            intervals.append((utt_id, "word", start, time, word, index))
        split = "train" if number % 2 == 0 else "test"
        manifest.append((utt_id, f"s{number % 3}", split, 16_000, 16_000, " ".join(said)))
    return (
        pd.DataFrame(manifest, columns=["utt_id", "speaker", "split", "samples", "sample_rate", "text"]),
        pd.DataFrame(intervals, columns=["utt_id", "tier", "start", "end", "label", "word_index"]),
    )


@given(
    utterances=st.integers(2, 15),
    frame_utterances=st.integers(1, 20),
    per_phone=st.integers(1, 40),
    per_word=st.integers(1, 20),
    seed=st.integers(0, 9),
)
@settings(max_examples=25, deadline=None)
def test_sizes_and_numbering(
    utterances: int, frame_utterances: int, per_phone: int, per_word: int, seed: int
) -> None:
    manifest, intervals = corpus(utterances)
    sizes = {
        "frame_utterances": frame_utterances,
        "phones_per_label": per_phone,
        "tokens_per_word": per_word,
        "seed": seed,
    }
    samples, segments = draw_samples(manifest, intervals, **{**OPTIONS, **sizes})
    assert len(samples) == 2
    assert list(segments.columns) == list(SEGMENT_COLUMNS)
    tokens = intervals.groupby(["tier", "label"]).size()
    for sample in samples:
        assert list(sample.columns) == list(SAMPLE_COLUMNS)
        kinds = dict(tuple(sample.groupby("kind")))
        assert len(kinds["utterance"]) == min(frame_utterances, utterances)
        assert set(kinds["utterance"]["segment"]) == {-1}
        assert set(kinds["utterance"]["end"]) == {1.0}
        for kind, quota in (("phone", per_phone), ("word", per_word)):
            for label, count in kinds[kind]["label"].value_counts().items():
                assert count == min(quota, tokens[kind, str(label)])
            numbered = segments[segments["kind"] == kind].reset_index(drop=True)
            taken = numbered.loc[kinds[kind]["segment"]].reset_index(drop=True)
            expected = kinds[kind][list(SEGMENT_COLUMNS)].reset_index(drop=True)
            pd.testing.assert_frame_equal(taken, expected)
    used = {
        kind: {number for sample in samples for number in sample.loc[sample["kind"] == kind, "segment"]}
        for kind in ("phone", "word")
    }
    for kind, numbers in used.items():
        assert numbers == set(range((segments["kind"] == kind).sum()))


def test_order_of_rows_changes_nothing() -> None:
    manifest, intervals = corpus()
    first = draw_samples(manifest, intervals, **OPTIONS)
    shuffled = draw_samples(
        manifest.sample(frac=1, random_state=1), intervals.sample(frac=1, random_state=2), **OPTIONS
    )
    pd.testing.assert_frame_equal(first[1], shuffled[1])
    for left, right in zip(first[0], shuffled[0], strict=True):
        pd.testing.assert_frame_equal(left, right)


def test_samples_and_seeds_differ() -> None:
    manifest, intervals = corpus()
    samples, _ = draw_samples(manifest, intervals, **OPTIONS)
    others, _ = draw_samples(manifest, intervals, **{**OPTIONS, "seed": 2})
    for kind in ("utterance", "phone", "word"):
        first, second, other = (
            sample.loc[sample["kind"] == kind, ["utt_id", "start"]].to_numpy().tolist()
            for sample in (*samples, others[0])
        )
        assert first != second
        assert first != other


def test_a_further_sample_leaves_the_others_as_they_are() -> None:
    manifest, intervals = corpus()
    two, _ = draw_samples(manifest, intervals, **OPTIONS)
    three, _ = draw_samples(manifest, intervals, **{**OPTIONS, "number": 3})
    columns = list(SEGMENT_COLUMNS)
    for left, right in zip(two, three, strict=False):
        pd.testing.assert_frame_equal(left[columns], right[columns])


def test_words_are_the_most_frequent_of_the_training_texts() -> None:
    manifest, intervals = corpus()
    samples, _ = draw_samples(manifest, intervals, **{**OPTIONS, "words": 2, "number": 1})
    assert set(samples[0].loc[samples[0]["kind"] == "word", "label"]) == {"no", "oh"}  # a tie, by alphabet


def test_words_of_scripts_without_spaces_are_those_of_the_alignment() -> None:
    manifest, intervals = corpus()
    together = manifest.assign(text=manifest["text"].str.replace(" ", ""))
    for found, expected in zip(
        draw_samples(together, intervals, **OPTIONS)[0],
        draw_samples(manifest, intervals, **OPTIONS)[0],
        strict=True,
    ):
        pd.testing.assert_frame_equal(found, expected)


def test_labels_with_few_tokens_are_left_out() -> None:
    manifest, intervals = corpus()
    options = {**OPTIONS, "words": 4, "number": 1}
    assert "rare" not in set(draw_samples(manifest, intervals, **options)[1]["label"])
    assert "rare" in set(draw_samples(manifest, intervals, **{**options, "min_tokens": 1})[1]["label"])


def test_short_phones_stay_unless_excluded() -> None:
    manifest, intervals = corpus()
    options = {**OPTIONS, "min_tokens": 1}
    assert len(draw_samples(manifest, intervals, **options, min_phone_seconds=0.05)[1])
    with pytest.raises(AnalysisError, match=r"fewer than 2 phones"):
        draw_samples(manifest, intervals, **options, min_phone_seconds=0.06)


def test_only_aligned_utterances_are_drawn() -> None:
    manifest, intervals = corpus()
    intervals = intervals[intervals["utt_id"] != "u03"]
    samples, _ = draw_samples(manifest, intervals, **{**OPTIONS, "frame_utterances": 99})
    assert "u03" not in set(samples[0]["utt_id"])
    assert (samples[0]["kind"] == "utterance").sum() == 11


def test_too_little_speech_is_named() -> None:
    manifest, intervals = corpus()
    with pytest.raises(AnalysisError, match="no utterance of the manifest is aligned"):
        draw_samples(manifest, intervals.iloc[:0], **OPTIONS)
    with pytest.raises(AnalysisError, match=r"fewer than 2 phones have 30 aligned tokens .*'OW' 24"):
        draw_samples(manifest, intervals, **{**OPTIONS, "min_tokens": 30})
    with pytest.raises(AnalysisError, match=r"fewer than 2 words have 2 aligned tokens .*'no' 12"):
        draw_samples(manifest, intervals, **{**OPTIONS, "words": 1})


def test_an_alignment_of_phones_only_gives_phones() -> None:
    manifest, intervals = corpus()
    samples, segments = draw_samples(manifest, intervals[intervals["tier"] == "phone"], **OPTIONS)
    assert set(segments["kind"]) == {"phone"} and set(samples[0]["kind"]) == {"phone", "utterance"}


def test_a_corpus_without_training_utterances_is_named() -> None:
    manifest, intervals = corpus()
    with pytest.raises(AnalysisError, match=r"no utterance is in split train \(found: dev\)"):
        draw_samples(manifest.assign(split="dev"), intervals, **OPTIONS)
