"""F0, voicing and energy of frames: a model without a model, what `cca-f0` and `cca-energy` compare with.

F0 is that of pYIN (Mauch and Dixon 2014) in librosa, which decides on voicing as well; it is deterministic.
librosa, an extra (``pip install layerwise[prosody]``), is imported where it is used. Other libraries were no
choice: Praat's bindings are under the GPL, pyworld has no wheels for these versions of Python, and torchaudio
has no decision on voicing.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform

HOP = 160
F0_WINDOW = 1024  # samples: four periods of the lowest F0
F0_RANGE = (65.0, 500.0)  # Hz
REFERENCE = 100.0  # Hz: octaves above it are small numbers, which a store of 16 bits keeps to 1 cent
ENERGY_WINDOW = 400
SILENCE = 1e-8  # -80 dB of full scale; digital silence has no logarithm


class Prosody(SpeechModel):
    """Octaves of F0 above 100 Hz (0 where there is no voice), voicing (0 or 1), energy (dB), every 10 ms."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        grid = Grid(HOP, F0_WINDOW, Fraction(0))
        self.table = {"T0": Layer(3, grid, "octaves of F0 above 100 Hz, voicing, energy in dB")}

    def num_frames(self, samples: int, layer: str) -> int:
        """Return 1 + samples // 160."""
        return 1 + samples // HOP if samples else 0

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        tracks = [torch.from_numpy(prosody(waveform)) for waveform in waveforms]
        return {"T0": torch.nn.utils.rnn.pad_sequence(tracks, batch_first=True).to(self.device)}


def prosody(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return octaves of F0 above 100 Hz, voicing and energy of frames centred every 160 samples, (frames, 3).

    Energy is that of a Hann window of 25 ms, in dB of full scale, at least -80.
    """
    try:
        import librosa
    except ImportError as error:
        raise ModelError(
            "F0 needs librosa, which is not installed: `pip install layerwise[prosody]`, or leave cca-f0 and "
            "cca-energy out"
        ) from error

    low, high = F0_RANGE
    f0, voiced, _ = librosa.pyin(
        waveform,
        fmin=low,
        fmax=high,
        sr=SAMPLE_RATE,
        frame_length=F0_WINDOW,
        hop_length=HOP,
        fill_na=REFERENCE,
        center=True,
    )
    octaves = np.where(voiced, np.log2(f0 / REFERENCE), 0.0)
    return np.stack([octaves, voiced, _energy(waveform)], axis=1).astype(np.float32)


def _energy(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    half = ENERGY_WINDOW // 2
    padded = np.pad(waveform.astype(np.float64), half)
    frames = np.lib.stride_tricks.sliding_window_view(padded, ENERGY_WINDOW)[::HOP]
    window = np.hanning(ENERGY_WINDOW + 1)[:-1]
    power = (frames**2) @ window / window.sum()
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, SILENCE))
    return decibels


def load(location: str, options: LoadOptions) -> Prosody:
    """Load it; it takes no location and has no weights to randomise."""
    if location or options.random:
        raise ModelError("prosody takes no location and has no random twin; write `prosody`")
    return Prosody(options.device)
