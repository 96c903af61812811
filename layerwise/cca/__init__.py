"""Canonical correlation analysis of layers: held-out, regularised, projection-weighted."""

from layerwise.cca.crossval import EPSILONS, SplitScore, cross_validate, score_split

__all__ = ["EPSILONS", "SplitScore", "cross_validate", "score_split"]
