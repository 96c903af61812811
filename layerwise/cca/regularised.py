"""Regularised CCA from second moments: canonical directions of a training set.

CCA follows the published code of Pasad et al. (GitHub: ankitapasad/layerwise-analysis, after google/svcca).
"""

from abc import ABC, abstractmethod
from copy import copy
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, svd
from scipy.linalg.lapack import dpstrf, dtrtri

from layerwise.cca.moments import Array, Moments
from layerwise.cca.pwcca import ROUNDING_UNITS, Directions, Mode
from layerwise.errors import AnalysisError, InfeasibleError

# A smaller ridge on unit variances leaves dependent dimensions to rounding: they are looked for.
LEAST_RIDGE = 1e-8
# Pivots of a unit-diagonal covariance below this are rounding: the dimension depends on those before it.
RANK_TOLERANCE = 1e-12
# Canonical correlations below this share of the largest are rounding: their directions do not exist.
NO_CORRELATION = 1e-7
# Squared correlations below the first share of the largest, closer to each other than the second share of
# their mean spacing, mix more than the score of so many directions tells.
SMALL_SQUARE = 1e-4
SQUARE_GAP = 1e-8
# Entries whose sizes differ by less than this share are equally large.
TIE = 1e-6


class ConstantViewError(AnalysisError):
    """A view ("x" or "y") does not vary on the training rows."""

    def __init__(self, view: str) -> None:
        super().__init__(f"{view} is constant on the training rows: nothing to correlate with")
        self.view = view


class _Whitener(NamedTuple):
    """W (d, rank) with W' (S + epsilon I) W = I over the kept dimensions; None is the identity."""

    W: Array | None
    keep: np.ndarray[tuple[int], np.dtype[np.bool_]]
    rank: int

    def back(self, directions: Array) -> Array:
        """Return directions (rank, k) of whitened coordinates in those of the view, (d, k)."""
        return directions if self.W is None else self.W @ directions

    def whiten(self, cross: Array) -> Array:
        """Return cross-covariances (d, k) of the view in whitened coordinates, (rank, k)."""
        return cross if self.W is None else self.W.T @ cross


class CCA(ABC):
    """CCA of one training set for any number of pairs of regularisers.

    Whitening is done once per epsilon and view; a pair of epsilons then costs one small singular value
    problem of the whitened cross-covariance.
    """

    _views: tuple[Array, Array]
    _cross: Array
    _scales: tuple[Array, Array]

    def __init__(self, train: Moments) -> None:
        self.dims = (train.dim_x, len(train.total) - train.dim_x)
        S = train.covariance
        x, y = slice(0, self.dims[0]), slice(self.dims[0], None)
        self._scales = (self._scale("x", np.diag(S)[x]), self._scale("y", np.diag(S)[y]))
        self._views = (_scaled(S[x, x], self._scales[0]), _scaled(S[y, y], self._scales[1]))
        self._cross = self._scales[0][:, None] * S[x, y] * self._scales[1]
        # Directions are in units of the data; the published code leaves them in those of the scaled views.
        self._units = self._scales
        self._whiteners: tuple[dict[float, _Whitener], dict[float, _Whitener]] = ({}, {})
        self._half: dict[float, Array] = {}

    @abstractmethod
    def _scale(self, name: str, variances: Array) -> Array:
        """Return what the dimensions of a view, with these training variances, are multiplied by."""

    @abstractmethod
    def _whiten(self, S: Array, epsilon: float) -> _Whitener:
        """Whiten a scaled view with covariance S."""

    @abstractmethod
    def _weigh_x(self, rank_x: int, rank_y: int) -> bool:
        """Whether PWCCA weights come from x."""

    def with_cross(self, train: Moments) -> Self:
        """Return the CCA of moments that differ from those of this one in their cross moments only."""
        other = copy(self)
        cross = train.covariance[: self.dims[0], self.dims[0] :]
        other._cross = self._scales[0][:, None] * cross * self._scales[1]
        other._half = {}
        return other

    def of_pair(self, epsilon_x: float, epsilon_y: float) -> Self:
        """Return the same CCA without what is held in memory for other regularisers."""
        other = copy(self)
        x, y = self._whitener(0, epsilon_x), self._whitener(1, epsilon_y)
        other._whiteners, other._half = ({epsilon_x: x}, {epsilon_y: y}), {}
        return other

    def whitening(self, view: Literal[0, 1], epsilon: float) -> Array:
        """Return W (d, rank) with W' S W = I for the regularised training covariance S of a view."""
        return self._units[view][:, None] * self._whitener(view, epsilon).back(np.eye(self.dims[view]))

    def directions(self, epsilon_x: float, epsilon_y: float) -> Directions:
        """Return the canonical directions for one pair of regularisers."""
        x, y = self._whitener(0, epsilon_x), self._whitener(1, epsilon_y)
        if epsilon_x not in self._half:
            self._half[epsilon_x] = x.whiten(self._cross)
        U, s, V = _singular_triplets(y.whiten(self._half[epsilon_x].T).T)
        weigh_x = self._weigh_x(x.rank, y.rank)
        A, B = self._units[0][:, None] * x.back(U), self._units[1][:, None] * y.back(V)
        signs = _signs(A if weigh_x else B)
        return Directions(A * signs, B * signs, s, x.keep, y.keep, weigh_x)

    def reduced(self, view: Literal[0, 1], epsilon: float) -> tuple[Self, Array]:
        """Return the same CCA for one epsilon of a view, in few coordinates of it, and their basis (d, k).

        Only the span of the regressions of the other view's dimensions on this one (k of them at most) has
        canonical directions. In an orthonormal basis of its whitened coordinates every other epsilon
        costs next to nothing where the other view has few dimensions. Directions of x (view 0) or y (view 1)
        in the result are those in the coordinates basis' x or basis' y.
        """
        whitener = self._whitener(view, epsilon)
        orthonormal, R = np.linalg.qr(whitener.whiten(self._cross if view == 0 else self._cross.T))
        identity = {epsilon: _Whitener(None, np.ones(len(R), dtype=bool), whitener.rank)}
        ones, basis = np.ones(len(R)), self._units[view][:, None] * whitener.back(orthonormal)
        small = copy(self)
        small._cross = R if view == 0 else R.T
        small._whiteners = (identity, self._whiteners[1]) if view == 0 else (self._whiteners[0], identity)
        small._units = (ones, self._units[1]) if view == 0 else (self._units[0], ones)
        small._half = {}
        return small, basis

    def _whitener(self, view: int, epsilon: float) -> _Whitener:
        found = self._whiteners[view]
        if epsilon not in found:
            found[epsilon] = self._whiten(self._views[view], epsilon)
        return found[epsilon]


class RidgeCCA(CCA):
    """CCA with a ridge on standardised dimensions, as protocol ``corrected`` has it.

    Each dimension is divided by its training standard deviation (a constant one has no part), so that the
    mean eigenvalue of a view is 1, and epsilon is added to its eigenvalues. No dimension is dropped, whatever
    epsilon, so there may be fewer rows than dimensions. PWCCA weights come from the view with fewer
    dimensions that vary (ties: y).

    Raises AnalysisError with fewer than three training rows or if a view is constant.
    """

    def __init__(self, train: Moments) -> None:
        if train.n < 3:
            raise AnalysisError(f"{train.n} training rows; at least 3 are needed: use more data")
        self._errors = train.rounding**2 * ROUNDING_UNITS
        super().__init__(train)
        self._varying = [np.count_nonzero(scale) for scale in self._scales]

    def _scale(self, name: str, variances: Array) -> Array:
        errors = self._errors[: len(variances)] if name == "x" else self._errors[-len(variances) :]
        varies = variances > errors
        if not varies.any():
            raise ConstantViewError(name)
        return np.where(varies, 1 / np.sqrt(np.where(varies, variances, 1.0)), 0.0)

    def _whiten(self, S: Array, epsilon: float) -> _Whitener:
        if epsilon < LEAST_RIDGE:
            return _pivoted(S, epsilon, np.diag(S) > 0)
        regularised = S.copy()
        regularised[np.diag_indices_from(regularised)] += epsilon
        inverse, _ = dtrtri(cholesky(regularised, lower=True, check_finite=False), lower=1)
        return _Whitener(np.ascontiguousarray(inverse.T), np.ones(len(S), dtype=bool), len(S))

    def _weigh_x(self, rank_x: int, rank_y: int) -> bool:
        return bool(self._varying[0] < self._varying[1])


class PublishedCCA(CCA):
    """CCA regularised as in the published code, for protocol ``paper``.

    Each view's covariance is scaled by its largest entry, dimensions whose scaled variance is below epsilon
    are dropped, and epsilon is added to the diagonal. Whitening is by a pivoted Cholesky factor of the
    unit-diagonal matrix: unlike an eigendecomposition it keeps its digits when a few dimensions are 10^4
    times larger than the others. PWCCA weights come from the view with fewer dimensions left.

    Raises AnalysisError if there are too few training rows, a view is constant, or an epsilon drops
    all of it.
    """

    def __init__(self, train: Moments) -> None:
        super().__init__(train)
        if train.n <= max(self.dims):
            raise InfeasibleError(
                f"{train.n} training rows for {self.dims[0]} and {self.dims[1]} dimensions; CCA needs at "
                f"least {max(self.dims) + 1}: use more data"
            )
        self._units = (np.ones(self.dims[0]), np.ones(self.dims[1]))

    def _scale(self, name: str, variances: Array) -> Array:
        largest = float(np.max(np.abs(variances)))
        if largest == 0:
            raise ConstantViewError(name)
        return np.full(len(variances), 1 / np.sqrt(largest))

    def _whiten(self, S: Array, epsilon: float) -> _Whitener:
        variances = np.diag(S)
        keep = (variances >= epsilon) & (variances > 0)
        if not keep.any():
            raise AnalysisError(
                f"epsilon {epsilon:g} drops all {len(S)} dimensions of a view, whose variances are at most "
                f"{variances.max():g} when scaled: use a smaller one"
            )
        return _pivoted(S, epsilon, keep)

    def _weigh_x(self, rank_x: int, rank_y: int) -> bool:
        return rank_x < rank_y


def _pivoted(S: Array, epsilon: float, keep: NDArray[np.bool_]) -> _Whitener:
    """Whiten the kept dimensions by a pivoted Cholesky factor of their unit-diagonal matrix."""
    kept = np.flatnonzero(keep)
    regularised = S[np.ix_(kept, kept)]
    regularised[np.diag_indices_from(regularised)] += epsilon
    scale = 1 / np.sqrt(np.diag(regularised))
    factor, pivots, rank, _ = dpstrf(regularised * np.outer(scale, scale), tol=RANK_TOLERANCE, lower=1)
    inverse, _ = dtrtri(np.tril(factor[:rank, :rank]), lower=1)
    chosen = pivots[:rank] - 1
    W = np.zeros((len(S), rank))
    W[kept[chosen]] = inverse.T * scale[chosen, None]
    return _Whitener(W, keep, rank)


def fit(train: Moments, mode: Mode) -> CCA:
    """Return the CCA of a training set as the protocol regularises it."""
    return RidgeCCA(train) if mode == "corrected" else PublishedCCA(train)


def _scaled(S: Array, scale: Array) -> Array:
    return S * np.outer(scale, scale)


def _singular_triplets(M: Array) -> tuple[Array, Array, Array]:
    """Return U (m, k), s (k,), V (n, k) with M = U diag(s) V', k = min(m, n).

    The eigenvectors of the smaller of M'M and MM' cost half an SVD or less and are as exact, unless two
    singular values are small and close: then it is an SVD after all. Columns of the longer of U and V
    without a correlation to speak of are zero: any others would be as arbitrary.
    """
    if M.shape[0] < M.shape[1]:
        V, s, U = _singular_triplets(M.T)
        return U, s, V
    squares, V = np.linalg.eigh(M.T @ M)
    squares, V = squares[::-1], V[:, ::-1]
    # Those without a correlation to speak of lose their directions anyway.
    small = squares[(squares < SMALL_SQUARE * squares[0]) & (squares > NO_CORRELATION**2 * squares[0])]
    if len(small) > 1 and np.min(small[:-1] - small[1:]) < SQUARE_GAP * squares[0] / len(squares):
        try:
            U, s, Vt = np.linalg.svd(M, full_matrices=False)
        except LinAlgError:  # divide and conquer fails on some matrices of rank far below their size
            U, s, Vt = svd(M, full_matrices=False, lapack_driver="gesvd", check_finite=False)
        V = Vt.T
    else:
        s = np.sqrt(np.maximum(squares, 0))
        U = M @ V / np.where(s > 0, s, 1)
    U[:, s <= NO_CORRELATION * s[0]] = 0
    return U, s, V


def _signs(directions: Array) -> Array:
    """Signs that make the first of the largest entries of each column positive: an SVD leaves them open."""
    sizes = np.abs(directions)
    largest = np.argmax(sizes >= (1 - TIE) * sizes.max(axis=0), axis=0)
    return np.where(directions[largest, np.arange(directions.shape[1])] < 0, -1.0, 1.0)
