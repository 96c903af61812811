"""Mutual information of k-means clusters of a layer with labels, held out (Pasad et al. 2021)."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.analyses.base import Scoring, ViewPair
from layerwise.cca.moments import Index, NotFiniteError
from layerwise.cca.splits import dev_test_pairs
from layerwise.errors import InfeasibleError
from layerwise.measures.contingency import Cells
from layerwise.measures.kmeans import assign_clusters, fit_clusters
from layerwise.options.mutual_information import MutualInformationOptions
from layerwise.seeds import derive_seed

CONFIDENCE = (2.5, 97.5)


def score_clusters(views: ViewPair, scoring: Scoring, *, unit: Literal["phone", "word"]) -> pd.DataFrame:
    """Cross-validate the mutual information of clusters and labels: one row per trial.

    ``views.y`` holds labels (n,). Trial t clusters the rows of all parts but two (MiniBatchKMeans with as
    many clusters as the options say for ``unit``, once for each of their seeds), assigns the rows of the
    other two parts to the clusters, and scores I(cluster; label) / H(label) there: 0 if clusters say nothing
    of the label, 1 if they determine it. Nothing is tuned, so the dev part is scored as well (n_dev = 0).

    Columns as those of ``cross_validate``; epsilons are NaN, dim_y is the number of clusters. score, low,
    high and null are means over the seeds. null: the same with permuted labels. The plug-in estimate is
    biased upwards where clusters are many for the rows scored; the null shows by how much. low, high: a
    bootstrap over units. Resampling inflates the plug-in estimate as well, so the interval is that of the
    replicates shifted to have the score as its mean.

    Raises AnalysisError for NaN or infinity, InfeasibleError for more clusters than training rows.
    """
    own = scoring.own if isinstance(scoring.own, MutualInformationOptions) else MutualInformationOptions()
    number_of = own.phone_clusters if unit == "phone" else own.word_clusters
    part = np.atleast_2d(views.part)[0]
    every = np.arange(len(part))
    x = views.x[every]
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise NotFiniteError("x", int(bad[0]))
    labels = np.unique(views.y[every], return_inverse=True)[1]
    records = []
    pairs = dev_test_pairs(int(part.max()) + 1, scoring.options.trials, scoring.seed)
    for trial, pair in enumerate(pairs):
        scored = np.isin(part, pair)
        train, test = np.flatnonzero(~scored), np.flatnonzero(scored)
        if number_of > len(train):
            raise InfeasibleError(
                f"{number_of} clusters need at least as many training segments and there are "
                f"{len(train)}: lower the number under `mutual_information`, or use more data"
            )
        values = []
        for number in range(own.seeds):
            seed = derive_seed(scoring.seed, "k-means", trial, number)
            clusters = _assign(x[train], x[test], number_of, seed)
            values.append(_values(clusters, labels[test], views.units[test], own.bootstrap, seed))
        score, low, high, null = np.mean(values, axis=0)
        records.append(
            {
                "trial": trial,
                "score": score,
                "low": low,
                "high": high,
                "null": null,
                "epsilon_x": np.nan,
                "epsilon_y": np.nan,
                "n_train": len(train),
                "n_dev": 0,
                "n_test": len(test),
                "n_excluded": 0,
                "dim_x": x.shape[1],
                "dim_y": number_of,
            }
        )
    return pd.DataFrame.from_records(records)


def normalised_information(clusters: ArrayLike, labels: ArrayLike) -> float:
    """Return I(cluster; label) / H(label) of integer codes (n,); 0 if all labels are the same."""
    cells = Cells(np.asarray(clusters), np.asarray(labels))
    return float(cells.information(cells.table)[0])


def _assign(train: NDArray[Any], test: NDArray[Any], clusters: int, seed: int) -> Index:
    means = fit_clusters(np.ascontiguousarray(train, np.float32), clusters, seed)
    return assign_clusters(means, np.ascontiguousarray(test, np.float32))


def _values(
    clusters: Index, labels: Index, units: NDArray[Any], replicates: int, seed: int
) -> tuple[float, float, float, float]:
    """Score, low, high and null of one clustering."""
    rng = np.random.default_rng(derive_seed(seed, "resampling"))
    score = normalised_information(clusters, labels)
    null = normalised_information(clusters, rng.permutation(labels))
    names = len(np.unique(units))
    if names < 2 or replicates == 0:
        return score, np.nan, np.nan, null
    cells = Cells(clusters, labels)
    draws = rng.multinomial(names, np.full(names, 1 / names), replicates)
    scores = cells.information(draws @ cells.by_unit(units))
    low, high = np.percentile(scores - scores.mean(), CONFIDENCE)
    return score, score + float(low), score + float(high), null
