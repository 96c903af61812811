"""A vector for each word or phone, from a file: GloVe, acoustic word embeddings, linguistic attributes."""

import numpy as np

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.segments import LabelledSegments
from layerwise.errors import AnalysisError
from layerwise.options.vectors import VectorTarget


def prepare(request: Request) -> PreparedTarget:
    """Compare phones or words with the vectors of their labels.

    Parts that keep utterances (or what the run splits by) whole have types in training and test at once, so a
    score may come from telling types apart; those that keep types whole ask directions to carry over to
    unseen types. Control targets are the vectors permuted among the types. Raises AnalysisError without
    the table of vectors.
    """
    table, own = request.vectors, request.own
    if table is None or not isinstance(own, VectorTarget):
        raise AnalysisError(f"{request.name} needs its table of vectors")

    def encode(labels: np.ndarray) -> np.ndarray:
        return table.loc[labels].to_numpy(np.float32)

    return LabelledSegments(request, own.unit, encode, known=set(table.index), control="permute")


VECTORS = Analysis(prepare, permute=True, own=VectorTarget)
