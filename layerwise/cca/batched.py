"""Many target permutations of one fold at once.

The same numbers as ``RidgeCCA.directions`` and ``held_out`` give one by one, but for the rare cases in which
singular values are too close for a Gram matrix; a null distribution has no need of those digits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Place:
    """Where stacks of matrices are worked on: NumPy on the host, or torch on a GPU, in float64.

    Attributes:
        xp: the module; what is called of it has the same name and meaning in both.
        put: takes an array there.
        get: brings one back.
    """

    xp: Any
    put: Callable[[Any], Any]
    get: Callable[[Any], Array]


HOST = Place(np, np.asarray, np.asarray)


def place_on(device: str) -> Place:
    """Return the place of torch tensors on a device; torch takes seconds to import and is not needed else."""
    import torch

    return Place(
        torch,
        lambda array: torch.from_numpy(np.ascontiguousarray(array)).to(device),
        lambda tensor: np.asarray(tensor.cpu().numpy()),
    )


class PermutedFold:
    """A fold, and what of it does not change when targets are permuted within parts.

    ``train`` and ``test`` are its moments; of them only the cross moments are permuted. ``residual``
    (dx, dx + dz) takes [x, z] to what z leaves of x; None without z.
    """

    @classmethod
    def of(
        cls, fold: Fold, moments: Sequence[Moments], dim_y: int, dim_z: int, place: Place = HOST
    ) -> "PermutedFold":
        """Make it from the moments of [x, y, z] of all parts, where y are residuals if there is z."""
        train, test = sum_of(moments, fold.train), moments[fold.test]
        if not dim_z:
            return cls(fold.cca, fold.pair, train, test, None, place)
        dim_x = train.dim_x
        residual = residual_map(train, dim_z)
        residual[dim_x:] = np.eye(dim_y, len(train.total), dim_x)  # y are residuals as they are
        train, test = mapped_moments(train, residual), mapped_moments(test, residual)
        of_x = np.delete(residual[:dim_x], np.s_[dim_x : dim_x + dim_y], axis=1)
        return cls(RidgeCCA(train), fold.pair, train, test, of_x, place)

    def __init__(
        self, cca: CCA, pair: Pair, train: Moments, test: Moments, residual: Array | None, place: Place = HOST
    ) -> None:
        put = place.put
        self.place = place
        self._residual = None if residual is None else put(residual)
        dims = cca.dims
        views = (slice(0, dims[0]), slice(dims[0], None))
        self.wide, self.narrow = (0, 1) if dims[0] >= dims[1] else (1, 0)
        wide, narrow = views[self.wide], views[self.narrow]
        x, y = cca.whitening(0, pair[0]), cca.whitening(1, pair[1])
        self._train = (train.n, put(np.outer(train.total[wide], train.total[narrow]) / train.n))
        self._test = (test.n, put(np.outer(test.total[wide], test.total[narrow]) / test.n))
        self._rounding_wide, self._rounding_narrow = put(test.rounding[wide]), put(test.rounding[narrow])
        covariance = test.covariance
        self._C_wide, self._C_narrow = put(covariance[wide, wide]), put(covariance[narrow, narrow])
        W, whitener = (x, y) if self.wide == 0 else (y, x)
        self._whitener, self._inverse = put(whitener), put(W @ W.T)

    def scores(self, train: Array, test: Array) -> Array:
        """Return the held-out PWCCA score of each permutation, (k,).

        ``train`` and ``test`` (k, dx + dz, dy) are sums of products of [x, z] and permuted y about the shift.
        """
        xp = self.place.xp
        train, test = self.place.put(train), self.place.put(test)
        if self._residual is not None:
            train, test = self._residual @ train, self._residual @ test
        if self.wide == 1:
            train, test = train.swapaxes(1, 2), test.swapaxes(1, 2)
        S = (train - self._train[1]) / self._train[0]
        Z = _times(self._inverse, S @ self._whitener)
        squares, V = xp.linalg.eigh(self._whitener.T @ (S.swapaxes(1, 2) @ Z))
        live = squares > NO_CORRELATION**2 * squares[:, -1:]
        a, b = Z @ V, self._whitener @ V
        image = self._C_narrow @ b
        cross = (test - self._test[1]) / self._test[0]
        spread_a = xp.einsum("kdq,kdq->kq", a, _times(self._C_wide, a))
        spread_b = xp.einsum("knq,knq->kq", b, image)
        moved = spread_b > _rounding(xp, b, self._rounding_narrow)
        live = live & moved & (spread_a > _rounding(xp, a, self._rounding_wide))
        norms = xp.sqrt(xp.where(live, spread_a * spread_b, 1.0))
        shared = xp.einsum("knq,knq->kq", cross.swapaxes(1, 2) @ a, b)
        correlations = xp.where(live, shared / norms, 0.0)
        weights = _weights(xp, b.swapaxes(1, 2) @ image, image.swapaxes(1, 2), moved)
        return self.place.get((correlations * weights).sum(1))


def _rounding(xp: Any, directions: Any, scale: Any) -> Any:
    """Variances (k, q) below which those of variates are what cancels out of their terms."""
    return CANCELLED * xp.einsum("kdq,d->kq", abs(directions), scale) ** 2


def _times(matrix: Any, stack: Any) -> Any:
    """Return matrix (d, d) times each of a stack (k, d, q), as one product."""
    count, d, q = stack.shape
    product = matrix @ stack.swapaxes(0, 1).reshape(d, count * q)
    return product.reshape(len(matrix), count, q).swapaxes(0, 1)


def _weights(xp: Any, HH: Any, HX: Any, moved: Any) -> Any:
    """PWCCA weights (k, q) of variates with moments HH (k, q, q) and HX (k, q, n) with their view.

    Falling order of correlation matters: the order of ``eigh`` is turned round here.
    """
    HH, HX, moved = xp.flip(HH, (1, 2)), xp.flip(HX, (1,)), xp.flip(moved, (1,))
    norms = xp.sqrt(xp.where(moved, xp.einsum("kqq->kq", HH), 1.0))
    scale = moved / norms
    R = HH * scale[:, :, None] * scale[:, None, :]
    q = R.shape[1]
    R[:, range(q), range(q)] = 1.0
    L, jitter = steady_factor(R, xp)
    P = xp.linalg.solve(L, HX * scale[:, :, None])
    weights = abs(P).sum(2) * (xp.einsum("kqq->kq", L) ** 2 > DEPENDENT + 10 * jitter) * moved
    total = weights.sum(1)[:, None]
    return xp.flip(xp.where(total > 0, weights / xp.where(total > 0, total, 1.0), 0.0), (1,))
