"""Partial CCA: what two views share beside a third one, from second moments.

Both views are regressed on the third one (with an intercept, by the training rows alone) and CCA sees the
residuals: a Schur complement of the moments (Rao 1969; Anderson 2003, section 12.6).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index, Moments, View

# Standardised directions of the third view with less than this share of the largest variance depend on
# others.
DEPENDENT = 1e-10
# A dimension with less than this share of its variance left is explained altogether.
EXPLAINED = 1e-9


@dataclass(frozen=True)
class SideBySide:
    """The view whose columns are those of several views of the same rows, left to right."""

    views: tuple[View, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""
        return (self.views[0].shape[0], sum(view.shape[1] for view in self.views))

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        return np.concatenate([view[rows] for view in self.views], axis=1)


@dataclass(frozen=True)
class Mapped:
    """The view whose rows are those of another one times ``matrix`` (dim, k)."""

    view: View
    matrix: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""
        return (self.view.shape[0], self.matrix.shape[1])

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        mapped: NDArray[Any] = self.view[rows].astype(np.float64) @ self.matrix
        return mapped


def residual_map(train: Moments, dim_z: int) -> Array:
    """Return M (dx + dy, dx + dy + dz) that takes rows [x, y, z] to what z leaves of [x, y].

    Coefficients are those of least squares on the training rows that ``train`` describes (minimum norm where
    dimensions of z depend on each other). Dimensions that z explains altogether become zero.
    """
    C, kept = train.covariance, len(train.total) - dim_z
    scale = np.sqrt(np.diag(C)[kept:])
    scale = np.divide(1.0, scale, out=np.zeros(dim_z), where=scale > 0)
    values, vectors = np.linalg.eigh(C[kept:, kept:] * np.outer(scale, scale))
    independent = values > DEPENDENT * max(float(values[-1]), 0.0)
    whitener = scale[:, None] * vectors[:, independent] / np.sqrt(values[independent])
    loadings = C[:kept, kept:] @ whitener
    variances = np.diag(C)[:kept]
    left = variances - np.einsum("ij,ij->i", loadings, loadings) > EXPLAINED * variances
    residual: Array = np.hstack([np.eye(kept), -loadings @ whitener.T]) * left[:, None]
    return residual


def mapped_moments(moments: Moments, matrix: Array | None) -> Moments:
    """Return the moments of rows [x, y, z] times a matrix, such as ``residual_map``; None: the same.

    As many of the new dimensions belong to x as before.
    """
    if matrix is None:
        return moments
    kept, outer = len(matrix), moments.outer
    if kept < len(outer):  # the square on its left is diagonal, so that thin products do
        diagonal, loadings = np.diag(matrix)[:, None], matrix[:, kept:]
        half = diagonal * outer[:kept] + loadings @ outer[kept:]
        outer = half[:, :kept] * diagonal.T + half[:, kept:] @ loadings.T
    else:
        outer = matrix @ outer @ matrix.T
    return replace(moments, total=matrix @ moments.total, outer=outer, shift=matrix @ moments.shift)
