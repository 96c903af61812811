"""A vector for each word or phone, from a file: GloVe, acoustic word embeddings, linguistic attributes."""

import numpy as np

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.segments import LabelledSegments
from layerwise.errors import AnalysisError
from layerwise.options.vectors import VectorTarget


def prepare(request: Request) -> PreparedTarget:
    """Compare phones or words with the vectors of their labels.

    ``split`` of the options is what a part keeps whole: ``utterance`` (or what the run splits by) has types
    in training and test at once, so a score may come from telling types apart; ``type`` keeps all tokens of a
    type in one part, so that directions must carry over to unseen types. Raises AnalysisError without the
    table of vectors.
    """
    table, own = request.vectors, request.own
    if table is None or not isinstance(own, VectorTarget):
        raise AnalysisError(f"{request.name} needs its table of vectors")

    def encode(labels: np.ndarray) -> np.ndarray:
        return table.loc[labels].to_numpy(np.float32)

    return LabelledSegments(request, own.unit, encode, known=set(table.index), by_type=own.split == "type")


VECTORS = Analysis(prepare, permute=True, own=VectorTarget)
