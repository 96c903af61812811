"""F0 and energy of frames, from the store that `layerwise.models.prosody` makes."""

import logging

import numpy as np

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.frames import PairedFrames
from layerwise.errors import AnalysisError, InfeasibleError

logger = logging.getLogger(__name__)

LAYER = "T0"
# Columns of the store.
LOG_F0, VOICED, ENERGY = range(3)


class ProsodyFrames(PairedFrames):
    """Frames of each layer with one column of the prosody store, or only voiced frames with it."""

    def __init__(self, request: Request, column: int, *, voiced: bool) -> None:
        if request.prosody is None:
            raise AnalysisError(f"{request.name} needs the prosody store: ask for the need `prosody`")
        super().__init__(request, request.prosody, LAYER, layer_first=True)
        values = np.asarray(self.target[np.arange(self.target.shape[0])])
        self.target = values[:, [column]]
        if voiced:
            self.kept = values[:, VOICED] > 0
            logger.info(
                "%s: %d of %d frames of 10 ms are unvoiced and left out",
                request.name,
                (~self.kept).sum(),
                len(values),
            )
            if not self.kept.any():
                raise InfeasibleError(f"{request.name}: no frame of the sample is voiced")


def prepare_f0(request: Request) -> PreparedTarget:
    """Compare the layer's frames with log F0 where there is voice; other frames have none."""
    return ProsodyFrames(request, LOG_F0, voiced=True)


def prepare_energy(request: Request) -> PreparedTarget:
    """Compare the layer's frames with their energy in dB."""
    return ProsodyFrames(request, ENERGY, voiced=False)


F0 = Analysis(prepare_f0, permute=False)
DECIBELS = Analysis(prepare_energy, permute=False)
