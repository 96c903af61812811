"""Regularised CCA and projection-weighted CCA from second moments.

CCA and its regularisation follow the published code of Pasad et al. (GitHub: ankitapasad/layerwise-analysis,
after google/svcca); the weights are those of Morcos, Raghu, Bengio (NeurIPS 2018).
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.linalg.lapack import dpstrf, dtrtri

from layerwise.cca.moments import Array, Moments
from layerwise.errors import AnalysisError

Mode = Literal["corrected", "paper"]

# Pivots of a unit-diagonal covariance below this are rounding: the dimension depends on those before it.
RANK_TOLERANCE = 1e-12
# Canonical correlations below this share of the largest are rounding: their directions do not exist.
NO_CORRELATION = 1e-7
# Squared correlations below the first share of the largest, closer to each other than the second share of
# their mean spacing, mix more than the score of so many directions tells.
SMALL_SQUARE = 1e-4
SQUARE_GAP = 1e-8
# Share of a held-out direction's variance not explained by those before it, below which it is dependent.
DEPENDENT = 1e-8
JITTER = 1e-12
# Entries whose sizes differ by less than this share are equally large.
TIE = 1e-6
# From this ratio of dimensions on, a grid is searched in few coordinates of the larger view.
WORTH_REDUCING = 2
# A quadratic form below this many units of its own rounding error is zero.
ROUNDING_UNITS = 8 * float(np.finfo(np.float64).eps)


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


class Directions(NamedTuple):
    """Canonical directions: variates are A' x and B' y.

    A is (dx, k), B is (dy, k), with zeros for dropped dimensions, in order of falling training correlation
    ``correlations`` (k,). ``weigh_x``: the PWCCA weights come from x, the lower-dimensional view.
    """

    A: Array
    B: Array
    correlations: Array
    keep_x: np.ndarray[tuple[int], np.dtype[np.bool_]]
    keep_y: np.ndarray[tuple[int], np.dtype[np.bool_]]
    weigh_x: bool


@dataclass(frozen=True)
class HeldOut:
    """Correlations of the canonical variates on other data than they were trained on, and PWCCA weights.

    Both are (k,); weights sum to 1.
    """

    correlations: Array
    weights: Array

    @property
    def pwcca(self) -> float:
        """Projection-weighted mean of the correlations."""
        return float(self.weights @ self.correlations)

    @property
    def mean_cca(self) -> float:
        """Plain mean of the correlations."""
        return float(self.correlations.mean())


class RegularisedCCA:
    """CCA of one training set for any number of regularisers.

    As in the published code each view's covariance is scaled by its largest entry, dimensions whose scaled
    variance is below epsilon are dropped, and epsilon is added to the diagonal. Whitening is done once per
    epsilon and view, by a Cholesky factor of the unit-diagonal matrix: unlike an eigendecomposition it keeps
    its digits when a few dimensions are 10^4 times larger than the others. A pair of regularisers then costs
    one small singular value problem.

    Raises AnalysisError if there are too few training rows or a view is constant.
    """

    def __init__(self, train: Moments) -> None:
        dims = (train.dim_x, len(train.total) - train.dim_x)
        if train.n <= max(dims):
            raise AnalysisError(
                f"{train.n} training rows for {dims[0]} and {dims[1]} dimensions; CCA needs at least "
                f"{max(dims) + 1}: use more data"
            )
        S = train.covariance
        x, y = slice(0, dims[0]), slice(dims[0], None)
        scales = [float(np.max(np.abs(np.diag(S)[view]))) for view in (x, y)]
        for name, scale in zip("xy", scales, strict=True):
            if scale == 0:
                raise AnalysisError(f"{name} is constant on the training rows: nothing to correlate with")
        self._views = (S[x, x] / scales[0], S[y, y] / scales[1])
        self._cross = S[x, y] / np.sqrt(scales[0] * scales[1])
        self._whiteners: tuple[dict[float, _Whitener], dict[float, _Whitener]] = ({}, {})
        self._half: dict[float, Array] = {}

    def directions(self, epsilon_x: float, epsilon_y: float) -> Directions:
        """Return the canonical directions for one pair of regularisers."""
        x, y = self._whitener(0, epsilon_x), self._whitener(1, epsilon_y)
        if epsilon_x not in self._half:
            self._half[epsilon_x] = x.whiten(self._cross)
        U, s, V = _singular_triplets(y.whiten(self._half[epsilon_x].T).T)
        weigh_x = x.rank < y.rank
        A, B = x.back(U), y.back(V)
        signs = _signs(A if weigh_x else B)
        return Directions(A * signs, B * signs, s, x.keep, y.keep, weigh_x)

    def reduced(self, view: Literal[0, 1], epsilon: float) -> tuple["RegularisedCCA", Array]:
        """Return the same CCA for one epsilon of a view, in few coordinates of it, and their basis (d, k).

        Only the span of the regressions of the other view's dimensions on this one (k of them at most) has
        canonical directions. In an orthonormal basis of its whitened coordinates every other epsilon
        costs next to nothing where the other view has few dimensions. Directions of x (view 0) or y (view 1)
        in the result are those in the coordinates basis' x or basis' y.
        """
        whitener = self._whitener(view, epsilon)
        orthonormal, R = np.linalg.qr(whitener.whiten(self._cross if view == 0 else self._cross.T))
        identity = {epsilon: _Whitener(None, np.ones(len(R), dtype=bool), whitener.rank)}
        small = copy(self)
        small._cross = R if view == 0 else R.T
        small._whiteners = (identity, self._whiteners[1]) if view == 0 else (self._whiteners[0], identity)
        small._half = {}
        return small, whitener.back(orthonormal)

    def _whitener(self, view: int, epsilon: float) -> _Whitener:
        found = self._whiteners[view]
        if epsilon not in found:
            found[epsilon] = _whiten(self._views[view], epsilon)
        return found[epsilon]


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
    small = squares[squares < SMALL_SQUARE * squares[0]]
    if len(small) > 1 and np.min(small[:-1] - small[1:]) < SQUARE_GAP * squares[0] / len(squares):
        U, s, Vt = np.linalg.svd(M, full_matrices=False)
        V = Vt.T
    else:
        s = np.sqrt(np.maximum(squares, 0))
        U = M @ V / np.where(s > 0, s, 1)
    U[:, s <= NO_CORRELATION * s[0]] = 0
    return U, s, V


def _whiten(S: Array, epsilon: float) -> _Whitener:
    variances = np.diag(S)
    keep = (variances >= epsilon) & (variances > 0)
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


def _signs(directions: Array) -> Array:
    """Signs that make the first of the largest entries of each column positive: an SVD leaves them open."""
    sizes = np.abs(directions)
    largest = np.argmax(sizes >= (1 - TIE) * sizes.max(axis=0), axis=0)
    return np.where(directions[largest, np.arange(directions.shape[1])] < 0, -1.0, 1.0)


def held_out(directions: Directions, moments: Moments, mode: Mode = "corrected") -> HeldOut:
    """Score canonical directions on the rows that ``moments`` describe.

    Morcos et al. weigh direction i by sum_j |<p_i, x_j>| with P = qr(H'), H the canonical variates of the
    lower-dimensional view (ties: y) and x_j its dimensions. With H H' = L L' this is the row sums of
    |L^-1 (H X')|, which needs moments only.

    ``corrected``: H and X are centred; the result does not depend on the signs of the SVD.
    ``paper``: as published, the mean of dimension i is added to variate i before the QR and X is not
    centred. The result then depends on the sign of each direction, which the published code leaves to LAPACK;
    here the first of the largest entries of each direction of the weighing view is positive.

    In both modes a variate without variance to working precision (one-hot targets have one, since they sum
    to 1) gets correlation 0, where the published code divides one rounding error by another; and a variate
    that depends linearly on those before it gets weight 0.
    """
    dim_x = moments.dim_x
    C = moments.covariance
    A, B, cross = directions.A, directions.B, C[:dim_x, dim_x:]
    images = (C[:dim_x, :dim_x] @ A, C[dim_x:, dim_x:] @ B)
    variances = [np.einsum("ij,ij->j", side, image) for side, image in zip((A, B), images, strict=True)]
    errors = [
        ROUNDING_UNITS * (np.abs(side).T @ scale) ** 2
        for side, scale in ((A, moments.rounding[:dim_x]), (B, moments.rounding[dim_x:]))
    ]
    alive = [variance > error for variance, error in zip(variances, errors, strict=True)]
    both = alive[0] & alive[1]
    norms = np.sqrt(np.where(both, variances[0] * variances[1], 1.0))
    correlations = np.where(both, np.einsum("ij,ij->j", A, cross @ B) / norms, 0.0)

    if directions.weigh_x:
        side, image, live, keep, mean = A, images[0], alive[0], directions.keep_x, moments.mean[:dim_x]
    else:
        side, image, live, keep, mean = B, images[1], alive[1], directions.keep_y, moments.mean[dim_x:]
    image = image * live
    HH, HX = (side * live).T @ image, image.T[:, keep]
    if mode == "paper":
        means = mean[keep]
        HH = HH + np.outer(means[: len(HH)], means[: len(HH)])
        HX = HX + np.outer(means[: len(HH)], means)
    return HeldOut(correlations, _projection_weights(HH, HX))


def grid_scores(
    cca: RegularisedCCA, moments: Moments, epsilons: Sequence[tuple[float, float]], mode: Mode = "corrected"
) -> list[float]:
    """Return the PWCCA score on the rows that ``moments`` describe for each pair of regularisers."""
    dims = moments.dim_x, len(moments.total) - moments.dim_x
    if max(dims) < WORTH_REDUCING * min(dims):
        return [held_out(cca.directions(*pair), moments, mode).pwcca for pair in epsilons]
    view: Literal[0, 1] = 0 if dims[0] > dims[1] else 1
    scores = {}
    for epsilon in dict.fromkeys(pair[view] for pair in epsilons):
        small, basis = cca.reduced(view, epsilon)
        projected = moments.project(view, basis)
        for pair in epsilons:
            if pair[view] == epsilon:
                scores[pair] = held_out(small.directions(*pair), projected, mode).pwcca
    return [scores[pair] for pair in epsilons]


def _projection_weights(HH: Array, HX: Array) -> Array:
    norms = np.sqrt(np.diag(HH))
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    R = HH * np.outer(scale, scale)
    R[np.diag_indices_from(R)] = 1.0
    try:
        L = cholesky(R, lower=True)
    except LinAlgError:
        L = None
    if L is None or np.min(np.diag(L)) ** 2 <= DEPENDENT:
        L = cholesky(R + JITTER * np.eye(len(R)), lower=True)
    P = solve_triangular(L, HX * scale[:, None], lower=True, check_finite=False)
    weights: Array = np.abs(P).sum(axis=1) * (np.diag(L) ** 2 > DEPENDENT)
    total = float(weights.sum())
    return weights / total if total > 0 else weights
