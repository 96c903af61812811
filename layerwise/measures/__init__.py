"""Other yardsticks of a layer than correlation."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.measures.retrieval import word_map

__all__ = ["word_map"]

__getattr__, __dir__ = exports(
    __name__,
    {
        "word_map": "layerwise.measures.retrieval",
    },
)
