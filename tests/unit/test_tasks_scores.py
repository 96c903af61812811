"""Phone error rate and bootstrap intervals."""

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.tasks.scores import bootstrap_interval, edit_counts, score

LABELS = st.lists(st.sampled_from(["AA", "B", "S"]), max_size=6)


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


@given(st.lists(st.tuples(LABELS.filter(len), LABELS), min_size=1, max_size=5))
def test_edit_counts_are_levenshtein_distances_and_sum_to_jiwer(pairs):
    references, hypotheses = zip(*pairs, strict=True)
    counts = edit_counts(references, hypotheses)
    assert counts.tolist() == [[levenshtein(a, b), len(a)] for a, b in pairs]
    said, heard = [[" ".join(labels) for labels in side] for side in (references, hypotheses)]
    assert float(score(counts)) == pytest.approx(jiwer.wer(said, heard))


def test_phone_error_rate_by_hand():
    # One substitution and one insertion in 3 labels; 2 deletions in 2 labels.
    counts = edit_counts([("AA", "B", "S"), ("S", "S")], [("AA", "AA", "S", "B"), ()])
    assert counts.tolist() == [[2, 3], [2, 2]]
    assert float(score(counts)) == pytest.approx(4 / 5)


def test_interval_covers_the_true_rate_about_95_times_in_100():
    random = np.random.default_rng(0)
    lengths = random.integers(5, 40, size=(300, 60))
    counts = np.stack([random.binomial(lengths, 0.3), lengths], axis=-1).astype(float)
    low, high = bootstrap_interval(counts, seed=1, resamples=400)
    assert 0.9 < np.mean((low <= 0.3) & (high >= 0.3)) < 0.98
    value = score(counts)
    assert ((low <= value) & (value <= high)).all()


def test_interval_is_seeded_and_may_be_left_out():
    counts = np.random.default_rng(0).integers(1, 9, size=(2, 10, 2)).astype(float)
    assert np.array_equal(bootstrap_interval(counts, 1, 100), bootstrap_interval(counts, 1, 100))
    assert not np.array_equal(bootstrap_interval(counts, 1, 100), bootstrap_interval(counts, 2, 100))
    assert np.isnan(bootstrap_interval(counts, 1, resamples=0)).all()
