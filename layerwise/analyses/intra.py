"""Another layer of the same model: how far each layer has moved from the input (CCA-intra).

The target is view x and the layer view y: with equal dimensions the weights are then the layer's, as
published. Layers with another stride than the target are not part of the analysis.
"""

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.frames import PairedFrames
from layerwise.errors import InfeasibleError
from layerwise.layers import is_conv, layer_index


def prepare_t0(request: Request) -> PreparedTarget:
    """Compare with T0, the input of the first block."""
    request.check_utterances()
    return _prepare(request, "T0")


def prepare_conv(request: Request) -> PreparedTarget:
    """Compare with the last conv layer, the paper's layer 0. Raises InfeasibleError without any."""
    request.check_utterances()
    layers = request.source.layers
    conv = [layer for layer in layers if is_conv(layer)]
    if not conv:
        raise InfeasibleError(f"{request.name}: {request.source.model} has no conv layers to compare with")
    return _prepare(request, max(conv, key=lambda layer: layer_index(layer, layers)))


def _prepare(request: Request, target: str) -> PreparedTarget:
    source = request.source
    layers = [layer for layer in source.layers if source.stride(layer) == source.stride(target)]
    return PairedFrames(request, source, target, layers, layer_first=False)


INTRA = Analysis(prepare_t0, permute=False)
INTRA_CONV = Analysis(prepare_conv, permute=False)
