"""Parts never split a group, are balanced and deterministic, and refuse what cannot be split."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from layerwise.cca.splits import assign_partitions, assign_parts, dev_test_pairs, rare_classes, rotation
from layerwise.errors import AnalysisError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(10, 40), st.booleans())
def test_groups_are_kept_whole(seed, n_groups, stratify):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, 300)])
    labels = rng.integers(0, 4, len(groups)) if stratify else None
    names = np.char.add("utterance-", groups.astype(str))
    part = assign_parts(len(groups), groups=names, labels=labels, parts=10, seed=seed)
    assert {len(set(part[groups == group])) for group in range(n_groups)} == {1}
    assert set(part) == set(range(10))
    again = assign_parts(len(groups), groups=names, labels=labels, parts=10, seed=seed)
    np.testing.assert_array_equal(part, again)


def test_parts_of_groups_have_about_equal_size():
    sizes = np.random.default_rng(0).integers(50, 500, 200)
    groups = np.repeat(np.arange(200), sizes)
    counts = np.bincount(assign_parts(len(groups), groups=groups, seed=3))
    assert counts.max() - counts.min() < 0.02 * counts.mean()


@pytest.mark.parametrize("labels", [None, np.repeat(np.arange(7), [50, 31, 9, 4, 3, 88, 20])])
def test_single_rows_are_spread_evenly_within_each_class(labels):
    n = 205
    part = assign_parts(n, labels=labels, parts=10, seed=1)
    for value in [None] if labels is None else np.unique(labels):
        counts = np.bincount(part if value is None else part[labels == value], minlength=10)
        assert counts.max() - counts.min() <= 1
    assert not np.array_equal(part, assign_parts(n, labels=labels, parts=10, seed=2))


def test_labels_are_spread_while_groups_stay_whole():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(120), 10)
    labels = rng.integers(0, 12, 1200)
    part = assign_parts(1200, groups=groups, labels=labels, parts=10, seed=0)
    table = np.array([[np.sum((part == p) & (labels == c)) for c in range(12)] for p in range(10)])
    assert table.min() >= 5 and table.max() <= 16


def test_partitions_of_two_seeds_are_as_different_as_chance():
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(140), rng.integers(3, 60, 140))
    labels = rng.choice(39, len(groups), p=rng.dirichlet(np.full(39, 2.0)))
    labels[:117] = np.tile(np.arange(39), 3)
    units = np.unique(groups, return_index=True)[1]
    seeds = [assign_parts(len(groups), groups=groups, labels=labels, seed=seed) for seed in range(4)]
    alike = [adjusted_rand_score(a[units], b[units]) for a, b in combinations(seeds, 2)]
    assert max(alike) < 0.05
    sizes = np.array([np.bincount(part) for part in seeds])
    assert (sizes.min(axis=1) > 0.8 * sizes.mean(axis=1)).all()


def test_every_part_is_once_test_and_once_dev():
    pairs = rotation(10, seed=3)
    assert sorted(dev for dev, _ in pairs) == sorted(test for _, test in pairs) == list(range(10))
    assert all(dev != test for dev, test in pairs)
    assert pairs == rotation(10, seed=3) != rotation(10, seed=4)


def test_partitions_are_dealt_anew():
    groups = np.repeat(np.arange(40), 5)
    several = assign_partitions(200, groups=groups, partitions=3, seed=1)
    assert several.shape == (3, 200)
    np.testing.assert_array_equal(several[0], assign_parts(200, groups=groups, seed=1))
    assert len({tuple(part) for part in several.tolist()}) == 3


def test_impossible_splits_are_refused():
    with pytest.raises(AnalysisError, match=r"9 groups .* cannot fill 10 parts"):
        assign_parts(90, groups=np.repeat(np.arange(9), 10), parts=10)
    with pytest.raises(AnalysisError, match=r"5 rows cannot fill 10 parts"):
        assign_parts(5, parts=10)
    labels = np.array(["AA"] * 40 + ["ZH"] * 2)
    with pytest.raises(AnalysisError, match=r"fewer than 3 rows .*: ZH;"):
        assign_parts(42, labels=labels)
    with pytest.raises(AnalysisError, match=r"fewer than 3 groups .*: ZH;"):
        assign_parts(
            45, labels=np.append(labels, ["ZH"] * 3), groups=np.append(np.arange(42) % 14, [12, 12, 13])
        )


def test_rare_classes_count_groups_not_members():
    labels = ["a", "a", "a", "b", "b", "b", "b"]
    assert rare_classes(labels, None) == []
    assert rare_classes(labels, [0, 1, 2, 0, 0, 1, 1]) == ["b"]


def test_dev_and_test_parts_are_disjoint_over_trials():
    pairs = dev_test_pairs(10, 5, seed=9)
    assert sorted(part for pair in pairs for part in pair) == list(range(10))
    assert pairs == dev_test_pairs(10, 5, seed=9) != dev_test_pairs(10, 5, seed=10)
    with pytest.raises(AnalysisError, match=r"6 trials need 12 parts, there are 10"):
        dev_test_pairs(10, 6, seed=0)
