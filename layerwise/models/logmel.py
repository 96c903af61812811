"""The log-mel baseline: a model without a model, its single layer ``T0`` the paper's log-mel spectrogram."""

from collections.abc import Sequence

import torch

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models import mel
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform


class LogMel(SpeechModel):
    """80 log-mel bands every 10 ms."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        grid = Grid(mel.HOP, mel.WINDOW, mel.FIRST_CENTRE * SAMPLE_RATE)
        self.table = {"T0": Layer(mel.N_MELS, grid, "log-mel spectrogram, dB / 80 + 1")}

    def num_frames(self, samples: int, layer: str) -> int:
        """Return 1 + samples // 160."""
        return mel.num_frames(samples)

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        spectra = [torch.from_numpy(mel.log_mel(waveform)) for waveform in waveforms]
        return {"T0": torch.nn.utils.rnn.pad_sequence(spectra, batch_first=True).to(self.device)}


def load(location: str, options: LoadOptions) -> LogMel:
    """Load the baseline; it takes no location and has no weights to randomise."""
    if location or options.random:
        raise ModelError("the log-mel baseline takes no location and has no random twin; write `logmel`")
    return LogMel(options.device)
