"""Cross-validation: statistics of scores, intervals and floors."""

import numpy as np
import pytest

from layerwise.analyses.labels import one_hot
from layerwise.cca import EPSILONS, cross_validate, score_split
from layerwise.cca.crossval import paper_epsilons
from layerwise.cca.moments import fixed_shift, row_moments
from layerwise.cca.pwcca import RegularisedCCA, held_out
from layerwise.cca.splits import assign_parts, dev_test_pairs
from layerwise.errors import AnalysisError


def correlated(seed: int, n: int = 1200, dx: int = 8, dy: int = 5, frames: int = 20):
    """Two views that share three factors; neighbouring rows of a group are alike."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) // frames
    source = rng.standard_normal((n, 3)) + rng.standard_normal((n // frames, 3))[groups]
    x, y = (
        source @ rng.standard_normal((3, d))
        + 2 * rng.standard_normal((n, d))
        + rng.standard_normal((n // frames, d))[groups]
        for d in (dx, dy)
    )
    return x, y, groups


def test_a_trial_is_score_split_on_its_parts():
    x, y, groups = correlated(0)
    table = cross_validate(x, y, groups=groups, seed=5, bootstrap=0)
    part = assign_parts(len(x), groups=groups, seed=5)
    for row, (dev, test) in zip(table.itertuples(), dev_test_pairs(10, 3, 5), strict=True):
        rows = (
            np.flatnonzero(~np.isin(part, (dev, test))),
            np.flatnonzero(part == dev),
            np.flatnonzero(part == test),
        )
        split = score_split(x, y, *rows)
        assert row.score == pytest.approx(split.score, abs=1e-12)
        assert (row.epsilon_x, row.epsilon_y) == split.epsilons
        assert [row.n_train, row.n_dev, row.n_test] == [len(r) for r in rows]
        assert (row.dim_x, row.dim_y) == (8, 5)
    assert table[["low", "high"]].isna().all(axis=None)


def test_a_random_view_scores_zero_within_its_interval_and_a_copy_scores_one():
    covered, centres = 0, []
    for seed in range(20):
        x, _, groups = correlated(seed, frames=4)
        noise = np.random.default_rng(1000 + seed).standard_normal((1200, 5))
        table = cross_validate(x, noise, groups=groups, seed=seed, bootstrap=300, epsilons=[(1e-8, 1e-8)])
        covered += int(((table.low < 0) & (table.high > 0)).sum())
        centres += table.score.tolist()
    assert covered >= 51  # of 60: 95 % in expectation
    assert abs(np.mean(centres)) < 0.03
    copy = cross_validate(x, x.copy(), groups=groups, seed=0)
    np.testing.assert_allclose(copy[["score", "low", "high"]], 1, atol=1e-6)
    assert (copy.floor.abs() < 0.5).all()


def test_neighbouring_frames_leak_unless_groups_are_whole():
    rng = np.random.default_rng(0)
    groups = np.arange(900) // 30
    x, y = (rng.standard_normal((30, 6))[groups] + 0.1 * rng.standard_normal((900, 6)) for _ in range(2))
    by_frame = cross_validate(x, y, bootstrap=0).score.mean()
    by_utterance = cross_validate(x, y, groups=groups, bootstrap=0).score.mean()
    assert by_frame > 0.3
    assert by_utterance < 0.15


def test_the_bootstrap_resamples_groups_of_test_rows():
    x, y, groups = correlated(1, n=4000, frames=20)
    table = cross_validate(x, y, groups=groups, seed=2, trials=1, bootstrap=2000, epsilons=[(1e-8, 1e-8)])
    part = assign_parts(len(x), groups=groups, seed=2)
    dev, test = dev_test_pairs(10, 1, 2)[0]
    shift = fixed_shift(x, y)
    train = row_moments(x, y, np.flatnonzero(~np.isin(part, (dev, test))), shift)
    directions = RegularisedCCA(train).directions(1e-8, 1e-8)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups[part == test])]
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(1000):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        scores.append(held_out(directions, row_moments(x, y, drawn, shift)).pwcca)  # weights resampled too
    low, high = np.percentile(scores, [2.5, 97.5])
    width = high - low
    assert table.low[0] == pytest.approx(low, abs=0.12 * width)
    assert table.high[0] == pytest.approx(high, abs=0.12 * width)
    singly = cross_validate(
        x, y, groups=groups, resample=np.arange(4000), seed=2, trials=1, epsilons=[(1e-8, 1e-8)]
    )
    assert singly.high[0] - singly.low[0] < 0.9 * (table.high[0] - table.low[0])


def test_the_floor_loses_the_relation_but_not_the_data():
    x, y, groups = correlated(3, n=3000)
    table = cross_validate(x, y, groups=groups, bootstrap=0)
    assert (table.floor.abs() < 0.15).all() and (table.score > 0.3).all()
    labels = np.random.default_rng(1).integers(0, 6, 3000)
    x[:, :6] += 9 * np.eye(6)[labels]
    phones = cross_validate(x, one_hot(labels)[0], groups=groups, labels=labels, bootstrap=0)
    assert (phones.floor.abs() < 0.15).all() and (phones.score > 0.6).all()
    assert cross_validate(x, y, groups=groups, bootstrap=0, floor=False).floor.isna().all()


@pytest.mark.parametrize("mode", ["corrected", "paper"])
def test_equal_inputs_give_equal_tables(mode):
    x, y, groups = correlated(4)
    first = cross_validate(x, y, groups=groups, mode=mode, seed=1)
    assert first.equals(cross_validate(x, y, groups=groups, mode=mode, seed=1))
    other = cross_validate(x, y, groups=groups, mode=mode, seed=2)
    assert not first.score.equals(other.score)
    assert first.score.mean() == pytest.approx(other.score.mean(), abs=0.05)


def test_block_size_and_float_type_do_not_matter(monkeypatch):
    x, y, groups = correlated(5)
    x = x.astype(np.float16)
    expected = cross_validate(x.astype(np.float64), y, groups=groups)
    monkeypatch.setattr("layerwise.cca.moments.BLOCK_ROWS", 7)
    halves = cross_validate(x, y, groups=groups)
    np.testing.assert_allclose(halves.drop(columns="trial"), expected.drop(columns="trial"), atol=1e-10)


def test_paper_mode_tries_six_of_the_nine_smallest_pairs():
    tried = [paper_epsilons(0, trial) for trial in range(3)]
    assert all(len(set(pairs)) == 6 and set(pairs) <= set(EPSILONS[:9]) for pairs in tried)
    assert tried[0] != tried[1]
    x, y, groups = correlated(6)
    table = cross_validate(x, y, groups=groups, mode="paper", bootstrap=0)
    for row, pairs in zip(table.itertuples(), [paper_epsilons(0, t) for t in range(3)], strict=True):
        assert (row.epsilon_x, row.epsilon_y) in pairs


def test_too_little_data_says_how_much_is_needed():
    x, y, groups = correlated(7, n=60, dx=50, frames=2)
    with pytest.raises(AnalysisError, match=r"48 training rows for 50 and 5 dimensions; .* at least 51"):
        cross_validate(x, y, groups=groups)


def test_moments_add_and_subtract_like_sets_of_rows():
    x, y, _ = correlated(8)
    shift = fixed_shift(x, y)
    whole, part, rest = (
        row_moments(x, y, rows, shift) for rows in (np.arange(1200), np.arange(500), np.arange(500, 1200))
    )
    for result, expected in ((part + rest, whole), (whole - part, rest)):
        assert result.n == expected.n
        np.testing.assert_allclose(result.covariance, expected.covariance, atol=1e-12)
        np.testing.assert_allclose(result.mean, expected.mean, atol=1e-12)
    np.testing.assert_allclose(whole.covariance, np.cov(x.T, y.T, bias=True), atol=1e-12)
