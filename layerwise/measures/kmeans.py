"""k-means as HuBERT and Pasad et al. cluster features (MiniBatchKMeans), the same whatever the threads."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from layerwise.cca.moments import Index

BATCH = 4096
ITERATIONS = 500  # as published; rarely reached


def fit_clusters(train: NDArray[Any], clusters: int, seed: int) -> MiniBatchKMeans:
    """Return k-means fitted on rows (n, dim), at least as many as there are clusters."""
    means = MiniBatchKMeans(
        clusters,
        batch_size=BATCH,
        init_size=3 * max(BATCH, clusters),
        max_iter=ITERATIONS,
        n_init=1,
        random_state=seed,
    )
    # OpenMP's limit is one of the thread, unlike BLAS's: this runs in a worker thread.
    with threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        # Fewer distinct rows than clusters leave clusters empty, which does not matter here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return means.fit(train)


def assign_clusters(means: MiniBatchKMeans, rows: NDArray[Any]) -> Index:
    """Return the cluster (n,) of each row."""
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(means.predict(rows), np.int64)
