"""Intervals by the jackknife, against leaving one out by hand."""

import numpy as np
import pytest
from scipy.stats import t

from layerwise.measures.estimates import Estimate, drawn_units, grouped, jackknife, mean_of, ratio, sum_by


def by_hand(value, without):
    m = len(without)
    error = np.sqrt((m - 1) / m * sum((np.mean(without) - each) ** 2 for each in without))
    half = t.ppf(0.975, m - 1) * error
    return value - half, value + half


def test_a_ratio_leaves_out_each_unit_of_both_sums():
    rng = np.random.default_rng(0)
    above, below = rng.random(9), 1 + rng.random(9)
    found = ratio(above, below)
    without = [np.delete(above, k).sum() / np.delete(below, k).sum() for k in range(9)]
    assert found.value == above.sum() / below.sum()
    assert (found.low, found.high) == pytest.approx(by_hand(found.value, without))


def test_the_interval_of_a_mean_is_that_of_its_rows():
    x = np.random.default_rng(1).standard_normal(12)
    found = ratio(x, np.ones(12))
    half = t.ppf(0.975, 11) * x.std(ddof=1) / np.sqrt(12)
    assert (found.low, found.high) == pytest.approx((x.mean() - half, x.mean() + half))


def test_a_mean_of_parts_adds_their_variances():
    rng = np.random.default_rng(2)
    one, two = (jackknife(0.0, rng.standard_normal(400)) for _ in range(2))
    rng = np.random.default_rng(2)
    both = mean_of([(0.0, rng.standard_normal(400)), (0.0, rng.standard_normal(400))])
    assert both.high == pytest.approx(np.hypot(one.high, two.high) / 2, rel=0.01)


def test_one_unit_has_no_interval():
    for found in (ratio(np.ones(1), np.full(1, 2.0)), jackknife(0.5, np.ones(1))):
        assert found.value == 0.5 and np.isnan(found.low) and np.isnan(found.high)
    assert isinstance(found, Estimate)


def test_units_are_speakers_where_there_are_ten_and_groups_are_even():
    utterances, speakers = np.arange(50).astype(str), (np.arange(50) // 5).astype(str)
    assert drawn_units(utterances, speakers) is speakers
    assert drawn_units(utterances, (np.arange(50) // 6).astype(str)) is utterances
    groups = grouped(speakers, 4, seed=1)
    assert all(len(set(groups[speakers == name])) == 1 for name in speakers)
    assert sorted(np.bincount(groups) // 5) == [2, 2, 3, 3]
    assert (groups == grouped(speakers, 4, seed=1)).all() and (groups != grouped(speakers, 4, seed=2)).any()
    (sums,) = sum_by(speakers, np.arange(50.0))
    np.testing.assert_array_equal(sums, np.arange(50.0).reshape(10, 5).sum(axis=1))
