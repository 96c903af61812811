"""Projection-weighted CCA of given canonical directions, from second moments of held-out rows.

The weights are those of Morcos, Raghu, Bengio (NeurIPS 2018).
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from layerwise.cca.moments import Array, Moments
from layerwise.errors import AnalysisError

Mode = Literal["corrected", "paper"]

# Share of a held-out direction's variance not explained by those before it, below which it is dependent.
DEPENDENT = 1e-8
JITTERS = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
# A variate with less than this share of the largest variance is no more than the rounding of a direction in
# constant dimensions.
NOTHING = 1e-24
# A quadratic form below this many units of its own rounding error is zero.
ROUNDING_UNITS = 8 * float(np.finfo(np.float64).eps)


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
    alive = [
        (variance > error) & (variance > NOTHING * variance.max(initial=0.0))
        for variance, error in zip(variances, errors, strict=True)
    ]
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


def _projection_weights(HH: Array, HX: Array) -> Array:
    norms = np.sqrt(np.diag(HH))
    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    R = HH * np.outer(scale, scale)
    R[np.diag_indices_from(R)] = 1.0
    L, jitter = steady_factor(R)
    P = solve_triangular(L, HX * scale[:, None], lower=True, check_finite=False)
    weights: Array = np.abs(P).sum(axis=1) * (np.diag(L) ** 2 > DEPENDENT + 10 * jitter)
    total = float(weights.sum())
    return weights / total if total > 0 else weights


def steady_factor(R: Any, xp: Any = np) -> tuple[Any, float]:
    """Return the lower Cholesky factor of R (q, q), or of each in a stack, and what its diagonal needed.

    R are correlations of held-out variates: singular where there are more of these than rows, and then by
    rounding not even positive. ``xp`` is the module of R: NumPy, or torch.
    """
    size = R.shape[-1]
    for jitter in JITTERS:
        added = xp.zeros_like(R)
        added[..., range(size), range(size)] = jitter
        try:
            L = xp.linalg.cholesky(R + added)
        except (np.linalg.LinAlgError, RuntimeError):  # torch's is a RuntimeError
            continue
        if jitter or float(xp.einsum("...qq->...q", L).min()) ** 2 > DEPENDENT:
            return L, jitter
    raise AnalysisError("the held-out variates have no correlations: values of a view are far out of scale")
