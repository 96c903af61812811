"""Other similarities of two views: debiased linear CKA and SVCCA.

Mean CCA is ``layerwise.cca.pwcca.HeldOut.mean_cca``.
"""

from dataclasses import dataclass, replace

import numpy as np

from layerwise.cca.inputs import Features, as_views
from layerwise.cca.moments import (
    Array,
    Index,
    Moments,
    NotFiniteError,
    View,
    fixed_shift,
    part_moments,
    row_blocks,
)
from layerwise.cca.pwcca import held_out
from layerwise.cca.regularised import PublishedCCA
from layerwise.errors import AnalysisError

SVCCA_VARIANCE = 0.99
MIN_ROWS = 4  # n - 3 divides
CONSTANT = 1e-12  # share of the uncentred kernel below which a centred one is rounding


@dataclass(frozen=True, eq=False)
class KernelSums:
    """What the unbiased HSIC of linear kernels needs of rows z = [x, y] - shift beside ``Moments``.

    With k = |x|^2 and l = |y|^2 of each row: ``squares`` is (sum k, sum l, sum k^2, sum l^2, sum k l), (5,);
    ``by_k`` is sum z k and ``by_l`` is sum z l, (dx + dy,). In float64. Sums with the same shift add and
    subtract like the sets of rows they describe.
    """

    squares: Array
    by_k: Array
    by_l: Array

    @classmethod
    def of(cls, z: Array, dim_x: int) -> "KernelSums":
        """Return the sums of shifted rows z (n, dx + dy)."""
        k, el = (np.einsum("nd,nd->n", view, view) for view in (z[:, :dim_x], z[:, dim_x:]))
        return cls(np.array([k.sum(), el.sum(), k @ k, el @ el, k @ el]), k @ z, el @ z)

    def __add__(self, other: "KernelSums") -> "KernelSums":
        return replace(
            self,
            squares=self.squares + other.squares,
            by_k=self.by_k + other.by_k,
            by_l=self.by_l + other.by_l,
        )

    def __sub__(self, other: "KernelSums") -> "KernelSums":
        return replace(
            self,
            squares=self.squares - other.squares,
            by_k=self.by_k - other.by_k,
            by_l=self.by_l - other.by_l,
        )


def part_kernel_sums(x: View, y: View, part: Index, shift: Array) -> list[KernelSums]:
    """Return the kernel sums of each part; x (n, dx), y (n, dy) and ``part`` (n,) as for ``part_moments``."""
    dim_x, d = x.shape[1], len(shift)
    sums = [KernelSums(np.zeros(5), np.zeros(d), np.zeros(d)) for _ in range(int(part.max()) + 1)]
    for rows in row_blocks(len(part)):
        z = np.concatenate([x[rows], y[rows]], axis=1) - shift
        for number in np.unique(part[rows]):
            sums[number] += KernelSums.of(z[part[rows] == number], dim_x)
    return sums


def debiased_cka(x: Features, y: Features) -> float:
    """Debiased linear CKA: 1 if equal up to rotation and scale, 0 on average if independent.

    x is (n, dx) and y is (n, dy) or labels (n,), in any form that ``layerwise.cca.inputs.as_view`` takes.
    HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)) with the unbiased HSIC_1 of Song, Smola, Gretton, Bedo and
    Borgwardt (JMLR 2012, equation 5) in place of the biased one of Kornblith et al. (ICML 2019), which grows
    with the number of dimensions where rows are few (Murphy et al. 2024, arXiv 2405.01012). It is slightly
    negative by chance. Costs one pass over the rows, not n^2.

    Raises AnalysisError for views that do not fit, NaN, infinity, fewer than four rows and a constant view.
    """
    given = as_views(x, y)
    n = given.x.shape[0]
    if n < MIN_ROWS:
        raise AnalysisError(f"debiased CKA needs at least {MIN_ROWS} rows, there are {n}; {given.described}")
    try:
        result = debiased_cka_of_views(given.x, given.y)
    except NotFiniteError as error:
        raise AnalysisError(f"{error}{given.place(error.row)}") from error
    if np.isnan(result):
        raise AnalysisError(f"a view is constant: nothing to compare; {given.described}")
    return result


def debiased_cka_of_views(x: View, y: View) -> float:
    """Return debiased linear CKA (see ``debiased_cka``) of views (n, dx) and (n, dy).

    NaN for fewer than four rows and for a constant view. Raises NotFiniteError.
    """
    shift, part = fixed_shift(x, y), np.zeros(x.shape[0], np.int64)
    return debiased_cka_of(part_moments(x, y, part, shift)[0], part_kernel_sums(x, y, part, shift)[0])


def debiased_cka_of(moments: Moments, sums: KernelSums) -> float:
    """Return debiased linear CKA (see ``debiased_cka``) of the rows that both arguments describe.

    NaN for fewer than four rows and for a constant view.
    """
    if moments.n < MIN_ROWS:
        return np.nan
    x, y = slice(0, moments.dim_x), slice(moments.dim_x, None)
    sum_k, sum_l, sum_kk, sum_ll, sum_kl = sums.squares
    own_x = _hsic(moments, (x, x), (sum_k, sum_k, sum_kk), (sums.by_k[x], sums.by_k[x]))
    own_y = _hsic(moments, (y, y), (sum_l, sum_l, sum_ll), (sums.by_l[y], sums.by_l[y]))
    for own, view in ((own_x, x), (own_y, y)):
        if own <= CONSTANT * np.sum(moments.outer[view, view] ** 2):
            return np.nan
    shared = _hsic(moments, (x, y), (sum_k, sum_l, sum_kl), (sums.by_l[x], sums.by_k[y]))
    return float(shared / np.sqrt(own_x * own_y))


def _hsic(
    moments: Moments,
    views: tuple[slice, slice],
    squares: tuple[float, float, float],
    weighted: tuple[Array, Array],
) -> float:
    """Unbiased HSIC_1 of the linear kernels K and L of two views, up to the factor 1 / (n (n - 3)).

    K and L have zero diagonals: tr(K L) + 1'K1 1'L1 / ((n - 1)(n - 2)) - 2/(n - 2) 1'KL1. Kernels of shifted
    rows have the same value. ``squares``: sum k, sum l, sum k l; ``weighted``: sum x l, sum y k.
    """
    n, (left, right), (sum_k, sum_l, sum_kl) = moments.n, views, squares
    cross, a, b = moments.outer[left, right], moments.total[left], moments.total[right]
    trace = np.sum(cross**2) - sum_kl
    both = (a @ a - sum_k) * (b @ b - sum_l)
    rows = a @ cross @ b - a @ weighted[0] - b @ weighted[1] + sum_kl
    return float(trace + both / ((n - 1) * (n - 2)) - 2 / (n - 2) * rows)


def svcca(train: Moments, test: Moments, variance: float = SVCCA_VARIANCE) -> float:
    """Singular vector CCA (Raghu et al., NeurIPS 2017), held out.

    Each view is projected on its fewest principal components with the share ``variance`` of the training
    variance; the score is the plain mean of the held-out canonical correlations between the projections.
    Raises AnalysisError as ``PublishedCCA`` does.
    """
    C, dim_x = train.covariance, train.dim_x
    bases = [_principal(C[view, view], variance) for view in (slice(0, dim_x), slice(dim_x, None))]
    projected = [moments.project(0, bases[0]).project(1, bases[1]) for moments in (train, test)]
    directions = PublishedCCA(projected[0]).directions(0.0, 0.0)
    return held_out(directions, projected[1]).mean_cca


def _principal(S: Array, variance: float) -> Array:
    """Principal directions (d, k), from the largest, that hold the share ``variance``."""
    values, vectors = np.linalg.eigh(S)
    shares = np.cumsum(np.maximum(values[::-1], 0))
    count = int(np.searchsorted(shares, variance * shares[-1])) + 1
    basis: Array = vectors[:, ::-1][:, :count]
    return basis
