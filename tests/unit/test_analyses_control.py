"""Control labels: a random map of types, the same for all tokens of a type."""

import numpy as np
import pandas as pd

from layerwise.analyses.control import control_labels

TYPES = np.array([f"{context}{label}" for label in "abcd" for context in range(50) for _ in range(3)])
LABELS = np.array([name[-1] for name in TYPES])


def test_all_tokens_of_a_type_have_one_label_of_a_type():
    drawn = control_labels(TYPES, LABELS, 1)
    assert pd.Series(drawn).groupby(TYPES).nunique().eq(1).all()
    assert set(drawn) <= set(LABELS) and (drawn != LABELS).mean() > 0.5


def test_classes_stay_about_as_frequent_and_the_map_depends_on_the_seed_alone():
    skewed = np.array(["a"] * 300 + ["b"] * 100)
    types = np.arange(400).astype(str)
    shares = [(control_labels(types, skewed, seed) == "a").mean() for seed in range(20)]
    assert abs(np.mean(shares) - 0.75) < 0.02
    order = np.random.default_rng(0).permutation(len(TYPES))
    drawn, again = control_labels(TYPES, LABELS, 5), control_labels(TYPES[order], LABELS[order], 5)
    np.testing.assert_array_equal(drawn[order], again)
    assert (control_labels(TYPES, LABELS, 6) != drawn).any()


def test_words_share_labels_so_that_no_renaming_is_a_control():
    words = np.array([f"w{number}" for number in range(200)])
    drawn = control_labels(words, words, 3)
    assert 0.5 < len(set(drawn)) / len(words) < 0.75  # 1 - 1/e of them are drawn
    permuted = control_labels(words, words, 3, "permute")
    assert sorted(permuted) == sorted(words) and (permuted != words).any()


def test_two_types_never_get_one_label():
    pair = np.array(["x", "y", "y"])
    assert all(len(set(control_labels(pair, pair, seed))) == 2 for seed in range(20))
