"""Feature extraction: batching, pooling, log-mel and the Zarr store."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.features.segments import pool
    from layerwise.features.store import FeatureStore

__all__ = ["FeatureStore", "pool"]

__getattr__, __dir__ = exports(
    __name__, {"FeatureStore": "layerwise.features.store", "pool": "layerwise.features.segments"}
)
