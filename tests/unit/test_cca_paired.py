"""Intervals and differences from what units contribute, and Holm's correction."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from layerwise.cca.paired import holm, trial_difference, unit_difference, unit_errors
from layerwise.cca.summary import chance_p, mean_score

TRIALS = pd.DataFrame(
    {"score": [0.4, 0.6], "low": np.nan, "high": np.nan, "null": [0.01, 0.03], "n_train": 80, "n_test": 10}
)
values = arrays.arrays(np.float64, st.integers(2, 12), elements=st.floats(-1, 1, width=32))


def jackknife(values):
    """What units contribute to their plain mean, as the engine would give it."""
    n = len(values)
    return (values - values.mean()) / n


@given(values)
def test_units_of_a_plain_mean_give_the_t_interval(x):
    """For a mean of single rows the variance is s^2 / n: the interval of the textbook."""
    found = unit_difference(float(np.mean(x)), jackknife(x))
    if np.ptp(x) > 1e-6:  # SciPy loses digits below
        expected = stats.ttest_1samp(x, 0.0)
        limits = expected.confidence_interval(0.95)
        assert found[1:3] == pytest.approx((limits.low, limits.high), abs=1e-9)
        assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.n == len(x)


def test_shared_errors_cancel_in_a_difference_but_not_in_a_mean():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(0, 0.1, 50), rng.normal(0, 0.001, (2, 50))
    first, second = jackknife(shared + own[0]), jackknife(shared + own[1])
    assert unit_difference(0.01, first - second).p < 1e-6
    assert unit_difference(0.01, first).p > 0.3


def test_contributions_are_means_over_sample_sets():
    rows = pd.DataFrame(
        {"sample": [0, 0, 1, 1], "unit": ["a", "b", "a", "c"], "contribution": [0.2, -0.2, 0.1, -0.1]}
    )
    assert unit_errors(rows).round(9).to_dict() == {"a": 0.15, "b": -0.1, "c": -0.05}


@given(values)
def test_differences_of_trials_without_overlap_have_the_t_interval(x):
    found = trial_difference(x, 0.0)
    assert found.difference == pytest.approx(np.mean(x))
    if np.ptp(x) > 1e-6:
        expected = stats.ttest_1samp(x, 0.0).confidence_interval(0.95)
        assert found[1:3] == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(values, st.floats(0.01, 1))
def test_overlapping_training_parts_widen_the_interval(x, ratio):
    plain, wide = trial_difference(x, 0.0), trial_difference(x, ratio)
    factor = np.sqrt(1 + len(x) * ratio)
    assert wide.high - wide.low == pytest.approx((plain.high - plain.low) * factor, abs=1e-12)


@pytest.mark.parametrize("found", [trial_difference([0.4], 0.1), unit_difference(0.4, [0.0])])
def test_one_pair_claims_nothing(found):
    assert (found.low, found.high, found.n) == (-np.inf, np.inf, 1) and np.isnan(found.p)


def test_a_layer_with_itself_does_not_differ():
    assert unit_difference(0.0, np.zeros(9))[1:4] == (0.0, 0.0, 1.0)


def test_seeds_add_their_variance_and_take_degrees_of_freedom():
    errors, seeds = np.full(40, 1e-6), [0.30, 0.34, 0.38]
    found = unit_difference(0.04, errors, [seeds, [0.3]])
    half = stats.t.ppf(0.975, 2) * np.sqrt(np.var(seeds, ddof=1) / 3)
    assert found.high - 0.04 == pytest.approx(half, rel=1e-3)
    assert unit_difference(0.04, errors, [[0.3], [0.2]]) == unit_difference(0.04, errors)


def test_holm_equals_its_definition():
    np.testing.assert_allclose(holm([0.01, 0.04, np.nan, 0.03]), [0.03, 0.06, np.nan, 0.06])
    assert holm([]).size == 0 and holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert np.isnan(holm([np.nan])).all()


@given(arrays.arrays(np.float64, st.integers(1, 9), elements=st.floats(0, 1)))
def test_holm_lies_between_the_p_values_and_bonferroni(p):
    corrected = holm(p)
    assert (corrected >= p).all() and (corrected <= np.minimum(1, p * len(p)) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()


def test_the_mean_score_has_its_interval_from_units_its_null_and_its_p():
    x = np.random.default_rng(1).normal(0, 0.1, 30)
    units = pd.DataFrame({"unit": np.arange(30).astype(str), "contribution": jackknife(x)})
    null = pd.DataFrame({"score": [0.0, 0.1, 0.5, 0.2]})
    found = mean_score(TRIALS, units, null)
    half = stats.t.ppf(0.975, 29) * x.std(ddof=1) / 30**0.5
    assert found.score == 0.5 and found.low == pytest.approx(0.5 - half) and found.n_units == 30
    assert found.null == pytest.approx(0.2) and found.calibrated == pytest.approx(0.3 / 0.8)
    assert found.p == pytest.approx(2 / 5)  # a draw that ties counts
    assert mean_score(TRIALS, units, null, higher_is_better=False).p == pytest.approx(5 / 5)


def test_without_units_and_permutations_trials_have_the_word():
    found = mean_score(TRIALS)
    half = stats.t.ppf(0.975, 1) * np.sqrt(0.02 * (1 / 2 + 1 / 8))
    assert found.high - 0.5 == pytest.approx(half) and (found.n_units, found.n) == (0, 2)
    assert found.null == pytest.approx(0.02) and np.isnan(found.p)
    assert np.isnan(mean_score(TRIALS.assign(null=np.nan)).calibrated)
    assert np.isnan(chance_p(0.5, []))
