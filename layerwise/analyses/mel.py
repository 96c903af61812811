"""Log-mel filterbanks: how much of the spectrum a layer still holds (Pasad et al. 2021, CCA-mel)."""

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.frames import PairedFrames
from layerwise.errors import AnalysisError

LOGMEL_LAYER = "T0"


def prepare(request: Request) -> PreparedTarget:
    """Pair each layer's frames with log-mel frames. Raises AnalysisError without the log-mel store."""
    if request.logmel is None:
        raise AnalysisError(f"{request.name} needs the log-mel store: add the model `logmel`")
    return PairedFrames(request, request.logmel, LOGMEL_LAYER, layer_first=True)


MEL = Analysis(prepare, permute=False)
