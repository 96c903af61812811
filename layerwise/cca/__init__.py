"""Canonical correlation analysis of layers: held-out, regularised, projection-weighted."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.cca.crossval import EPSILONS, SplitScore, cross_validate, score_split

__all__ = ["EPSILONS", "SplitScore", "cross_validate", "score_split"]

__getattr__, __dir__ = exports(
    __name__,
    {
        "EPSILONS": "layerwise.cca.crossval",
        "SplitScore": "layerwise.cca.crossval",
        "cross_validate": "layerwise.cca.crossval",
        "score_split": "layerwise.cca.crossval",
    },
)
