"""Speech models behind one interface: :func:`load_model`."""

from typing import TYPE_CHECKING

from layerwise.lazy import exports

if TYPE_CHECKING:
    from layerwise.models.base import Activations, Grid, Layer, LoadOptions, SpeechModel
    from layerwise.models.loading import load_model

__all__ = ["Activations", "Grid", "Layer", "LoadOptions", "SpeechModel", "load_model"]

_BASE = "layerwise.models.base"
__getattr__, __dir__ = exports(
    __name__, {**dict.fromkeys(__all__, _BASE), "load_model": "layerwise.models.loading"}
)
