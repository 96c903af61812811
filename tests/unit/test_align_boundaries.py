import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.align.boundaries import PHONE_CLASSES, agreement, boundary_differences, coverage
from layerwise.align.intervals import COLUMNS, PHONES


def table(utterances):
    """Interval table of {utt_id: [(word, [phones], start in ms, phone length in ms), ...]}."""
    rows = []
    for utt_id, words in utterances.items():
        for index, (word, phones, start, length) in enumerate(words):
            end = start + length * len(phones)
            rows.append((utt_id, "word", start / 1000, end / 1000, word, index))
            for number, phone in enumerate(phones):
                first = start + number * length
                rows.append((utt_id, "phone", first / 1000, (first + length) / 1000, phone, index))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def summary(result, tier="word", group="all", boundary="both"):
    chosen = (result["tier"] == tier) & (result["group"] == group) & (result["boundary"] == boundary)
    return result[chosen].iloc[0]


def test_classes_hold_each_phone_once():
    assert sorted(phone for phones in PHONE_CLASSES.values() for phone in phones) == sorted(PHONES)


def test_an_alignment_agrees_with_itself():
    words = table({"a": [("cheese", ["CH", "IY", "Z"], 100, 50)], "b": [("no", ["N", "OW"], 0, 70)]})
    result = agreement(words, words)
    filled = result[result["boundaries"] > 0]
    assert (filled["compared"] == filled["boundaries"]).all()
    assert (filled[["bias_ms", "median_ms"]] == 0).all(axis=None)
    assert (filled[["within_10ms", "within_20ms", "within_50ms"]] == 1).all(axis=None)
    assert coverage(words, words) == {
        "same words": 2, "other words": 0, "only reference": 0, "only other": 0,
    }  # fmt: skip


def test_limits_are_included_and_the_sign_says_who_is_later():
    early = table({"a": [("no", ["N", "OW"], 160, 100)]})
    for shift, shares in (
        (10, (1, 1, 1)),
        (11, (0, 1, 1)),
        (20, (0, 1, 1)),
        (50, (0, 0, 1)),
        (51, (0, 0, 0)),
    ):
        row = summary(agreement(early, table({"a": [("no", ["N", "OW"], 160 + shift, 100)]})))
        assert (row["bias_ms"], row["median_ms"]) == (shift, shift)
        assert (row["within_10ms"], row["within_20ms"], row["within_50ms"]) == shares
    row = summary(agreement(table({"a": [("no", ["N", "OW"], 170, 100)]}), early))
    assert (row["bias_ms"], row["median_ms"], row["within_10ms"]) == (-10, 10, 1)


def test_starts_and_ends_are_told_apart_and_classes_by_their_phone():
    reference = table({"a": [("no", ["N", "OW"], 100, 100)]})
    other = reference.copy()
    other.loc[other["label"].isin(["no", "OW"]), "end"] += 0.03
    result = agreement(reference, other)
    assert summary(result, boundary="start")["median_ms"] == 0
    assert summary(result, boundary="end")["median_ms"] == 30
    assert summary(result, "phone", "vowels", "end")["median_ms"] == 30
    assert summary(result, "phone", "nasals", "end")["median_ms"] == 0
    assert summary(result, "phone", "stops")["boundaries"] == 0
    assert pd.isna(summary(result, "phone", "stops")["median_ms"])


def test_only_equal_sequences_are_compared_and_the_rest_is_counted():
    reference = table(
        {
            "same": [("to", ["T", "UW"], 100, 50), ("a", ["AH"], 300, 50)],
            "other": [("no", ["N", "OW"], 0, 50), ("no", ["N", "OW"], 200, 50)],
            "longer": [("no", ["N", "OW"], 0, 50)],
            "alone": [("no", ["N", "OW"], 0, 50)],
        }
    )
    other = table(
        {
            "same": [("to", ["T", "AH"], 100, 50), ("a", ["AH"], 320, 50)],
            "other": [("no", ["N", "OW"], 0, 50), ("know", ["N", "OW"], 200, 50)],
            "longer": [("no", ["N", "OW"], 0, 50), ("no", ["N", "OW"], 200, 50)],
            "new": [("no", ["N", "OW"], 0, 50)],
        }
    )
    result = agreement(reference, other)
    assert tuple(summary(result)[["boundaries", "compared", "utterances"]]) == (12, 4, 1)
    assert tuple(summary(result, "phone")[["boundaries", "compared"]]) == (22, 2)  # AH of "a" only
    assert summary(result, "phone")["median_ms"] == 20
    assert coverage(reference, other) == {
        "same words": 1, "other words": 2, "only reference": 1, "only other": 1,
    }  # fmt: skip


@pytest.mark.parametrize("wordless", [(True, True), (True, False), (False, True)])
def test_without_words_equal_sequences_of_phones_are_compared(wordless):
    spoken = {"a": [("cheese", ["CH", "IY", "Z"], 100, 50)], "b": [("no", ["N", "OW"], 0, 70)]}
    later = {"a": [("cheese", ["CH", "IY", "Z"], 110, 50)], "b": [("know", ["N", "AA"], 0, 70)]}
    tables = [
        each[each["tier"] == "phone"] if without else each
        for each, without in zip(map(table, (spoken, later)), wordless, strict=True)
    ]
    phones = summary(agreement(*tables), "phone")
    assert (phones["utterances"], phones["boundaries"], phones["compared"]) == (1, 10, 6)
    assert phones["bias_ms"] == 10
    assert coverage(*tables)["same words"] == 1
    assert summary(agreement(*tables), "word")["compared"] == 0


def test_words_are_matched_by_order_whatever_their_index():
    reference = table({"a": [("to", ["T", "UW"], 100, 50), ("a", ["AH"], 300, 50)]})
    other = reference.assign(word_index=reference["word_index"] * 3 + 4)
    assert summary(agreement(reference, other), "phone")["compared"] == 6


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=12))
def test_summary_equals_counting(shifts):
    words = [("no", ["N", "OW"], 1000 + 300 * number, 100) for number in range(len(shifts))]
    moved = [
        (word, phones, start + shift, length)
        for (word, phones, start, length), shift in zip(words, shifts, strict=True)
    ]
    result = agreement(table({"a": words}), table({"a": moved}))
    row = summary(result)
    sizes = sorted(abs(shift) for shift in shifts)
    middle = (sizes[(len(sizes) - 1) // 2] + sizes[len(sizes) // 2]) / 2
    assert row["median_ms"] == pytest.approx(middle)
    for limit in (10, 20, 50):
        assert row[f"within_{limit}ms"] == pytest.approx(sum(size <= limit for size in sizes) / len(sizes))


def test_differences_have_a_row_for_each_boundary_of_the_reference():
    reference = table({"a": [("no", ["N", "OW"], 0, 50)], "b": [("no", ["N", "OW"], 0, 50)]})
    found = boundary_differences(reference, reference[reference["utt_id"] == "a"])
    assert len(found) == 12
    assert found.loc[found["utt_id"] == "a", "seconds"].eq(0).all()
    assert found.loc[found["utt_id"] == "b", "seconds"].isna().all()
