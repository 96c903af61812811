"""Other yardsticks of a layer than correlation."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.measures.abx_score import abx
    from layerwise.measures.retrieval import word_map
    from layerwise.measures.units import unit_quality

__all__ = ["abx", "unit_quality", "word_map"]

__getattr__, __dir__ = exports(
    __name__,
    {
        "abx": "layerwise.measures.abx_score",
        "unit_quality": "layerwise.measures.units",
        "word_map": "layerwise.measures.retrieval",
    },
)
