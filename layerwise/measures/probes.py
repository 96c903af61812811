"""Linear probes of a layer in closed form: ridge regression, nearest class mean, description length."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import logsumexp

from layerwise.cca.moments import Array, Index, Moments, View, fixed_shift, part_moments, sum_of
from layerwise.cca.splits import rotation
from layerwise.cca.views import OneHot
from layerwise.errors import AnalysisError
from layerwise.measures.estimates import Estimate, ratio, sum_by
from layerwise.seeds import derive_seed

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SHRINKAGES = (0.001, 0.01, 0.1, 0.3, 0.9)
# Shares of the rows after which the probe is fitted anew (Voita and Titov 2020, section 2.2).
SHARES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
CONSTANT = 1e-7  # of the root mean square: a standard deviation below it is rounding


class Standard(NamedTuple):
    """How rows are standardised: less the mean (dim,), times the scale (dim,), 0 for constant dimensions."""

    mean: Array
    scale: Array

    def __call__(self, rows: NDArray[np.floating]) -> Array:
        """Return rows (n, dim) standardised, in float64."""
        return (rows.astype(np.float64) - self.mean) * self.scale


class ClassMeans(NamedTuple):
    """Standardised means of classes (classes, dim), and how many rows each class has, (classes,)."""

    means: Array
    counts: Array


def standard(train: Moments) -> Standard:
    """Return the standardisation of x by training rows."""
    inside = slice(0, train.dim_x)
    deviation = np.sqrt(np.maximum(np.diag(train.covariance)[inside], 0.0))
    live = deviation > CONSTANT * train.rounding[inside]
    return Standard(train.mean[inside], np.divide(1.0, deviation, out=np.zeros_like(deviation), where=live))


def ridge_weights(train: Moments, how: Standard, ridges: Sequence[float]) -> list[Array]:
    """Return the weights (dim_x, dim_y) of ridge regression of y on standardised x, for each ridge.

    They minimise the mean over training rows of |y - mean - W'x|^2, plus ridge |W|^2: as scikit-learn's
    ``Ridge(alpha=ridge * n)``.
    """
    dim = train.dim_x
    within = train.covariance[:dim, :dim] * np.outer(how.scale, how.scale)
    cross = train.covariance[:dim, dim:] * how.scale[:, None]
    values, vectors = eigh(within)
    turned = vectors.T @ cross
    return [vectors @ (turned / (np.maximum(values, 0.0) + ridge)[:, None]) for ridge in ridges]


def class_means(train: Moments, how: Standard) -> ClassMeans:
    """Return the means of classes of x; y is one-hot. Classes without rows have the mean of all."""
    dim = train.dim_x
    shift_x, shift_y = train.shift[:dim], train.shift[dim:]
    counts = train.total[dim:] + train.n * shift_y
    # Sums over the rows of a class, about shift_x.
    sums = train.outer[:dim, dim:].T + np.outer(shift_y, train.total[:dim])
    there = counts > 0.5
    means = np.tile(how.mean, (len(counts), 1))
    means[there] = shift_x + sums[there] / counts[there, None]
    return ClassMeans((means - how.mean) * how.scale, np.where(there, np.round(counts), 0.0))


def ridge_r2(
    x: View, y: View, part: Index, units: NDArray[np.str_], seed: int, ridges: Sequence[float] = RIDGES
) -> Estimate:
    """Return how much of a target a layer predicts linearly, held out: 1 less squared errors over variance.

    x is (n, dim_x), y is (n, dim_y), ``part`` (n,) numbers parts 0..P-1 and ``units`` (n,) are what intervals
    take as drawn. Each part is tested once; the ridge is the best on another part, the rest is training.
    Errors and variance are summed over all tests and dimensions of y; variance is about the training mean,
    so that predicting that scores 0. Raises AnalysisError for NaN or infinity.
    """
    moments = part_moments(x, y, part, fixed_shift(x, y))
    error, variance = np.zeros(len(part)), np.zeros(len(part))
    for dev, test in rotation(len(moments), seed):
        train = sum_of(moments, [number for number in range(len(moments)) if number not in (dev, test)])
        how = standard(train)
        weights = ridge_weights(train, how, ridges)
        mean = train.mean[train.dim_x :]
        rows = np.flatnonzero(part == dev)
        scaled, target = how(x[rows]), y[rows] - mean
        best = int(np.argmin([np.sum((target - scaled @ each) ** 2) for each in weights]))
        rows = np.flatnonzero(part == test)
        scaled, target = how(x[rows]), y[rows] - mean
        error[rows] = np.sum((target - scaled @ weights[best]) ** 2, axis=1)
        variance[rows] = np.sum(target**2, axis=1)
    errors, variances = sum_by(units, error, variance)
    return ratio(variances - errors, variances)


def nearest_mean_accuracy(
    x: View, labels: NDArray[np.str_], part: Index, units: NDArray[np.str_]
) -> Estimate:
    """Return the share of rows whose nearest class mean, of the other parts' rows, is that of their class.

    x is (n, dim), standardised by the training rows; distance is Euclidean. Each part is tested once.
    """
    y = OneHot(labels)
    codes = np.unique(labels, return_inverse=True)[1]
    moments = part_moments(x, y, part, fixed_shift(x, y))
    hit = np.zeros(len(part))
    for test in range(len(moments)):
        train = sum_of(moments, [number for number in range(len(moments)) if number != test])
        how = standard(train)
        means, counts = class_means(train, how)
        rows = np.flatnonzero(part == test)
        nearness = how(x[rows]) @ means.T - np.sum(means**2, axis=1) / 2
        nearness[:, counts == 0] = -np.inf
        hit[rows] = nearness.argmax(axis=1) == codes[rows]
    return ratio(*sum_by(units, hit, np.ones(len(part))))


def compression(
    x: View,
    labels: NDArray[np.str_],
    units: NDArray[np.str_],
    seed: int,
    shrinkages: Sequence[float] = SHRINKAGES,
) -> float:
    """Return how much shorter labels are told to someone who has the layer: uniform code over online code.

    The online (prequential) code of Voita and Titov (2020, arXiv 2003.12298): rows come unit by unit in
    random order, in blocks that end at ``SHARES`` of them; the first block costs log2(classes) a row, and
    each other one what the probe fitted on all blocks before gives it. Theirs is trained by gradient; this
    one is linear discriminant analysis in closed form, on x standardised by the rows it is fitted on, mixed
    with the uniform code as one row of each class would be: (n p + 1) / (n + classes). Its shrinkage, of
    those given, is the one that was shortest so far, the largest at first; so nothing is looked at before
    it is sent. 1 is no compression. It has no interval: it is one code, whose early rows cost the most.
    """
    codes = np.unique(labels, return_inverse=True)[1]
    classes = int(codes.max()) + 1
    block = _blocks(units, seed)
    bits = np.full(len(codes), np.log2(classes))
    y = OneHot(labels)
    moments = part_moments(x, y, block, fixed_shift(x, y))
    so_far = np.zeros(len(shrinkages))
    order = np.argsort(-np.asarray(shrinkages))
    for number in range(1, len(moments)):
        rows = np.flatnonzero(block == number)
        train = sum_of(moments, range(number))
        lengths = code_lengths(train, x[rows], codes[rows], shrinkages)
        chosen = order[np.argmin(so_far[order])]
        bits[rows] = lengths[chosen]
        so_far += lengths.sum(axis=1)
    return float(len(codes) * np.log2(classes) / bits.sum())


def code_lengths(train: Moments, x: NDArray[np.floating], codes: Index, shrinkages: Sequence[float]) -> Array:
    """Return the bits (shrinkages, n) of labels ``codes`` (n,) of rows x (n, dim), from training moments.

    Each shrinkage s takes (1 - s) W + s tr(W) / dim I for the covariance within classes W, as scikit-learn's
    ``LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s)``.
    """
    how = standard(train)
    means, counts = class_means(train, how)
    classes, dim, n = len(counts), train.dim_x, train.n
    covariance = train.covariance[:dim, :dim] * np.outer(how.scale, how.scale)
    within = covariance - (means.T * counts) @ means / n
    values, vectors = eigh(within)
    values = np.maximum(values, 0.0)
    if values.sum() <= dim * CONSTANT:  # no two rows of a class yet: nothing is known of its spread
        return np.full((len(shrinkages), len(x)), np.log2(classes))
    rows, turned = how(x) @ vectors, means @ vectors
    with np.errstate(divide="ignore"):
        priors = np.log(counts / n)
    bits = []
    for shrinkage in shrinkages:
        spread = (1 - shrinkage) * values + shrinkage * values.mean()
        scores = rows @ (turned / spread).T - np.sum(turned**2 / spread, axis=1) / 2 + priors
        own = scores[np.arange(len(codes)), codes] - logsumexp(scores, axis=1)
        bits.append(-np.log2((n * np.exp(own) + 1) / (n + classes)))
    return np.stack(bits)


def _blocks(units: NDArray[np.str_], seed: int) -> Index:
    """Return the block of each row: units in random order, cut where a share of the rows is reached."""
    codes, counts = np.unique(units, return_inverse=True, return_counts=True)[1:]
    if len(counts) < 2:
        raise AnalysisError("labels of one unit cannot be told block by block: use more data")
    order = np.random.default_rng(derive_seed(seed, "online coding")).permutation(len(counts))
    before = np.empty(len(counts))
    before[order] = np.cumsum(counts[order]) - counts[order]  # rows sent before those of the unit
    reached = np.searchsorted(np.array(SHARES) * len(units), before, side="right")
    return np.unique(reached, return_inverse=True)[1][codes]
