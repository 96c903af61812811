"""CKA, SVCCA and mean CCA against computations on the data themselves."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from layerwise.cca import cross_validate, debiased_cka
from layerwise.cca.crossval import score_parts
from layerwise.cca.moments import fixed_shift, part_moments, row_moments
from layerwise.cca.regularised import _singular_triplets
from layerwise.cca.similarity import KernelSums, debiased_cka_of, part_kernel_sums, svcca
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions


def views(seed=0, n=400, dims=(9, 6)):
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((n, 4))
    return [
        (source @ rng.standard_normal((4, d)) + rng.standard_normal((n, d))) * rng.uniform(0.1, 5, d) + 7
        for d in dims
    ]


def moments(x, y, rows):
    return row_moments(x, y, rows, fixed_shift(x, y))


def centred(view):
    return view - view.mean(axis=0)


def biased_cka(x, y):
    """Kornblith et al. 2019, equation 5."""
    x, y = centred(x), centred(y)
    return np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def double_centred_cka(x, y):
    """Debiased CKA by n x n kernels, centred as Szekely and Rizzo (2014) centre distances: O(n^2)."""
    kernels = []
    for view in (x, y):
        n, K = len(view), view @ view.T
        np.fill_diagonal(K, 0)
        rows = K.sum(axis=1) / (n - 2)
        K = K - rows[:, None] - rows + K.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(K, 0)
        kernels.append(K)
    K, L = kernels
    return (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())


def hsic_by_formula(x, y):
    """HSIC_1 of Song et al. 2012, equation 5, as printed."""
    K, L = x @ x.T, y @ y.T
    np.fill_diagonal(K, 0)
    np.fill_diagonal(L, 0)
    n, one = len(x), np.ones(len(x))
    both = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
    return (np.trace(K @ L) + both - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))


@pytest.mark.parametrize("n", [4, 5, 30, 400])
@pytest.mark.parametrize("outlier", [1.0, 1e4])
def test_debiased_cka_is_that_of_double_centred_kernels(n, outlier):
    x, y = views(n=n)
    x[:, 0] *= outlier
    expected = double_centred_cka(centred(x), centred(y))
    assert debiased_cka(x, y) == pytest.approx(expected, abs=1e-10)
    x, y = centred(x), centred(y)
    formula = hsic_by_formula(x, y) / np.sqrt(hsic_by_formula(x, x) * hsic_by_formula(y, y))
    assert expected == pytest.approx(formula, abs=1e-10)


def test_debiased_cka_adds_up_over_parts_and_takes_any_shift():
    x, y = views(1, n=300)
    part = np.random.default_rng(0).integers(0, 4, 300)
    near = fixed_shift(x, y)
    for shift in (near, near + 3):
        sums = list(zip(part_moments(x, y, part, shift), part_kernel_sums(x, y, part, shift), strict=True))
        for number, (m, k) in enumerate(sums):
            rows = part == number
            assert debiased_cka_of(m, k) == pytest.approx(debiased_cka(x[rows], y[rows]), abs=1e-10)
        m, k = sums[0][0] + sums[2][0], sums[0][1] + sums[2][1]
        rows = (part == 0) | (part == 2)
        assert debiased_cka_of(m, k) == pytest.approx(debiased_cka(x[rows], y[rows]), abs=1e-10)
        m, k = m - sums[0][0], k - sums[0][1]
        assert debiased_cka_of(m, k) == pytest.approx(debiased_cka(x[part == 2], y[part == 2]), abs=1e-10)


def test_debiased_cka_does_not_see_means_rotations_and_scales():
    x, y = views()
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((9, 9)))[0]
    expected = debiased_cka(x, y)
    assert debiased_cka(3 * x @ rotation - 40, y + 5) == pytest.approx(expected, abs=1e-10)
    assert debiased_cka(y, x) == pytest.approx(expected, abs=1e-12)
    assert debiased_cka(x, 2 * x) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("dim", "biased"), [(192, 0.105), (768, 0.165), (1024, 0.175)])
def test_debiased_cka_of_independent_views_is_zero_on_average(dim, biased):
    """Rows of layers of these widths, 80 dimensions of mel with few strong ones, and no relation."""
    rng = np.random.default_rng(dim)
    spread = 1 / np.sqrt(np.arange(1, dim + 1))
    draws = [
        (rng.standard_normal((60, dim)) * spread, rng.standard_normal((60, 80)) * spread[:80])
        for _ in range(100)
    ]
    values = np.array([debiased_cka(x, y) for x, y in draws])
    assert abs(values.mean()) < 3 * values.std(ddof=1) / np.sqrt(len(values))
    assert values.std() < 0.05
    assert np.mean([biased_cka(x, y) for x, y in draws]) > biased


def test_debiased_cka_of_too_few_rows_or_a_constant_view_is_refused():
    x, y = views(n=3)
    with pytest.raises(AnalysisError, match="at least 4 rows, there are 3"):
        debiased_cka(x, y)
    assert np.isnan(debiased_cka_of(moments(x, y, np.arange(3)), KernelSums.of(np.hstack([x, y]), 9)))
    x, y = views(n=20)
    with pytest.raises(AnalysisError, match="constant"):
        debiased_cka(np.full_like(x, 0.1), y)
    y[3, 2] = np.nan
    with pytest.raises(AnalysisError, match="row 3 of y"):
        debiased_cka(x, y)


def test_svcca_is_cca_of_the_principal_components():
    x, y = views(2)
    train, test = np.arange(300), np.arange(300, 400)
    components = [PCA(0.99).fit(view[train]) for view in (x, y)]
    assert min(model.n_components_ for model in components) > 1
    reduced = [model.transform(view) for model, view in zip(components, (x, y), strict=True)]
    bases = [np.linalg.qr(view[train] - view[train].mean(axis=0)) for view in reduced]
    U, _, Vt = np.linalg.svd(bases[0][0].T @ bases[1][0])
    k = min(view.shape[1] for view in reduced)
    variates = [
        view[test] @ np.linalg.solve(R, side[:, :k])
        for view, (_, R), side in zip(reduced, bases, (U, Vt.T), strict=True)
    ]
    expected = np.mean([np.corrcoef(g, h)[0, 1] for g, h in zip(*(v.T for v in variates), strict=True)])
    assert svcca(moments(x, y, train), moments(x, y, test)) == pytest.approx(expected, abs=1e-8)


def test_similarities_are_further_columns_of_the_same_rows():
    x, y = views(3, n=900)
    plain = cross_validate(x, y)
    more = cross_validate(x, y, similarities=True)
    assert plain.equals(more[plain.columns])
    assert list(more.columns.difference(plain.columns)) == ["cka", "mean_cca", "svcca"]
    assert more[["cka", "mean_cca", "svcca"]].gt(0.02).all(axis=None)
    assert more[["cka", "mean_cca", "svcca"]].lt(1).all(axis=None)


def test_the_column_is_debiased_cka_of_the_tested_rows():
    x, y = views(4, n=530)
    part = np.repeat(np.arange(10), 44 + 2 * np.arange(10))
    table = score_parts(
        x, y, part, ScoringOptions(similarities=True, permutations=0), units=None, permute=False
    ).trials
    whole = table[table.n_excluded == 0]
    assert len(whole) > 2
    for _, row in whole.iterrows():
        tested = part == (int(row.n_test) - 44) // 2
        assert row.cka == pytest.approx(debiased_cka(x[tested], y[tested]), abs=1e-10)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (20, 20)])
@pytest.mark.parametrize("smallest", [[], [0.0], [3e-9, 2e-9], [2e-5, 1e-5], [1e-3, 1e-3]])
def test_singular_triplets_are_exact_where_squares_are_not(shape, smallest):
    rng = np.random.default_rng(0)
    k = min(shape)
    s = np.concatenate([np.linspace(1, 0.1, k - len(smallest)), smallest])
    U, V = (np.linalg.qr(rng.standard_normal((d, k)))[0] for d in shape)
    found_U, found_s, found_V = _singular_triplets((U * s) @ V.T)
    np.testing.assert_allclose(found_s, s, atol=2e-8)
    free = np.append(np.diff(s) < 0, True) & np.append(True, np.diff(s) < 0) & (s > 1e-7)
    for found, expected in ((found_U, U), (found_V, V)):
        np.testing.assert_allclose(np.abs((found * expected).sum(axis=0))[free], 1, atol=1e-10)
