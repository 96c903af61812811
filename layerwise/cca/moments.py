"""Second moments of two views: all that CCA needs to know of the data, in one pass."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import AnalysisError

Array = NDArray[np.float64]
Index = NDArray[np.int64]
View = NDArray[Any]

BLOCK_ROWS = 4096
SHIFT_ROWS = 255  # odd, so that a median is one of the values


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, sum and second moments of rows z = [x, y] - shift, in float64.

    ``total`` is sum z (d,), ``outer`` is sum z z' (d, d), with d = dx + dy. Moments with the same shift
    add and subtract like the sets of rows they describe.
    """

    n: int
    total: Array
    outer: Array
    shift: Array
    dim_x: int

    def __add__(self, other: "Moments") -> "Moments":
        return replace(
            self, n=self.n + other.n, total=self.total + other.total, outer=self.outer + other.outer
        )

    def __sub__(self, other: "Moments") -> "Moments":
        return replace(
            self, n=self.n - other.n, total=self.total - other.total, outer=self.outer - other.outer
        )

    @cached_property
    def mean(self) -> Array:
        """Mean of [x, y], (d,)."""
        return self.shift + self.total / self.n

    @cached_property
    def covariance(self) -> Array:
        """Biased covariance (divided by n) of [x, y], (d, d)."""
        return (self.outer - np.outer(self.total, self.total / self.n)) / self.n

    @cached_property
    def rounding(self) -> Array:
        """Root mean square about the shift, (d,): what the rounding error of ``covariance`` scales with."""
        return np.sqrt(np.diag(self.outer) / self.n)


def fixed_shift(x: View, y: View) -> Array:
    """Return a shift near the mean of [x, y], (dx + dy,), from a few evenly spaced rows.

    Second moments about a far origin lose digits. A median of an odd number of rows is close to the mean,
    deaf to outliers, and exact for constant dimensions and for one-hot targets.
    """
    count = min(SHIFT_ROWS, len(x) - (len(x) + 1) % 2)
    rows = np.linspace(0, len(x) - 1, count).astype(np.int64)
    medians = np.concatenate([np.median(view[rows].astype(np.float64), axis=0) for view in (x, y)])
    return np.where(np.isfinite(medians), medians, 0.0)


def row_moments(
    x: View, y: View, rows: Index, shift: Array, partners: Index | None = None
) -> tuple[Moments, Moments]:
    """Return the moments of the rows (x[i], y[i]), and those of the mispaired rows (x[i], y[partner of i]).

    x is (n, dx) and y is (n, dy), of any float type; they are converted block by block. ``partners`` is a
    permutation of ``rows``, so only the cross moments differ; without it both results are the same object.
    Raises AnalysisError with the first row that holds NaN or infinity.
    """
    dim_x, dim = x.shape[1], x.shape[1] + y.shape[1]
    total = np.zeros(dim)
    outer = np.zeros((dim, dim))
    mispaired = np.zeros((dim_x, dim - dim_x))
    for block in _blocks(len(rows)):
        z = np.empty((block.stop - block.start, dim))
        np.subtract(x[rows[block]], shift[:dim_x], out=z[:, :dim_x])
        np.subtract(y[rows[block]], shift[dim_x:], out=z[:, dim_x:])
        sums = z.sum(axis=0)
        if not np.isfinite(sums).all():
            _refuse_not_finite(z, rows[block], dim_x)
        total += sums
        outer += z.T @ z
        if partners is not None:
            mispaired += z[:, :dim_x].T @ (y[partners[block]] - shift[dim_x:])
    moments = Moments(len(rows), total, outer, shift, dim_x)
    if partners is None:
        return moments, moments
    outer = outer.copy()
    outer[:dim_x, dim_x:] = mispaired
    outer[dim_x:, :dim_x] = mispaired.T
    return moments, replace(moments, outer=outer)


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n))


def _refuse_not_finite(z: Array, rows: Index, dim_x: int) -> None:
    for name, view in (("x", z[:, :dim_x]), ("y", z[:, dim_x:])):
        bad = np.flatnonzero(~np.isfinite(view).all(axis=1))
        if bad.size:
            raise AnalysisError(
                f"row {rows[bad[0]]} of {name} holds NaN or infinity; extract the features again"
            )
