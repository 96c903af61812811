"""Canonical correlation analysis of layers: held-out, regularised, projection-weighted.

Names are imported when they are used: importing one module of the engine does not import the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from layerwise.cca.crossval import EPSILONS, SplitScore, cross_validate, score_split

__all__ = ["EPSILONS", "SplitScore", "cross_validate", "score_split"]

_MODULES = {
    "EPSILONS": "layerwise.cca.crossval",
    "SplitScore": "layerwise.cca.crossval",
    "cross_validate": "layerwise.cca.crossval",
    "score_split": "layerwise.cca.crossval",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
