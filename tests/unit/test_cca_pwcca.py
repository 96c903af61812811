"""PWCCA against slow oracles that work on the data themselves, and its invariances."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cross_decomposition import CCA

from layerwise.analyses.labels import one_hot
from layerwise.cca import EPSILONS, score_split
from layerwise.cca.moments import fixed_shift, row_moments
from layerwise.cca.pwcca import held_out
from layerwise.cca.regularised import PublishedCCA, RidgeCCA, fit
from layerwise.cca.search import DevScores
from layerwise.errors import AnalysisError

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
UNREGULARISED = [(0.0, 0.0)]


def moments(x: NDArray[Any], y: NDArray[Any], shift: Array | None = None):
    return row_moments(x, y, np.arange(len(x)), fixed_shift(x, y) if shift is None else shift)


def whitened(view: Array) -> tuple[Array, Array]:
    """Orthonormal basis of a centred view, and the map W with (view - mean) W = basis; columns scaled."""
    centred = view - view.mean(axis=0)
    spread = np.linalg.norm(centred, axis=0)
    scale = np.where(spread > 1e-12 * np.abs(view).max(), 1 / np.maximum(spread, 1e-300), 0)
    U, s, Vt = np.linalg.svd(centred * scale, full_matrices=False)
    rank = int((s > 1e-6 * s[0]).sum())
    return U[:, :rank], (Vt[:rank].T * scale[:, None]) / s[:rank]


def textbook(x: Array, y: Array, train: Rows, test: Rows) -> float:
    """Morcos et al. 2018, equations of section 2 and 3, unregularised, weights from held-out rows."""
    (Ux, Wx), (Uy, Wy) = whitened(x[train]), whitened(y[train])
    U, _, Vt = np.linalg.svd(Ux.T @ Uy, full_matrices=False)
    views = [view[test] - view[test].mean(axis=0) for view in (x, y)]
    H, G = views[0] @ Wx @ U, views[1] @ Wy @ Vt.T
    rho = [float(np.corrcoef(h, g)[0, 1]) for h, g in zip(H.T, G.T, strict=True)]
    varying = [int((view[train].std(axis=0) > 1e-12 * np.abs(view).max()).sum()) for view in (x, y)]
    low, variates = (views[0], H) if varying[0] < varying[1] else (views[1], G)
    P, _ = np.linalg.qr(variates)
    alpha = np.abs(P.T @ low).sum(axis=1)
    return float(alpha @ rho / alpha.sum())


def published_roots(x: Array, y: Array, epsilons: tuple[float, float]) -> list[Array]:
    """Inverse square roots of the scaled, regularised covariances, as the published code computes them."""
    roots = []
    for view, epsilon in zip((x, y), epsilons, strict=True):
        S = np.atleast_2d(np.cov(view.T))
        S /= np.abs(S).max()
        keep = np.diag(S) >= epsilon
        values, vectors = np.linalg.eigh(np.linalg.pinv(S[keep][:, keep] + epsilon * np.eye(keep.sum())))
        roots.append(embed(vectors @ np.diag(np.sqrt(values)) @ vectors.T, keep))
    return roots


def exact_roots(x: NDArray[Any], y: NDArray[Any], epsilons: tuple[float, float]) -> list[Array]:
    """The same from an SVD of the data with regularising rows below, which squares no condition number."""
    roots = []
    for view, epsilon in zip((x, y), epsilons, strict=True):
        centred = (view - view.mean(axis=0)) / np.sqrt(len(view) - 1)
        variances = (centred**2).sum(axis=0)
        centred, variances = centred / np.sqrt(variances.max()), variances / variances.max()
        keep = variances >= epsilon
        stacked = np.vstack([centred[:, keep], np.sqrt(epsilon) * np.eye(keep.sum())])
        _, values, Vt = np.linalg.svd(stacked, full_matrices=False)
        roots.append(embed(Vt.T @ np.diag(1 / values) @ Vt, keep))
    return roots


def ridge_roots(x: NDArray[Any], y: NDArray[Any], epsilons: tuple[float, float]) -> list[Array]:
    """Roots for a ridge on standardised dimensions, from an SVD of the data, without constant dimensions."""
    roots = []
    for view, epsilon in zip((x, y), epsilons, strict=True):
        centred = (view - view.mean(axis=0)) / np.sqrt(len(view))
        deviations = np.linalg.norm(centred, axis=0)
        keep = deviations > 1e-12 * np.abs(view).max()
        scale = 1 / deviations[keep]
        stacked = np.vstack([centred[:, keep] * scale, np.sqrt(epsilon) * np.eye(keep.sum())])
        _, values, Vt = np.linalg.svd(stacked, full_matrices=False)
        roots.append(embed(scale[:, None] * (Vt.T / values) @ Vt, keep))
    return roots


def roots_of(mode: str, x: NDArray[Any], y: NDArray[Any], epsilons: tuple[float, float]) -> list[Array]:
    return (exact_roots if mode == "paper" else ridge_roots)(x, y, epsilons)


def least_correlation(x: Array, y: Array, roots: list[Array]) -> float:
    """The smallest of the canonical correlations in training, in units of the largest."""
    whitened = [(v - v.mean(axis=0)) @ root for v, root in zip((x, y), roots, strict=True)]
    correlations = np.linalg.svd(whitened[0].T @ whitened[1], compute_uv=False)
    k = min(int((np.diag(root) != 0).sum()) for root in roots)
    return float(correlations[k - 1] / correlations[0])


def embed(root: Array, keep: NDArray[np.bool_]) -> Array:
    full = np.zeros((len(keep), len(keep)))
    full[np.ix_(keep, keep)] = root
    return full


def direct(x: NDArray[Any], y: NDArray[Any], train: Rows, test: Rows, roots: list[Array], mode: str) -> float:
    """The published procedure for one pair of regularisers: SVD, projection of the data, QR, weights."""
    keeps = [np.diag(root) != 0 for root in roots]
    tops = [view[train].var(axis=0, ddof=1).max() for view in (x, y)]
    whitened = [(v[train] - v[train].mean(axis=0)) @ r for v, r in zip((x, y), roots, strict=True)]
    U, _, Vt = np.linalg.svd(whitened[0].T @ whitened[1] / np.sqrt(tops[0] * tops[1]) / (len(train) - 1))
    k = min(keep.sum() for keep in keeps)
    directions = [roots[0] @ U[:, :k], roots[1] @ Vt[:k].T]
    weigh = 0 if keeps[0].sum() < keeps[1].sum() else 1
    # The published code leaves the signs to LAPACK; the convention is ours.
    sizes = np.abs(directions[weigh])
    first = (sizes > (1 - 1e-6) * sizes.max(axis=0)).argmax(axis=0)
    signs = np.sign(directions[weigh][first, np.arange(k)])
    held = [view[test] for view in (x, y)]
    variates = [(v - v.mean(axis=0)) @ (d * signs) for d, v in zip(directions, held, strict=True)]
    norms = [np.linalg.norm(v, axis=0) for v in variates]
    # A direction without variance has no correlation; the published code returns rounding noise for it.
    sizes = [
        np.linalg.norm(d * v.std(axis=0)[:, None], axis=0) for d, v in zip(directions, held, strict=True)
    ]
    live = np.all([norm > 1e-7 * size for norm, size in zip(norms, sizes, strict=True)], axis=0)
    rho = np.where(live, (variates[0] * variates[1]).sum(axis=0) / (norms[0] * norms[1]), 0)
    H, X = variates[weigh], held[weigh][:, keeps[weigh]]
    if mode == "paper":
        H = H + X.mean(axis=0)[:k]
    else:
        X = X - X.mean(axis=0)
    P, _ = np.linalg.qr(H)
    weights = np.abs(P.T @ X).sum(axis=1)
    return float(weights @ rho / weights.sum())


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[Any], Rows, Rows]:
    """Two correlated views with the nuisances of real features, and rows to train and test on."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    n_train = sum(dims) + draw(st.integers(2, 60))
    n_test = max(dims) + draw(st.integers(2, 60))
    n = n_train + n_test
    source = rng.standard_normal((n, 3))
    views: list[NDArray[Any]] = []
    for dim in dims:
        view = source @ rng.standard_normal((3, dim)) + rng.standard_normal((n, dim))
        nuisances = draw(st.sets(st.sampled_from(["mean", "outlier", "constant", "dependent"])))
        if "dependent" in nuisances:
            view = np.column_stack([view, view[:, -1] - 2 * view[:, 0]])
        if "outlier" in nuisances:
            view[:, 0] *= 1.1e4
        if "mean" in nuisances:
            view += 30
        if "constant" in nuisances:
            view = np.column_stack([view, np.full(n, 0.1)])
        exact = "dependent" in nuisances  # rounding would make the dependence inexact
        narrow = np.float32 if "outlier" in nuisances else np.float16  # float16 ends at 65504
        views.append(view if exact else view.astype(draw(st.sampled_from([narrow, np.float32, np.float64]))))
    order = rng.permutation(n)
    return views[0], views[1], order[:n_train], order[n_train:]


@settings(max_examples=150, deadline=None)
@given(problems())
def test_unregularised_scores_are_those_of_the_textbook(problem):
    x, y, train, test = problem
    score, chosen = score_split(x, y, train, test, test, UNREGULARISED)
    assert chosen == (0.0, 0.0)
    expected = textbook(x.astype(np.float64), y.astype(np.float64), train, test)
    assert score == pytest.approx(expected, abs=1e-8)


REGULARISERS = st.sampled_from([1e-8, 1e-6, 1e-4])


@settings(max_examples=100, deadline=None)
@given(problems(), REGULARISERS, REGULARISERS)
@pytest.mark.parametrize("mode", ["paper", "corrected"])
def test_regularised_scores_are_those_of_a_direct_implementation(mode, problem, epsilon_x, epsilon_y):
    x, y, train, test = problem
    epsilons = (epsilon_x, epsilon_y)
    score, chosen = score_split(x, y, train, test, test, [epsilons], mode=mode)
    assert chosen == epsilons
    x, y = x.astype(np.float64), y.astype(np.float64)
    roots = roots_of(mode, x[train], y[train], epsilons)
    # Directions without correlation in training are any basis of what the others leave over.
    assume(least_correlation(x[train], y[train], roots) > 1e-10)
    expected = direct(x, y, train, test, roots, mode)
    # The uncentred means of outlier dimensions, 1e4 times larger, cost the published weights some digits.
    assert score == pytest.approx(expected, abs=1e-8 if mode == "corrected" else 1e-7)


@pytest.mark.parametrize("dims", [(12, 5), (5, 12), (6, 6)])
def test_paper_mode_is_the_published_procedure_over_its_grid(dims):
    rng = np.random.default_rng(sum(dims))
    source = rng.standard_normal((400, 4))
    x, y = (source @ rng.standard_normal((4, d)) + rng.standard_normal((400, d)) + 30 for d in dims)
    train, dev, test = np.split(rng.permutation(400), [320, 360])
    roots = {pair: published_roots(x[train], y[train], pair) for pair in EPSILONS}
    on_dev = {pair: direct(x, y, train, dev, roots[pair], "paper") for pair in EPSILONS}
    for pair in EPSILONS:
        score = score_split(x, y, train, dev, dev, [pair], mode="paper").score
        assert score == pytest.approx(on_dev[pair], abs=1e-8)
    score, chosen = score_split(x, y, train, dev, test, EPSILONS, mode="paper")
    assert on_dev[chosen] == pytest.approx(max(on_dev.values()), abs=1e-8)
    assert score == pytest.approx(direct(x, y, train, test, roots[chosen], "paper"), abs=1e-8)


def test_modes_agree_when_every_part_is_centred():
    rng = np.random.default_rng(0)
    source = rng.standard_normal((300, 3))
    x, y = (source @ rng.standard_normal((3, d)) + rng.standard_normal((300, d)) for d in (6, 4))
    train, dev, test = np.split(np.arange(300), [200, 250])
    for rows in (train, dev, test):
        x[rows] -= x[rows].mean(axis=0)
        y[rows] -= y[rows].mean(axis=0)
    paper, corrected = (
        score_split(x, y, train, dev, test, UNREGULARISED, mode) for mode in ("paper", "corrected")
    )
    assert paper.score == pytest.approx(corrected.score, abs=1e-8)
    shifted = score_split(x + 5, y + 5, train, dev, test, UNREGULARISED, mode="paper")
    assert abs(shifted.score - paper.score) > 1e-4
    shifted = score_split(x + 5, y + 5, train, dev, test, UNREGULARISED)
    assert shifted.score == pytest.approx(corrected.score, abs=1e-8)


@pytest.mark.parametrize("mode", ["paper", "corrected"])
def test_one_hot_targets_with_an_unseen_class_and_a_constant_sum(mode):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 6, 400)
    x = np.eye(6)[labels] @ rng.standard_normal((6, 9)) + rng.standard_normal((400, 9)) + 3
    y, classes = one_hot(labels)
    assert classes == [0, 1, 2, 3, 4, 5]
    y = np.column_stack([y, np.zeros(400)])  # and a class that never occurs
    train, test = np.arange(300), np.arange(300, 400)
    for epsilons in EPSILONS:
        score = score_split(x, y, train, test, test, [epsilons], mode=mode).score
        roots = roots_of(mode, x[train], y[train], epsilons)
        assert score == pytest.approx(direct(x, y, train, test, roots, mode), abs=1e-8)
    absent = labels != 2
    without = score_split(x[absent], y[absent], np.arange(200), test - 100, test - 100, mode=mode).score
    dropped = y[absent][:, [0, 1, 3, 4, 5]]
    expected = score_split(x[absent], dropped, np.arange(200), test - 100, test - 100, mode=mode).score
    assert without == pytest.approx(expected, abs=1e-10)


def test_canonical_correlations_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    source = rng.standard_normal((300, 3)) * [3, 1, 0.4]
    x, y = (source @ np.eye(3, d) + 0.5 * rng.standard_normal((300, d)) for d in (5, 4))
    x[:, 1] *= 1e4
    model = CCA(4, tol=1e-14, max_iter=100_000).fit(x, y)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(*(v.T for v in model.transform(x, y)), strict=True)]
    directions = PublishedCCA(moments(x + 30, y + 30)).directions(0, 0)
    np.testing.assert_allclose(directions.correlations, expected, atol=1e-8)
    on_itself = held_out(directions, moments(x + 30, y + 30))
    np.testing.assert_allclose(on_itself.correlations, directions.correlations, atol=1e-10)
    assert on_itself.mean_cca == pytest.approx(np.mean(expected), abs=1e-8)


def test_rows_barely_above_dimensions():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((12, 11)), rng.standard_normal((12, 4))
    with np.errstate(all="raise"):
        correlations = PublishedCCA(moments(x, y)).directions(0, 0).correlations
    np.testing.assert_allclose(correlations, 1, atol=1e-8)  # 11 dimensions fit any 12 centred rows
    with pytest.raises(AnalysisError, match=r"12 training rows.*at least 13"):
        PublishedCCA(moments(rng.standard_normal((12, 12)), y))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 6))
def test_invariances(seed, dx, dy):
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((120, 3))
    x, y = (source @ rng.standard_normal((3, d)) + rng.standard_normal((120, d)) for d in (dx, dy))
    train, test = np.arange(80), np.arange(80, 120)

    def evaluate(a: Array, b: Array, rows: tuple[Any, Any] = (train, test)):
        directions = PublishedCCA(moments(a[rows[0]], b[rows[0]])).directions(0, 0)
        return held_out(directions, moments(a[rows[1]], b[rows[1]]))

    expected = evaluate(x, y)
    maps = [np.linalg.qr(rng.standard_normal((d, d)))[0] * rng.uniform(0.1, 10, d) for d in (dx, dy)]
    mapped = evaluate(x @ maps[0] + 3, y @ maps[1] - 7)
    np.testing.assert_allclose(mapped.correlations, expected.correlations, atol=1e-8)
    # The weights depend on the coordinates of the view they come from: only the other may be mapped.
    one_side = evaluate(x, y @ maps[1]) if dx < dy else evaluate(x @ maps[0], y)
    assert one_side.pwcca == pytest.approx(expected.pwcca, abs=1e-8)
    signs = [rng.choice([-1.0, 1.0], d) for d in (dx, dy)]
    assert evaluate(x * signs[0], y * signs[1]).pwcca == pytest.approx(expected.pwcca, abs=1e-8)
    shuffled = evaluate(x, y, (rng.permutation(train), rng.permutation(test)))
    assert shuffled.pwcca == pytest.approx(expected.pwcca, abs=1e-10)
    flipped = PublishedCCA(moments(x[train], y[train])).directions(0, 0)
    flips = rng.choice([-1.0, 1.0], min(dx, dy))
    flipped = flipped._replace(A=flipped.A * flips, B=flipped.B * flips)
    assert held_out(flipped, moments(x[test], y[test])).pwcca == pytest.approx(expected.pwcca, abs=1e-10)


def test_more_directions_than_held_out_rows_use_only_what_the_rows_span():
    rng = np.random.default_rng(4)
    source = rng.standard_normal((200, 20))
    x, y = source + rng.standard_normal((200, 20)), source + rng.standard_normal((200, 20))
    directions = PublishedCCA(moments(x[:180], y[:180])).directions(1e-8, 1e-8)
    result = held_out(directions, moments(x[180:192], y[180:192]))
    assert (result.weights[:11] > 0).all() and (result.weights[11:] == 0).all()
    P, _ = np.linalg.qr((y[180:192] - y[180:192].mean(axis=0)) @ directions.B[:, :11])
    weights = np.abs(P.T @ (y[180:192] - y[180:192].mean(axis=0))).sum(axis=1)
    np.testing.assert_allclose(result.weights[:11], weights / weights.sum(), atol=1e-8)


@pytest.mark.parametrize(("view", "value"), [("x", np.nan), ("y", np.inf)])
def test_not_finite_names_view_and_row(view, value):
    rng = np.random.default_rng(5)
    views = {"x": rng.standard_normal((60, 3)), "y": rng.standard_normal((60, 2))}
    views[view][41, 1] = value
    with pytest.raises(AnalysisError, match=f"row 41 of {view} holds NaN or infinity"):
        score_split(views["x"], views["y"], np.arange(40), np.arange(40, 50), np.arange(50, 60))


def test_unusable_views_are_refused():
    x, rows = np.random.default_rng(6).standard_normal((60, 3)), np.arange(60)
    with pytest.raises(AnalysisError, match="y is constant"):
        score_split(x, np.ones((60, 2)), rows, rows, rows)
    with pytest.raises(AnalysisError, match="same n"):
        score_split(x, x[:50], rows, rows, rows)
    with pytest.raises(AnalysisError, match="at least 4"):
        score_split(x, x, rows[:3], rows, rows, mode="paper")
    with pytest.raises(AnalysisError, match=r"2 training rows.*at least 3"):
        score_split(x, x, rows[:2], rows, rows)


def test_fewer_rows_than_dimensions_are_a_matter_of_ridge():
    rng = np.random.default_rng(8)
    source = rng.standard_normal((130, 3))
    x, y = (source @ rng.standard_normal((3, d)) + rng.standard_normal((130, d)) for d in (80, 30))
    train, dev, test = np.arange(50), np.arange(50, 90), np.arange(90, 130)
    score, chosen = score_split(x, y, train, dev, test)
    assert score > 0.2 and min(chosen) > 1e-8
    one = score_split(x, y, train, test, test, [chosen]).score
    roots = ridge_roots(x[train], y[train], chosen)
    assert one == pytest.approx(direct(x, y, train, test, roots, "corrected"))


def test_no_ridge_drops_a_dimension_or_changes_the_weighing_view():
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((200, 6)) * 10.0 ** np.arange(6), rng.standard_normal((200, 5))
    for epsilon in (0.0, 1e-8, 1e-2, 10.0):
        directions = RidgeCCA(moments(x, y)).directions(epsilon, epsilon)
        assert directions.keep_x.all() and directions.keep_y.all() and not directions.weigh_x
        assert (directions.A != 0).all()
    assert not PublishedCCA(moments(x, y)).directions(1e-2, 1e-2).keep_x.all()


@pytest.mark.parametrize("dims", [(40, 6), (6, 40)])
@pytest.mark.parametrize("mode", ["paper", "corrected"])
def test_a_grid_searched_in_few_coordinates_gives_the_scores_of_all_of_them(dims, mode):
    rng = np.random.default_rng(7)
    source = rng.standard_normal((600, 5))
    x, y = (source @ rng.standard_normal((5, d)) + rng.standard_normal((600, d)) + 10 for d in dims)
    x[:, 0] *= 1e3
    y[:, 1] = y[:, 0]
    shift = fixed_shift(x, y)
    train, dev = (row_moments(x, y, rows, shift) for rows in (np.arange(450), np.arange(450, 600)))
    cca = fit(train, mode)
    # The last pair drops most dimensions of x in `paper` mode.
    grid = [*EPSILONS, (1e-3, 1e-8)]
    directly = [held_out(cca.directions(*pair), dev, mode).pwcca for pair in grid]
    np.testing.assert_allclose(list(map(DevScores(cca, dev, mode), grid)), directly, atol=1e-9)
    assert np.ptp(directly) > 1e-6
