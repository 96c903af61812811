from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmarks.comparisons import World
from layerwise.tasks.paired import (
    best_by_halves,
    comparison_units,
    paired_differences,
    rates,
    training_variance,
)
from layerwise.tasks.ranks import rank_interval, resampled_rates, spearman

DRAWS = 40_000


def drawn(units=9, seed=0):
    rng = np.random.default_rng(seed)
    totals = rng.integers(4, 30, units).astype(float)
    return rng.binomial(totals.astype(int), 0.4) * 1.0, rng.binomial(totals.astype(int), 0.2) * 1.0, totals


def exact_p(first, second):
    """Mid-p of all exchanges, one by one."""
    differences = first - second
    observed = abs(differences.sum())
    sums = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=len(differences))]
    return np.mean([1.0 if value > observed else 0.5 if value == observed else 0.0 for value in sums])


@pytest.mark.parametrize("seed", range(4))
def test_p_is_the_share_of_all_exchanges(seed):
    first, second, totals = drawn(seed=seed)
    (found,) = paired_differences(first[None], second[None], totals, seed=1, draws=DRAWS)
    assert found.difference == pytest.approx((first.sum() - second.sum()) / totals.sum())
    expected = exact_p(first, second)
    assert found.p == pytest.approx(expected, abs=4 * np.sqrt(expected / DRAWS) + 2 / DRAWS)
    assert found.n == 9


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_holds_the_differences_that_exchanges_do_not_reject(seed):
    first, second, totals = drawn(units=11, seed=seed)
    (found,) = paired_differences(first[None], second[None], totals, seed=1, draws=DRAWS)
    width = found.high - found.low
    for limit, inwards in ((found.low, 1), (found.high, -1)):
        inside, outside = limit + inwards * 0.03 * width, limit - inwards * 0.03 * width
        assert exact_p(first - inside * totals, second) > 0.05 > exact_p(first - outside * totals, second)


def test_equal_systems_and_a_single_unit_claim_nothing():
    first, _, totals = drawn()
    (same,) = paired_differences(first[None], first[None], totals, [0.01], 20, seed=1)
    assert same.p == 1.0 and same.low < 0 < same.high and same.difference == 0
    (one,) = paired_differences(first[None, :1], 2 * first[None, :1], totals[:1], seed=1)
    assert (one.low, one.high, one.n) == (-np.inf, np.inf, 1) and np.isnan(one.p)


def test_comparisons_made_together_or_alone_agree_and_draws_are_seeded():
    first, second, totals = drawn()
    both = paired_differences(np.stack([first, second]), np.stack([second, first]), totals, seed=3)
    assert both == paired_differences(np.stack([first, second]), np.stack([second, first]), totals, seed=3)
    (alone,) = paired_differences(first[None], second[None], totals, seed=3)
    assert alone == both[0]
    assert (both[0].low, both[0].high) == pytest.approx((-both[1].high, -both[1].low))


def test_trainings_alone_give_the_limits_of_student():
    """Units that all differ alike leave the trainings as the only source of error."""
    totals = np.ones(400)
    (found,) = paired_differences(
        0.6 * totals[None], 0.5 * totals[None], totals, [0.04**2], 6, seed=1, draws=DRAWS
    )
    half = 0.04 * stats.t.ppf(0.975, 6)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.03)
    assert found.p == pytest.approx(2 * stats.t.sf(0.1 / 0.04, 6), rel=0.1)


def world(training, utterances=80, layers=6, seeds=3, seed=0, common=0.0):
    """Rates with a known variance of trainings, additive so that no scale distorts it; (L, S, U)."""
    rng = np.random.default_rng(seed)
    shape = (layers, seeds, utterances)
    shared = rng.normal(0, common, (1, seeds, 1)) + rng.normal(0, 1, (1, 1, utterances))
    return (
        0.5
        + shared
        + rng.normal(0, training, (layers, seeds, 1))
        + rng.normal(0, 0.5, (layers, 1, utterances))
        + rng.normal(0, 0.3, shape)
    )


@pytest.mark.parametrize("training", [0.1, 0.4])
def test_variance_of_trainings_is_found_whatever_seeds_and_utterances_add(training):
    made = [
        training_variance(world(training, seed=seed, common=2.0), np.ones(80)).variance
        for seed in range(1500)
    ]
    assert np.mean(made) == pytest.approx(training**2, rel=0.05)
    assert training_variance(world(training), np.ones(80)).freedom == 10


def test_trainings_that_do_not_differ_add_next_to_nothing():
    """Without what units see taken off it would be 0.3^2 / 80, as on average here."""
    made = [training_variance(world(0.0, seed=seed), np.ones(80)).variance for seed in range(200)]
    assert np.mean(made) < 0.3 * 0.3**2 / 80


def test_one_training_adds_nothing_and_layers_that_lack_one_are_left_out():
    counts = world(0.2)
    assert training_variance(counts[:, :1], np.ones(80)).variance == 0
    gap = counts.copy()
    gap[1, 2] = np.nan
    assert training_variance(gap, np.ones(80)) == training_variance(counts[[0, 2, 3, 4, 5]], np.ones(80))
    assert rates(gap, np.ones(80))[1] == pytest.approx(counts[1, :2].mean())


def test_speakers_are_units_where_ten_or_more_are_known():
    utterances = [f"u{place}" for place in range(20)]
    ten = [f"s{place % 10}" for place in range(20)]
    assert comparison_units(utterances, ten) == ten
    assert comparison_units(utterances, [name.replace("9", "8") for name in ten]) == utterances
    assert comparison_units(utterances, ["", *ten[1:]]) == utterances


def test_a_unit_never_takes_part_in_the_choice_of_its_layer():
    """T1 is best by the last unit alone; there, where the other units decide, T0 stands for the best."""
    means = np.full((2, 9), 0.5)
    means[0, :-1] += 0.01
    means[1, -1] += 0.4
    shares = best_by_halves(means, np.ones(9), 1, seed=1)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert shares[0, -1] == pytest.approx(1)
    assert 0.3 < shares[1, 0] < 0.7  # the last unit is in the other half as often as not
    worse = best_by_halves(means, np.ones(9), -1, seed=1)
    assert worse[1, -1] == pytest.approx(1)


def test_spearman_equals_scipy_with_ties():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 5, (20, 7)).astype(np.float64)
    second = rng.normal(size=(20, 7)).astype(np.float64)
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(spearman(first, second), expected)
    assert np.isnan(spearman(np.ones(4), np.arange(4.0)))


def test_rates_are_resampled_over_units_and_trainings():
    """Their spread is that of the mean over units and, with trainings that differ, what these add."""
    rng = np.random.default_rng(0)
    totals = np.ones(50)
    units = rng.normal(0, 1, 50)
    flat = np.broadcast_to(units, (2, 3, 50))
    spread = resampled_rates(flat, totals, seed=1, draws=4000).std(axis=0)
    np.testing.assert_allclose(spread, units.std() / np.sqrt(50), rtol=0.05)
    moved = flat + np.array([-0.5, 0.0, 0.5])[:, None]
    wider = resampled_rates(moved, totals, seed=1, draws=4000).std(axis=0)
    np.testing.assert_allclose(wider, np.sqrt(units.var() / 50 + 0.5**2 / 3), rtol=0.06)
    low, high = rank_interval(np.arange(3.0), resampled_rates(world(0.1, layers=3), np.ones(80), seed=1))
    assert -1 <= low < high <= 1


@pytest.mark.parametrize("errors", [False, True])
def test_a_difference_that_is_none_is_claimed_in_one_run_of_twenty(errors):
    """Roughly: benchmarks/comparisons.py does the same with more runs and worlds."""
    hits = 0
    for run in range(200):
        counts = World(60, errors=errors).draw(np.random.default_rng([run, 8]))
        (found,) = counts.differences([counts.layer("T3")], [counts.layer("all")], run, 399)
        hits += found.p < 0.05
    assert 3 <= hits <= 19  # 0.2 % at either side of 5 %
