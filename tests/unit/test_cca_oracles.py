"""Scores of the protocol `corrected` against slow versions that work on the rows themselves."""

import numpy as np
import pytest
from oracles_cca import choose, folds, learn, residuals, score, without_each_unit
from scipy.stats import t

from layerwise.cca import cross_validate, score_split
from layerwise.cca.crossval import score_parts
from layerwise.cca.splits import assign_partitions, rotation
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

PAIRS = [(1e-3, 1e-3), (1e-1, 1e-2), (1.0, 1e-1)]
SHAPES = [(7, 4), (4, 7), (5, 5)]


def corpus(dims, seed=0, utterances=60, frames=14, given=3):
    """Views with effects of utterances and of a third view, an outlier dimension and a constant one."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(frames // 2, 2 * frames, utterances)
    unit = np.repeat(np.arange(utterances), lengths)
    n = len(unit)
    source, z = rng.standard_normal((n, 3)), rng.standard_normal((n, given)) + 2
    x, y = (
        source @ rng.standard_normal((3, d))
        + z @ rng.standard_normal((given, d))
        + rng.standard_normal((utterances, d))[unit]
        + rng.standard_normal((n, d))
        for d in dims
    )
    x[:, 0] *= 3e3
    return np.column_stack([x, np.full(n, 0.1)]) + 7, y, z, unit


@pytest.mark.parametrize("dims", SHAPES)
def test_a_split_is_scored_as_by_hand(dims):
    x, y, _, unit = corpus(dims)
    train, dev, test = (np.flatnonzero(np.isin(unit % 10, numbers)) for numbers in (range(8), [8], [9]))
    found = score_split(x, y, train, dev, test, PAIRS)
    assert found.epsilons == choose(x, y, train, dev, PAIRS)
    expected = score(x, y, learn(x, y, train, found.epsilons), test).score
    assert found.score == pytest.approx(expected, abs=1e-8)


def test_a_split_with_labels_and_fewer_rows_than_dimensions():
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(6), 15)
    x = rng.standard_normal((6, 120))[labels] + rng.standard_normal((90, 120))
    train, dev, test = np.arange(54), np.arange(54, 72), np.arange(72, 90)
    found = score_split(x, labels, train, dev, test, PAIRS)
    y = np.eye(6)[labels]
    assert found.epsilons == choose(x, y, train, dev, PAIRS)
    assert found.score == pytest.approx(score(x, y, learn(x, y, train, found.epsilons), test).score, abs=1e-8)
    assert found.score > 0.5


@pytest.mark.parametrize("dims", SHAPES)
@pytest.mark.parametrize("partial", [False, True])
def test_every_part_is_tested_once_as_by_hand(dims, partial):
    x, y, z, unit = corpus(dims)
    table = cross_validate(
        x, y, groups=unit, given=z if partial else None, epsilons=PAIRS, permutations=0, seed=3
    )
    part = assign_partitions(len(x), groups=unit, seed=3)[0]
    ring = rotation(10, derive_seed(3, "partition", 0))
    expected = folds(x, y, part, ring, PAIRS, z if partial else None)
    assert table.n_excluded.eq(0).all()
    np.testing.assert_allclose(table.score, [result.score for _, _, result, _, _ in expected], atol=1e-8)
    assert list(zip(table.epsilon_x, table.epsilon_y, strict=True)) == [pair for pair, *_ in expected]
    assert table.n_test.sum() == len(x)
    assert list(table.n_test) == [len(rows) for *_, rows, _ in expected]
    assert table.dim_x.eq(dims[0] + 1).all()


def test_the_ring_of_parts_tests_each_once_and_has_a_neighbour_for_dev():
    ring = dict(rotation(10, 4))
    assert sorted(ring) == sorted(ring.values()) == list(range(10))
    seen = [0]
    while ring[seen[-1]] != 0:
        seen.append(ring[seen[-1]])
    assert len(seen) == 10
    assert rotation(10, 4) != rotation(10, 5)


def test_regressing_out_a_view_is_held_out():
    """Residuals of the test rows use coefficients of the training rows: they keep a mean of their own."""
    x, _, z, unit = corpus((5, 4))
    train = np.flatnonzero(unit < 40)
    left = residuals(x, z, train)
    np.testing.assert_allclose(left[train].mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(left[train, 1:].T @ (z[train] - z[train].mean(axis=0)), 0, atol=1e-7)
    assert np.abs(left[unit >= 40].mean(axis=0)).max() > 1e-3


@pytest.mark.parametrize("dims", SHAPES)
def test_units_are_left_out_of_their_part_one_at_a_time(dims):
    x, y, _, unit = corpus(dims)
    part = assign_partitions(len(x), groups=unit, seed=1)[0]
    options = ScoringOptions(permutations=0)
    scored = score_parts(x, y, part, options, units=unit, permute=False, seed=1, pairs=PAIRS)
    expected = folds(x, y, part, rotation(10, derive_seed(1, "partition", 0)), PAIRS)
    mean = np.mean([result.score for _, _, result, _, _ in expected])
    influence: dict[str, float] = {}
    contribution: dict[str, float] = {}
    overlap = 10 * (scored.trials.n_test / scored.trials.n_train).mean()
    for trial, (_, learned, result, rows, views) in enumerate(expected):
        left_out = without_each_unit(*views, learned, result, rows, unit)
        names = np.unique(unit[rows])
        influence |= {str(name): (result.score - s) / 10 for name, s in zip(names, left_out, strict=True)}
        m = len(names)
        own = np.sqrt((m - 1) / m * (1 + 0.5 * overlap)) * (left_out.mean() - left_out) / 10
        contribution |= {str(name): value for name, value in zip(names, own, strict=True)}
        error = np.sqrt((m - 1) / m * np.sum((left_out - left_out.mean()) ** 2))
        n_test, n_train = len(rows), scored.trials.n_train[trial]
        half = t.ppf(0.975, m - 1) * error * np.sqrt(1 + 0.5 * n_test / n_train)
        row = scored.trials.iloc[trial]
        assert (row.low, row.high) == pytest.approx((result.score - half, result.score + half), abs=1e-7)
    units = scored.units.set_index("unit")
    np.testing.assert_allclose(units.influence, [influence[name] for name in units.index], atol=1e-8)
    np.testing.assert_allclose(units.contribution, [contribution[name] for name in units.index], atol=1e-8)
    assert scored.trials.score.mean() == pytest.approx(mean, abs=1e-8)
    assert units.contribution.sum() == pytest.approx(0, abs=1e-9)
    assert units.rows.sum() == len(x)


def test_rows_outside_the_training_range_are_kept_out_and_counted():
    x, y, _, unit = corpus((6, 4))
    wild = np.flatnonzero(unit == 7)[:3]
    x[wild, 1:6] *= 400
    part = assign_partitions(len(x), groups=unit, seed=2)[0]
    scored = score_parts(
        x, y, part, ScoringOptions(permutations=0), units=unit, permute=False, seed=2, pairs=PAIRS[:1]
    )
    ring = rotation(10, derive_seed(2, "partition", 0))
    for trial, (dev, test) in enumerate(ring):
        train = np.flatnonzero((part != dev) & (part != test))
        rows = np.setdiff1d(np.flatnonzero(part == test), wild)
        expected = score(x, y, learn(x, y, train, PAIRS[0]), rows).score
        assert scored.trials.score[trial] == pytest.approx(expected, abs=1e-8)
        assert scored.trials.n_excluded[trial] == (3 if test == part[wild[0]] else 0)
    assert scored.units.set_index("unit").excluded["7"] == 3
    assert scored.units.excluded.sum() == 3
