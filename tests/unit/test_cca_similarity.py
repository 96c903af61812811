"""CKA, SVCCA and mean CCA against computations on the data themselves."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from layerwise.cca import cross_validate
from layerwise.cca.moments import fixed_shift, row_moments
from layerwise.cca.pwcca import _singular_triplets
from layerwise.cca.similarity import linear_cka, svcca


def views(seed=0, n=400, dims=(9, 6)):
    rng = np.random.default_rng(seed)
    source = rng.standard_normal((n, 4))
    return [
        (source @ rng.standard_normal((4, d)) + rng.standard_normal((n, d))) * rng.uniform(0.1, 5, d) + 7
        for d in dims
    ]


def moments(x, y, rows):
    return row_moments(x, y, rows, fixed_shift(x, y))


def test_cka_is_the_alignment_of_centred_kernels():
    x, y = views()
    centring = np.eye(400) - 1 / 400
    K, L = (centring @ view @ view.T @ centring for view in (x, y))
    expected = (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())
    assert linear_cka(moments(x, y, np.arange(400))) == pytest.approx(expected, abs=1e-10)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((9, 9)))[0]
    assert linear_cka(moments(3 * x @ rotation, y, np.arange(400))) == pytest.approx(expected, abs=1e-10)
    assert linear_cka(moments(x, x.copy(), np.arange(400))) == pytest.approx(1, abs=1e-12)


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
    plain = cross_validate(x, y, bootstrap=0)
    more = cross_validate(x, y, bootstrap=0, similarities=True)
    assert plain.equals(more[plain.columns])
    assert list(more.columns.difference(plain.columns)) == ["cka", "mean_cca", "svcca"]
    assert more[["cka", "mean_cca", "svcca"]].gt(0.02).all(axis=None)
    assert more[["cka", "mean_cca", "svcca"]].lt(1).all(axis=None)


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
