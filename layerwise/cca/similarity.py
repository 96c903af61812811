"""Other similarities of two views from the same second moments: linear CKA and SVCCA.

Mean CCA is ``layerwise.cca.pwcca.HeldOut.mean_cca``.
"""

import numpy as np

from layerwise.cca.moments import Array, Moments
from layerwise.cca.pwcca import held_out
from layerwise.cca.regularised import PublishedCCA

SVCCA_VARIANCE = 0.99


def linear_cka(moments: Moments) -> float:
    """Linear centred kernel alignment (Kornblith et al., ICML 2019, equation 5) of the rows described.

    |Cxy|^2 / (|Cxx| |Cyy|) in Frobenius norms of centred second moments. Nothing is trained, so it is
    biased upwards where rows are few for the dimensions.
    """
    C, x, y = moments.covariance, slice(0, moments.dim_x), slice(moments.dim_x, None)
    norms = np.linalg.norm(C[x, x]) * np.linalg.norm(C[y, y])
    return float(np.linalg.norm(C[x, y]) ** 2 / norms) if norms > 0 else 0.0


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
