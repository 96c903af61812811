"""A vector for each word or phone, from a file: GloVe, acoustic word embeddings, linguistic attributes."""

from typing import Literal

import numpy as np

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.segments import LabelledSegments
from layerwise.errors import AnalysisError
from layerwise.features.source import SegmentKind

# Names that the literature uses; any other name may be configured and stands for itself.
TITLES = {
    "cca-glove": "CCA-glove (GloVe word vectors)",
    "cca-agwe": "CCA-agwe (acoustic word embeddings)",
    "cca-semantic": "CCA-semantic (semantic attributes)",
    "cca-syntactic": "CCA-syntactic (syntactic attributes)",
    "cca-features": "CCA-features (articulatory features)",
}


def vector_analysis(
    name: str, unit: SegmentKind, split: Literal["utterance", "type"] = "utterance"
) -> Analysis:
    """Return the analysis of phones or words with the vectors of their labels.

    ``split`` is what a part keeps whole: ``utterance`` (or what the run splits by) has types in training
    and test at once, so a score may come from telling types apart; ``type`` keeps all tokens of a type in one
    part, so that directions must carry over to unseen types.
    """

    def prepare(request: Request) -> PreparedTarget:
        table = request.vectors
        if table is None:
            raise AnalysisError(f"{name} needs its table of vectors")

        def encode(labels: np.ndarray) -> np.ndarray:
            return table.loc[labels].to_numpy(np.float32)

        return LabelledSegments(request, unit, encode, known=set(table.index), by_type=split == "type")

    return Analysis(
        title=TITLES.get(name, name),
        method=f"with the vector of each {unit} ({name})",
        prepare=prepare,
        unit=unit,
        permute=True,
    )
