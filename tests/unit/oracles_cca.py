"""Slow, textbook versions of what the engine computes from moments: from the rows themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Pair = tuple[float, float]

DEPENDENT = 1e-8


@dataclass
class Learned:
    """Canonical directions in raw dimensions, (dx, k) and (dy, k), and the training means of both views."""

    A: Array
    B: Array
    means: tuple[Array, Array]


def learn(x: Array, y: Array, train: Rows, epsilons: Pair) -> Learned:
    """CCA of standardised training rows with ridges on the correlation matrices; no dimension is dropped."""
    means = x[train].mean(axis=0), y[train].mean(axis=0)
    standardised, roots = [], []
    for view, mean, epsilon in zip((x, y), means, epsilons, strict=True):
        deviation = view[train].std(axis=0)
        scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-9)
        rows = (view[train] - mean) * scale
        values, vectors = np.linalg.eigh(rows.T @ rows / len(train) + epsilon * np.eye(rows.shape[1]))
        standardised.append(rows)
        roots.append((scale, vectors @ np.diag(values**-0.5) @ vectors.T))
    cross = roots[0][1] @ standardised[0].T @ standardised[1] @ roots[1][1] / len(train)
    U, _, Vt = np.linalg.svd(cross, full_matrices=False)
    A, B = (scale[:, None] * root @ sides for (scale, root), sides in zip(roots, (U, Vt.T), strict=True))
    return Learned(A, B, means)


@dataclass
class Tested:
    """Held-out correlations and PWCCA weights, (k,) each."""

    correlations: Array
    weights: Array

    @property
    def score(self) -> float:
        return float(self.weights @ self.correlations)


def correlations(g: Array, h: Array) -> Array:
    """Correlations of the columns of two matrices; 0 where one does not vary."""
    g, h = g - g.mean(axis=0), h - h.mean(axis=0)
    norms = np.linalg.norm(g, axis=0), np.linalg.norm(h, axis=0)
    alive = (norms[0] > 1e-9) & (norms[1] > 1e-9)
    return np.where(alive, (g * h).sum(axis=0) / np.where(alive, norms[0] * norms[1], 1), 0)


def score(x: Array, y: Array, learned: Learned, test: Rows) -> Tested:
    """Held-out PWCCA (Morcos et al. 2018): P = qr(H'), alpha_i = sum_j |<p_i, x_j>|, all centred."""
    g, h = x[test] @ learned.A, y[test] @ learned.B
    weigh_x = x.shape[1] < y.shape[1]
    view, variates = (x[test], g) if weigh_x else (y[test], h)
    centred = variates - variates.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    P, R = np.linalg.qr(centred / np.where(norms > 1e-9, norms, np.inf))
    weights = np.abs(P.T @ (view - view.mean(axis=0))).sum(axis=1) * (np.diag(R) ** 2 > DEPENDENT)
    return Tested(correlations(g, h), weights / weights.sum())


def choose(x: Array, y: Array, train: Rows, dev: Rows, epsilons: Sequence[Pair]) -> Pair:
    """The pair of ridges with the best dev score."""
    return max(epsilons, key=lambda pair: score(x, y, learn(x, y, train, pair), dev).score)


def residuals(view: Array, z: Array, train: Rows) -> Array:
    """What least squares with an intercept, fitted on the training rows, leaves of all rows of a view."""
    design = np.column_stack([np.ones(len(z)), z])
    coefficients, *_ = np.linalg.lstsq(design[train], view[train], rcond=None)
    return view - design @ coefficients


def without_each_unit(
    x: Array, y: Array, learned: Learned, result: Tested, test: Rows, units: NDArray[Any]
) -> Array:
    """Score of the test rows without each of their units, (m,): directions and weights stay."""
    scores = []
    for unit in np.unique(units[test]):
        rows = test[units[test] != unit]
        scores.append(result.weights @ correlations(x[rows] @ learned.A, y[rows] @ learned.B))
    return np.array(scores)


def folds(
    x: Array,
    y: Array,
    part: NDArray[np.int64],
    pairs: Sequence[tuple[int, int]],
    epsilons: Sequence[Pair],
    z: Array | None = None,
) -> list[tuple[Pair, Learned, Tested, Rows, tuple[Array, Array]]]:
    """Of each (dev, test): ridges chosen, directions, result, test rows and the views that were compared."""
    found = []
    for dev, test in pairs:
        train = np.flatnonzero((part != dev) & (part != test))
        views = (x, y) if z is None else (residuals(x, z, train), residuals(y, z, train))
        pair = choose(*views, train, np.flatnonzero(part == dev), epsilons)
        learned, rows = learn(*views, train, pair), np.flatnonzero(part == test)
        found.append((pair, learned, score(*views, learned, rows), rows, views))
    return found
