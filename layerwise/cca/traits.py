"""What else the moments tell of a layer and its score: effective rank, ceiling, learning curve."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from layerwise.cca.folds import Fold, Partition
from layerwise.cca.moments import Array, Moments
from layerwise.cca.partial import mapped_moments
from layerwise.cca.pwcca import Directions, held_out
from layerwise.cca.regularised import fit
from layerwise.errors import AnalysisError

# So many test parts are enough for a learning curve and a ceiling.
FOLDS = 3
# Shares of the training parts in a learning curve.
SHARES = (0.25, 0.5, 1.0)


def traits(partition: Partition, folds: Sequence[Fold], layer: Literal["x", "y"]) -> dict[str, float]:
    """Return effective rank of the layer's view, ceiling of the score, and NaN for the control."""
    everything = partition.of(range(len(partition.moments)))
    dim_x, dim_y = partition.dims
    own = slice(0, dim_x) if layer == "x" else slice(dim_x, dim_x + dim_y)
    return {
        "effective_rank": effective_rank(everything.covariance[own, own]),
        "ceiling": float(np.mean([ceiling(partition, fold) for fold in folds[:FOLDS]])),
        "control": np.nan,
    }


def effective_rank(covariance: Array) -> float:
    """Return exp of the entropy of the eigenvalues of standardised dimensions (Roy and Vetterli 2007)."""
    variances = np.diag(covariance)
    scale = np.divide(1.0, np.sqrt(variances), out=np.zeros_like(variances), where=variances > 0)
    values = np.maximum(np.linalg.eigvalsh(covariance * np.outer(scale, scale)), 0)
    shares = values[values > 0] / values.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def ceiling(partition: Partition, fold: Fold) -> float:
    """Return the held-out correlation that predictions as unsteady as these can have at most.

    Two halves of the training parts each predict the target on the test rows. From the correlation r of their
    predictions follows that of predictions of the whole training set, 2 r / (1 + r) (Spearman and Brown), and
    its square root bounds the correlation with the target (Spearman 1904). NaN where a half is too small.
    """
    half = len(fold.train) // 2
    try:
        halves = [_learn(partition, fold, fold.train[:half]), _learn(partition, fold, fold.train[half:])]
    except AnalysisError:
        return np.nan
    maps = [_prediction(*learned) for learned in halves]
    residual = partition.residual(partition.of(fold.train))
    dim_x = partition.dims[0]
    S = mapped_moments(fold.tested, residual).covariance[:dim_x, :dim_x]
    images = [S @ predicted for predicted in maps]
    within = np.prod([np.sum(predicted * image) for predicted, image in zip(maps, images, strict=True)])
    r = float(np.sum(maps[0] * images[1]) / np.sqrt(within)) if within > 0 else 0.0
    return float(np.sqrt(max(2 * r / (1 + r), 0.0))) if r > -1 else 0.0


def learning_curve(partition: Partition, folds: Sequence[Fold]) -> pd.DataFrame:
    """Return the mean score, over the first test parts, of ever larger shares of the training parts.

    Columns: parts, n_train (mean), score. Regularisers stay those of the whole training set.
    """
    rows = []
    chosen = folds[:FOLDS]
    for count in sorted({max(1, round(share * len(chosen[0].train))) for share in SHARES}):
        try:
            scored = [_score(partition, fold, fold.train[:count]) for fold in chosen]
        except AnalysisError:
            continue
        sizes, scores = zip(*scored, strict=True)
        rows.append((count, float(np.mean(sizes)), float(np.mean(scores))))
    return pd.DataFrame(rows, columns=["parts", "n_train", "score"])


def _score(partition: Partition, fold: Fold, parts: Sequence[int]) -> tuple[int, float]:
    if len(parts) == len(fold.train):
        return partition.of(parts).n, fold.result.pwcca
    train, directions = _learn(partition, fold, parts)
    residual = partition.residual(partition.of(parts))
    return train.n, held_out(directions, mapped_moments(fold.tested, residual), partition.mode).pwcca


def _learn(partition: Partition, fold: Fold, parts: Sequence[int]) -> tuple[Moments, Directions]:
    """Learn on some parts only, at the regularisers of the fold."""
    train = partition.of(parts)
    train = mapped_moments(train, partition.residual(train))
    return train, fit(train, partition.mode).directions(*fold.pair)


def _prediction(train: Moments, directions: Directions) -> Array:
    """Return what takes x to the standardised target that the canonical directions predict, (dx, dy)."""
    S = train.covariance[train.dim_x :, train.dim_x :]
    deviations = np.sqrt(np.diag(S))
    loadings = S @ directions.B / np.where(deviations > 0, deviations, np.inf)[:, None]
    predicted: Array = (directions.A * directions.correlations) @ loadings.T
    return predicted
