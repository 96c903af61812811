"""Second moments of two views: all that CCA needs to know of the data, in one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from layerwise.errors import AnalysisError

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BLOCK_ROWS = 8192
HELD_BYTES = 256e6  # of a view that is read several times
SHIFT_ROWS = 255  # odd, so that a median is one of the values


class View(Protocol):
    """Rows (n, dim) of any float type: an array, or a stored layer that is read as it is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        """Return the rows of these numbers, (len(rows), dim)."""


@dataclass(frozen=True)
class RowsOf:
    """The view whose row i is row ``rows[i]`` of another one, without reading it."""

    view: View
    rows: Index

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""
        return (len(self.rows), self.view.shape[1])

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        return self.view[self.rows[rows]]


def in_memory(view: View) -> View:
    """Return a view whose rows are held in memory, as they are, unless they are too many (HELD_BYTES)."""
    n = view.shape[0]
    first = view[np.arange(min(n, 1))]
    return view if n * first.nbytes > HELD_BYTES else view[np.arange(n)]


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

    def project(self, view: Literal[0, 1], basis: Array) -> "Moments":
        """Return the moments with x (view 0) or y (view 1) replaced by basis' x; basis is (dim, k)."""
        inside = slice(0, self.dim_x) if view == 0 else slice(self.dim_x, None)
        outside = slice(self.dim_x, None) if view == 0 else slice(0, self.dim_x)
        own, cross = basis.T @ self.outer[inside, inside] @ basis, basis.T @ self.outer[inside, outside]
        rest = self.outer[outside, outside]
        blocks = [[own, cross], [cross.T, rest]] if view == 0 else [[rest, cross.T], [cross, own]]
        total, shift = (
            np.concatenate([basis.T @ vector[inside], vector[outside]][:: 1 if view == 0 else -1])
            for vector in (self.total, self.shift)
        )
        dim_x = basis.shape[1] if view == 0 else self.dim_x
        return Moments(self.n, total, np.block(blocks), shift, dim_x)

    def with_cross(self, cross: Array) -> "Moments":
        """Return the moments with other cross moments (dx, dy) of x and y."""
        outer = self.outer.copy()
        outer[: self.dim_x, self.dim_x :] = cross
        outer[self.dim_x :, : self.dim_x] = cross.T
        return replace(self, outer=outer)

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


def sum_of(moments: Sequence[Moments], chosen: Sequence[int]) -> Moments:
    """Return the moments of some parts together."""
    total = moments[chosen[0]]
    for number in chosen[1:]:
        total = total + moments[number]
    return total


def fixed_shift(x: View, y: View) -> Array:
    """Return a shift near the mean of [x, y], (dx + dy,), from a few evenly spaced rows.

    Second moments about a far origin lose digits. A median of an odd number of rows is close to the mean,
    deaf to outliers, and exact for constant dimensions and for one-hot targets.
    """
    n = x.shape[0]
    count = min(SHIFT_ROWS, n - (n + 1) % 2)
    rows = np.linspace(0, n - 1, count).astype(np.int64)
    medians = np.concatenate([np.median(view[rows].astype(np.float64), axis=0) for view in (x, y)])
    return np.where(np.isfinite(medians), medians, 0.0)


def row_moments(x: View, y: View, rows: Index, shift: Array) -> Moments:
    """Return the moments of some rows of two views; as ``part_moments``."""
    try:
        return part_moments(RowsOf(x, rows), RowsOf(y, rows), np.zeros(len(rows), np.int64), shift)[0]
    except NotFiniteError as error:
        raise NotFiniteError(error.view, int(rows[error.row])) from None


def part_moments(x: View, y: View, part: Index, shift: Array, device: str = "cpu") -> list[Moments]:
    """Return the moments of each part, in one pass.

    x is (n, dx) and y is (n, dy), of any float type; ``part`` (n,) numbers the part, 0..P-1, of each row.
    Rows are read in order, BLOCK_ROWS at a time, so memory does not grow with n. Sums run in float64 on
    ``device``: ``cpu`` (BLAS) or a CUDA device. Raises AnalysisError with the first row that holds NaN or
    infinity.
    """
    dims = x.shape[1], y.shape[1]
    sums_on = _CpuSums if device == "cpu" else _TorchSums
    sums = [sums_on(dims, shift, device) for _ in range(int(part.max()) + 1)]
    for rows in row_blocks(len(part)):
        block_x, block_y = x[rows], y[rows]
        for number in np.unique(part[rows]):
            inside = np.flatnonzero(part[rows] == number)
            if not sums[number].add(block_x[inside], block_y[inside]):
                _refuse_not_finite(block_x, block_y, rows)
    return [item.moments() for item in sums]


def cross_moments(x: View, y: View, part: Index, orders: Sequence[Index], shift: Array) -> Array:
    """Return sums of (x[i] - shift)(y[order[i]] - shift)' for each order and part, (orders, parts, dx, dy).

    ``orders`` are permutations (n,) of the rows that keep each part; all are summed in one pass over x.
    Products are taken in float32, 8,192 rows at a time: permuted targets have no digits to lose.
    """
    dims = x.shape[1], y.shape[1]
    sums = np.zeros((len(orders), int(part.max()) + 1, *dims))
    for rows in row_blocks(len(part)):
        rows = rows[np.argsort(part[rows], kind="stable")]
        block_x = (x[rows] - shift[: dims[0]]).T.astype(np.float32)
        numbers, starts = np.unique(part[rows], return_index=True)
        for order, totals in zip(orders, sums, strict=True):
            block_y = (y[order[rows]] - shift[dims[0] :]).astype(np.float32)
            for number, start, stop in zip(numbers, starts, [*starts[1:], len(rows)], strict=True):
                totals[number] += block_x[:, start:stop] @ block_y[start:stop]
    return sums


class _CpuSums:
    """Sums of one part, accumulated in place by BLAS; a symmetric update fills one triangle of ``outer``."""

    def __init__(self, dims: tuple[int, int], shift: Array, _device: str) -> None:
        self.dim_x, self.shift = dims[0], shift
        self.n, self.total = 0, np.zeros(sum(dims))
        self.outer = np.zeros((sum(dims), sum(dims)), order="F")

    def add(self, x: NDArray[Any], y: NDArray[Any]) -> bool:
        """Add rows; return whether all were finite."""
        z = np.empty((len(x), len(self.shift)))
        np.subtract(x, self.shift[: self.dim_x], out=z[:, : self.dim_x])
        np.subtract(y, self.shift[self.dim_x :], out=z[:, self.dim_x :])
        self.n += len(z)
        self.total += z.sum(axis=0)
        self.outer = dsyrk(1.0, z.T, beta=1.0, c=self.outer, overwrite_c=1, lower=1)
        return bool(np.isfinite(self.total).all())

    def moments(self) -> Moments:
        outer = np.tril(self.outer) + np.tril(self.outer, -1).T
        return Moments(self.n, self.total, outer, self.shift, self.dim_x)


class _TorchSums:
    """Sums of one part on a GPU; nothing else here needs torch, which takes seconds to import."""

    def __init__(self, dims: tuple[int, int], shift: Array, device: str) -> None:
        import torch

        self.torch = torch
        self.dim_x, self.shift = dims[0], torch.from_numpy(shift).to(device)
        self.n, self.total = 0, torch.zeros_like(self.shift)
        self.outer = self.shift.new_zeros(sum(dims), sum(dims))

    def add(self, x: NDArray[Any], y: NDArray[Any]) -> bool:
        """Add rows; return whether all were finite."""
        z = self.torch.cat([self._on_device(x), self._on_device(y)], dim=1) - self.shift
        self.n += len(z)
        self.total += z.sum(dim=0)
        self.outer.addmm_(z.T, z)
        return bool(self.torch.isfinite(self.total).all())

    def _on_device(self, rows: NDArray[Any]) -> "torch.Tensor":
        return self.torch.from_numpy(np.ascontiguousarray(rows)).to(self.shift.device).double()

    def moments(self) -> Moments:
        total, outer, shift = (item.cpu().numpy() for item in (self.total, self.outer, self.shift))
        return Moments(self.n, total, outer, shift, self.dim_x)


def row_blocks(n: int) -> Iterator[Index]:
    """Return the numbers 0..n-1, BLOCK_ROWS at a time."""
    for start in range(0, n, BLOCK_ROWS):
        yield np.arange(start, min(start + BLOCK_ROWS, n))


class NotFiniteError(AnalysisError):
    """A row of a view ("x" or "y") holds NaN or infinity."""

    def __init__(self, view: str, row: int) -> None:
        super().__init__(f"row {row} of {view} holds NaN or infinity; extract the features again")
        self.view, self.row = view, row


def _refuse_not_finite(x: NDArray[Any], y: NDArray[Any], rows: Index) -> None:
    for name, view in (("x", x), ("y", y)):
        bad = np.flatnonzero(~np.isfinite(view).all(axis=1))
        if bad.size:
            raise NotFiniteError(name, int(rows[bad[0]]))
