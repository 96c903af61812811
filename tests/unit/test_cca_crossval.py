"""Cross-validation: parts, modes, null distributions, exclusions and traits of scores."""

from itertools import permutations

import numpy as np
import pytest

from layerwise.analyses.labels import one_hot
from layerwise.cca import EPSILONS, RIDGES, cross_validate, cross_validate_fully, score_split
from layerwise.cca.crossval import paper_epsilons, score_parts
from layerwise.cca.null import Exchange
from layerwise.cca.splits import assign_parts, dev_test_pairs, rotation
from layerwise.cca.traits import effective_rank
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed


def correlated(
    seed: int, n: int = 1200, dx: int = 8, dy: int = 5, frames: int = 20, shared_level: bool = True
):
    """Two views that share three factors, and perhaps their means of groups; rows of a group are alike."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) // frames
    source = rng.standard_normal((n, 3)) + shared_level * rng.standard_normal((n // frames, 3))[groups]
    x, y = (
        source @ rng.standard_normal((3, d))
        + 2 * rng.standard_normal((n, d))
        + rng.standard_normal((n // frames, d))[groups]
        for d in (dx, dy)
    )
    return x, y, groups


def of_parts(part, dev, test):
    return tuple(np.flatnonzero(rows) for rows in (~np.isin(part, (dev, test)), part == dev, part == test))


@pytest.mark.parametrize("mode", ["corrected", "paper"])
def test_a_trial_is_score_split_on_its_parts(mode):
    x, y, groups = correlated(0)
    table = cross_validate(x, y, groups=groups, seed=5, permutations=0, mode=mode, epsilons=EPSILONS)
    part, seed = assign_parts(len(x), groups=groups, seed=5), derive_seed(5, "partition", 0)
    pairs = rotation(10, seed) if mode == "corrected" else dev_test_pairs(10, 3, seed)
    for row, (dev, test) in zip(table.itertuples(), pairs, strict=True):
        rows = of_parts(part, dev, test)
        train, on_dev, on_test = rows
        split = score_split(x, y, train, on_dev, on_test, EPSILONS, mode)
        assert row.score == pytest.approx(split.score, abs=1e-12)
        assert (row.epsilon_x, row.epsilon_y) == split.epsilons
        assert [row.n_train, row.n_dev, row.n_test] == [len(r) for r in rows]
        assert (row.dim_x, row.dim_y, row.n_excluded) == (8, 5, 0)
    assert table["null"].isna().all()


def test_a_climb_ends_where_no_neighbour_is_better():
    x, y, groups = correlated(8, n=600, dx=60)
    rows = of_parts(assign_parts(600, groups=groups, seed=0), 0, 1)
    chosen = score_split(x, y, *rows).epsilons
    dev = rows[0], rows[1], rows[1]
    best = score_split(x, y, *dev, [chosen]).score
    every = [score_split(x, y, *dev, [(a, b)]).score for a in RIDGES for b in RIDGES]
    assert best > max(every) - 0.002
    assert best > score_split(x, y, *dev, [(1e-8, 1e-8)]).score + 0.01


def test_a_random_view_scores_zero_and_a_copy_scores_one():
    centres = []
    for seed in range(8):
        x, _, groups = correlated(seed, frames=4)
        noise = np.random.default_rng(1000 + seed).standard_normal((1200, 5))
        centres += cross_validate(x, noise, groups=groups, seed=seed, permutations=0).score.tolist()
    assert abs(np.mean(centres)) < 0.02
    copy = cross_validate(x, x.copy(), groups=groups, seed=0, permutations=19)
    np.testing.assert_allclose(copy[["score", "low", "high"]], 1, atol=1e-3)
    assert (copy.null < 0.6).all()


def test_neighbouring_frames_leak_unless_groups_are_whole():
    rng = np.random.default_rng(0)
    groups = np.arange(900) // 30
    x, y = (rng.standard_normal((30, 6))[groups] + 0.1 * rng.standard_normal((900, 6)) for _ in range(2))
    by_frame = cross_validate(x, y, permutations=0).score.mean()
    by_utterance = cross_validate(x, y, groups=groups, permutations=0).score.mean()
    assert by_frame > 0.3
    assert by_utterance < 0.15


def test_another_seed_gives_a_score_within_the_interval():
    x, y, groups = correlated(3)
    several = [cross_validate_fully(x, y, groups=groups, permutations=0, seed=seed) for seed in range(5)]
    means = [scored.trials.score.mean() for scored in several]
    errors = [np.sqrt(np.sum(scored.units.contribution**2)) for scored in several]
    assert np.ptp(means) < min(errors)
    once = several[0].units
    twice = cross_validate_fully(x, y, groups=groups, permutations=0, partitions=2)
    assert len(twice.trials) == 20 and twice.units.rows.sum() == 2 * once.rows.sum()
    assert len(twice.units) == len(once) == 60


def test_the_null_loses_the_relation_but_not_the_data():
    x, y, groups = correlated(3, n=3000, shared_level=False)
    scored = cross_validate_fully(x, y, groups=groups, permutations=25, null_cost=100)
    assert abs(scored.null.score.mean()) < 0.05 and (scored.trials.score > 0.15).all()
    assert scored.null.permutation.tolist() == list(range(25))
    assert scored.trials.null.mean() == pytest.approx(scored.null.score.mean())
    level = cross_validate_fully(*correlated(3, n=3000)[:2], groups=groups, permutations=19).null.score
    assert level.mean() > 0.1  # what units have in common is kept
    labels = np.random.default_rng(1).integers(0, 6, 3000)
    x[:, :6] += 9 * np.eye(6)[labels]
    phones = cross_validate(x, one_hot(labels)[0], groups=groups, labels=labels, permutations=19)
    assert (phones.null.abs() < 0.15).all() and (phones.score > 0.6).all()


def test_permuted_targets_are_scored_as_if_they_were_the_targets():
    """Batched and one by one, as score_parts scores rows in the order of the permutation."""
    x, y, groups = correlated(4, n=600)
    part = assign_parts(600, groups=groups, seed=0)
    pairs = [(1e-3, 1e-3)]
    for wide, narrow in ((x, y), (y, x)):
        options = ScoringOptions(permutations=19, null_cost=3)
        scored = score_parts(wide, narrow, part, options, units=groups, permute=False, pairs=pairs, seed=7)
        assert set(scored.null.search) == {"chosen"}
        again = options.model_copy(update={"null_cost": 1e6})
        full = score_parts(wide, narrow, part, again, units=groups, permute=False, pairs=pairs, seed=7)
        assert set(full.null.search) == {"grid"}
        np.testing.assert_allclose(scored.null.score, full.null.score, atol=1e-5)
        order = Exchange(groups, part, False).draw(np.random.default_rng(derive_seed(7, "null")))
        no_null = ScoringOptions(permutations=0)
        direct = score_parts(
            wide, narrow[order], part, no_null, units=groups, permute=False, pairs=pairs, seed=7
        )
        assert scored.null.score[0] == pytest.approx(direct.trials.score.mean(), abs=1e-5)


def test_with_a_third_view_the_residuals_of_the_target_are_permuted():
    x, y, groups = correlated(5, n=600, shared_level=False)
    z = x[:, :2] + y[:, :2]
    part = assign_parts(600, groups=groups, seed=0)
    pairs = [(1e-3, 1e-3)]
    common = {"units": groups, "permute": False, "pairs": pairs, "seed": 1, "given": z}
    whole = score_parts(x, y, part, ScoringOptions(permutations=19, null_cost=1e6), **common).null.score
    chosen = score_parts(x, y, part, ScoringOptions(permutations=19, null_cost=3), **common).null.score
    order = Exchange(groups, part, False).draw(np.random.default_rng(derive_seed(1, "null")))
    design = np.column_stack([np.ones(600), z])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    direct = score_parts(x, left[order], part, ScoringOptions(permutations=0), **common)
    assert whole[0] == pytest.approx(direct.trials.score.mean(), abs=1e-5)
    np.testing.assert_allclose(chosen, whole, atol=0.01)
    assert abs(whole.mean()) < 0.1


def test_labels_move_within_units_and_whole_units_of_one_size_change_places():
    units = np.repeat(np.arange(9), [1, 1, 1, 4, 4, 3, 5, 1, 3])
    part = np.repeat([0, 0, 0, 0, 0, 0, 0, 1, 1], [1, 1, 1, 4, 4, 3, 5, 1, 3])
    rng = np.random.default_rng(0)
    givers: dict[int, set[int]] = {unit: set() for unit in range(9)}
    for _ in range(50):
        order = Exchange(units, part, True).draw(rng)
        assert sorted(order) == list(range(23)) and (part[order] == part).all()
        for unit in range(9):
            from_units = set(units[order[units == unit]])
            assert len(from_units) == 1  # a unit's labels stay together
            givers[unit] |= from_units
    assert givers == {
        0: {0, 1, 2},
        1: {0, 1, 2},
        2: {0, 1, 2},
        3: {3, 4},
        4: {3, 4},
        5: {5},
        6: {6},
        7: {7},
        8: {8},
    }
    shifted = Exchange(units, part, False).draw(rng)
    assert (units[shifted] == units).all()
    inside = shifted[units == 6]
    assert sorted(np.diff(np.append(inside, inside[0])).tolist()) in ([1, 1, 1, 1, 1], [-4, 1, 1, 1, 1])


@pytest.mark.parametrize("speakers", [None, [0, 0, 1, 2, 0, 1, 3, 4]])
def test_units_exchange_labels_only_where_no_speaker_is_in_other_parts_too(speakers):
    sizes = [3, 3, 3, 3, 2, 2, 1, 1]
    units = np.repeat([0, 1, 2, 3, 0, 1, 4, 5] if speakers is None else range(8), sizes)
    part = np.repeat([0, 0, 0, 0, 1, 1, 1, 1], sizes)
    rng = np.random.default_rng(0)
    exchange = Exchange(units, part, True, None if speakers is None else np.repeat(speakers, sizes))
    orders = [exchange.draw(rng) for _ in range(50)]
    givers = {
        int(unit): {int(units[order[row]]) for order in orders for row in np.flatnonzero(units == unit)}
        for unit in np.unique(units)
    }
    if speakers is None:
        assert givers == {0: {0}, 1: {1}, 2: {2, 3}, 3: {2, 3}, 4: {4, 5}, 5: {4, 5}}
        # Single rows that could not move otherwise exchange after all.
        recurring = Exchange(np.array([0, 1, 2, 0, 1, 2]), np.repeat([0, 1], 3), True)
        assert {tuple(recurring.draw(rng)[:3]) for _ in range(50)} == set(permutations(range(3)))
    else:
        alone = {unit: {unit} for unit in (2, 3, 4, 5)}
        assert givers == {0: {0, 1}, 1: {0, 1}, 6: {6, 7}, 7: {6, 7}} | alone


def test_permutations_cost_what_they_may():
    x, y, groups = correlated(6, n=400)
    few = cross_validate_fully(x, y, groups=groups, permutations=500, null_cost=1e-9)
    assert len(few.null) == 19  # of one test part, which makes their scores spread more
    spread = cross_validate_fully(x, y, groups=groups, permutations=19, null_cost=5).null.score.std()
    assert few.null.score.std() > 1.5 * spread
    many = cross_validate_fully(x, y, groups=groups, permutations=40, null_cost=1e9)
    assert len(many.null) == 40 and set(many.null.search) == {"grid"}
    np.testing.assert_array_equal(many.trials.score, few.trials.score)


@pytest.mark.parametrize("mode", ["corrected", "paper"])
def test_equal_inputs_give_equal_tables(mode):
    x, y, groups = correlated(4)
    first = cross_validate_fully(x, y, groups=groups, mode=mode, seed=1, permutations=19)
    again = cross_validate_fully(x, y, groups=groups, mode=mode, seed=1, permutations=19)
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))
    other = cross_validate(x, y, groups=groups, mode=mode, seed=2)
    assert not first.trials.score.equals(other.score)
    assert first.trials.score.mean() == pytest.approx(other.score.mean(), abs=0.05)


def test_block_size_and_float_type_do_not_matter(monkeypatch):
    x, y, groups = correlated(5)
    x = x.astype(np.float16)
    expected = cross_validate(x.astype(np.float64), y, groups=groups)
    monkeypatch.setattr("layerwise.cca.moments.BLOCK_ROWS", 7)
    halves = cross_validate(x, y, groups=groups)
    np.testing.assert_allclose(halves.drop(columns="trial"), expected.drop(columns="trial"), atol=1e-9)


def test_paper_mode_tries_six_of_the_nine_smallest_pairs():
    tried = [paper_epsilons(0, trial) for trial in range(3)]
    assert all(len(set(pairs)) == 6 and set(pairs) <= set(EPSILONS[:9]) for pairs in tried)
    assert tried[0] != tried[1]
    x, y, groups = correlated(6)
    table = cross_validate(x, y, groups=groups, mode="paper", permutations=0)
    tried = [paper_epsilons(derive_seed(0, "partition", 0), trial) for trial in range(3)]
    for row, pairs in zip(table.itertuples(), tried, strict=True):
        assert (row.epsilon_x, row.epsilon_y) in pairs


def test_too_little_data_is_an_error_of_the_published_procedure_only():
    x, y, groups = correlated(7, n=60, dx=50, frames=2)
    with pytest.raises(AnalysisError, match=r"48 training rows for 50 and 5 dimensions; .* at least 51"):
        cross_validate(x, y, groups=groups, mode="paper")
    assert np.isfinite(cross_validate(x, y, groups=groups).score).all()


def test_traits_tell_rank_ceiling_and_what_more_data_would_bring():
    assert effective_rank(np.eye(7) * 5) == pytest.approx(7)
    assert effective_rank(np.ones((4, 4))) == pytest.approx(1)
    rng = np.random.default_rng(0)
    groups = np.arange(2000) // 20
    source = rng.standard_normal((2000, 2))
    x = np.hstack([source + 0.3 * rng.standard_normal((2000, 2)), rng.standard_normal((2000, 60))])
    scored = cross_validate_fully(x, source, groups=groups, permutations=0)
    curve = scored.sizes
    assert curve.parts.tolist() == [2, 4, 8] and curve.score.is_monotonic_increasing
    assert scored.traits.ceiling[0] > 0.97 and np.isnan(scored.traits.control[0])
    little = cross_validate_fully(x[:400], source[:400], groups=groups[:400], permutations=0)
    assert scored.trials.score.mean() < scored.traits.ceiling[0]
    assert little.traits.ceiling[0] < scored.traits.ceiling[0]


def test_control_targets_are_scored_on_the_same_parts():
    x, y, groups = correlated(9, n=600)
    part = assign_parts(600, groups=groups, seed=0)
    common = {"units": groups, "permute": False, "seed": 3}
    options = ScoringOptions(permutations=0)
    other = y[:, :3] + np.random.default_rng(0).standard_normal((600, 3))
    both = score_parts(x, y, part, options, control=other, **common)
    alone = score_parts(x, other, part, options, **common)
    assert both.traits.control[0] == pytest.approx(alone.trials.score.mean(), abs=1e-12)


def test_an_epsilon_that_drops_all_dimensions_is_named():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300, 4))
    rows = np.arange(300)
    with pytest.raises(AnalysisError, match=r"epsilon 2 drops all 4 dimensions"):
        score_split(x, y, rows[:200], rows[200:250], rows[250:], [(2.0, 1e-8)], mode="paper")
