"""Canonical correlation analysis of layers: held-out, regularised, projection-weighted."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.cca.arrays import SplitScore, cross_validate, cross_validate_fully, score_split
    from layerwise.cca.crossval import EPSILONS, RIDGES
    from layerwise.cca.curve import draw_curve, layer_curve
    from layerwise.cca.inputs import as_view
    from layerwise.cca.similarity import debiased_cka

__all__ = [
    "EPSILONS",
    "RIDGES",
    "SplitScore",
    "as_view",
    "cross_validate",
    "cross_validate_fully",
    "debiased_cka",
    "draw_curve",
    "layer_curve",
    "score_split",
]

__getattr__, __dir__ = exports(
    __name__,
    {
        "EPSILONS": "layerwise.cca.crossval",
        "RIDGES": "layerwise.cca.crossval",
        "SplitScore": "layerwise.cca.arrays",
        "as_view": "layerwise.cca.inputs",
        "cross_validate": "layerwise.cca.arrays",
        "cross_validate_fully": "layerwise.cca.arrays",
        "debiased_cka": "layerwise.cca.similarity",
        "draw_curve": "layerwise.cca.curve",
        "layer_curve": "layerwise.cca.curve",
        "score_split": "layerwise.cca.arrays",
    },
)
