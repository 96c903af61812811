"""Many target permutations of one fold at once.

The same numbers as ``RidgeCCA.directions`` and ``held_out`` give one by one, but for the rare cases in which
singular values are too close for a Gram matrix; a null distribution has no need of those digits.
"""

from collections.abc import Sequence

import numpy as np

from layerwise.cca.folds import Fold
from layerwise.cca.moments import Array, Moments, sum_of
from layerwise.cca.partial import mapped_moments, residual_map
from layerwise.cca.pwcca import DEPENDENT, steady_factor
from layerwise.cca.regularised import CCA, NO_CORRELATION, RidgeCCA
from layerwise.cca.search import Pair

# Share of the squared sum of its terms below which a variance is what cancels: sums of products in float32
# mix other variates into the one of one-hot targets that has no variance.
CANCELLED = 1e-9


class PermutedFold:
    """A fold, and what of it does not change when targets are permuted within parts.

    ``train`` and ``test`` are its moments; of them only the cross moments are permuted. ``residual``
    (dx, dx + dz) takes [x, z] to what z leaves of x; None without z.
    """

    @classmethod
    def of(cls, fold: Fold, moments: Sequence[Moments], dim_y: int, dim_z: int) -> "PermutedFold":
        """Make it from the moments of [x, y, z] of all parts, where y are residuals if there is z."""
        train, test = sum_of(moments, fold.train), moments[fold.test]
        if not dim_z:
            return cls(fold.cca, fold.pair, train, test, None)
        dim_x = train.dim_x
        residual = residual_map(train, dim_z)
        residual[dim_x:] = np.eye(dim_y, len(train.total), dim_x)  # y are residuals as they are
        train, test = mapped_moments(train, residual), mapped_moments(test, residual)
        of_x = np.delete(residual[:dim_x], np.s_[dim_x : dim_x + dim_y], axis=1)
        return cls(RidgeCCA(train), fold.pair, train, test, of_x)

    def __init__(self, cca: CCA, pair: Pair, train: Moments, test: Moments, residual: Array | None) -> None:
        self._residual = residual
        dims = cca.dims
        views = (slice(0, dims[0]), slice(dims[0], None))
        self.wide, self.narrow = (0, 1) if dims[0] >= dims[1] else (1, 0)
        wide, narrow = views[self.wide], views[self.narrow]
        x, y = cca.whitening(0, pair[0]), cca.whitening(1, pair[1])
        self._train = (train.n, np.outer(train.total[wide], train.total[narrow]) / train.n)
        self._test = (test.n, np.outer(test.total[wide], test.total[narrow]) / test.n)
        self._rounding_wide, self._rounding_narrow = test.rounding[wide], test.rounding[narrow]
        covariance = test.covariance
        self._C_wide, self._C_narrow = covariance[wide, wide], covariance[narrow, narrow]
        W, self._whitener = (x, y) if self.wide == 0 else (y, x)
        self._inverse = W @ W.T

    def scores(self, train: Array, test: Array) -> Array:
        """Return the held-out PWCCA score of each permutation, (k,).

        ``train`` and ``test`` (k, dx + dz, dy) are sums of products of [x, z] and permuted y about the shift.
        """
        if self._residual is not None:
            train, test = self._residual @ train, self._residual @ test
        if self.wide == 1:
            train, test = train.transpose(0, 2, 1), test.transpose(0, 2, 1)
        S = (train - self._train[1]) / self._train[0]
        Z = _times(self._inverse, S @ self._whitener)
        squares, V = np.linalg.eigh(self._whitener.T @ (S.transpose(0, 2, 1) @ Z))
        live = squares > NO_CORRELATION**2 * squares[:, -1:]
        a, b = Z @ V, self._whitener @ V
        image = self._C_narrow @ b
        cross = (test - self._test[1]) / self._test[0]
        spread_a = np.einsum("kdq,kdq->kq", a, _times(self._C_wide, a))
        spread_b = np.einsum("knq,knq->kq", b, image)
        moved = spread_b > _rounding(b, self._rounding_narrow)
        live &= moved & (spread_a > _rounding(a, self._rounding_wide))
        norms = np.sqrt(np.where(live, spread_a * spread_b, 1.0))
        shared = np.einsum("knq,knq->kq", cross.transpose(0, 2, 1) @ a, b)
        correlations = np.where(live, shared / norms, 0.0)
        weights = _weights(b.transpose(0, 2, 1) @ image, image.transpose(0, 2, 1), moved)
        scores: Array = np.sum(correlations * weights, axis=1)
        return scores


def _rounding(directions: Array, scale: Array) -> Array:
    """Variances (k, q) below which those of variates are what cancels out of their terms."""
    errors: Array = CANCELLED * np.einsum("kdq,d->kq", np.abs(directions), scale) ** 2
    return errors


def _times(matrix: Array, stack: Array) -> Array:
    """Return matrix (d, d) times each of a stack (k, d, q), as one product."""
    count, d, q = stack.shape
    product = matrix @ stack.transpose(1, 0, 2).reshape(d, count * q)
    return product.reshape(len(matrix), count, q).transpose(1, 0, 2)


def _weights(HH: Array, HX: Array, moved: Array) -> Array:
    """PWCCA weights (k, q) of variates with moments HH (k, q, q) and HX (k, q, n) with their view.

    Falling order of correlation matters: the order of ``eigh`` is turned round here.
    """
    HH, HX, moved = HH[:, ::-1, ::-1], HX[:, ::-1], moved[:, ::-1]
    norms = np.sqrt(np.where(moved, np.diagonal(HH, axis1=1, axis2=2), 1.0))
    scale = moved / norms
    R = HH * scale[:, :, None] * scale[:, None, :]
    q = R.shape[1]
    R[:, np.arange(q), np.arange(q)] = 1.0
    L, jitter = steady_factor(R)
    P = np.linalg.solve(L, HX * scale[:, :, None])
    weights = (
        np.abs(P).sum(axis=2) * (np.diagonal(L, axis1=1, axis2=2) ** 2 > DEPENDENT + 10 * jitter) * moved
    )
    total = weights.sum(axis=1, keepdims=True)
    shares: Array = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return shares[:, ::-1]
