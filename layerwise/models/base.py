"""What every speech model offers: named layers, exact frame grids, exact batched encoding."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import AudioError, ModelError
from layerwise.models.batching import plan_batches
from layerwise.models.waveforms import as_waveforms
from layerwise.seeds import derive_seed

ENCODE_SAMPLES = 30 * SAMPLE_RATE

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """Where the frames of a layer lie on the waveform, in samples at 16 kHz.

    Sample ``i`` lies at time ``i / 16000``; frame ``k`` is centred on sample ``first_centre + k * stride``
    and sees ``receptive_field`` samples (transformer layers: of the conv stem below them). Fractions are for
    models that resample their input.
    """

    stride: int | Fraction
    receptive_field: int | Fraction
    first_centre: Fraction

    @property
    def stride_seconds(self) -> Fraction:
        """Seconds between frames."""
        return Fraction(self.stride, SAMPLE_RATE)

    @property
    def first_centre_seconds(self) -> Fraction:
        """Seconds from the first sample to the centre of the first frame."""
        return self.first_centre / SAMPLE_RATE

    def whole_frames(self, samples: int) -> int:
        """Return how many frames lie whole on a waveform: floor((samples - receptive field) / stride) + 1."""
        return max(0, int((samples - self.receptive_field) // self.stride) + 1)

    @classmethod
    def unpadded(cls, stride: int | Fraction, receptive_field: int | Fraction) -> "Grid":
        """Return the grid of convolutions without padding: the first frame starts at sample 0."""
        return cls(stride, receptive_field, Fraction(receptive_field - 1, 2))


@dataclass(frozen=True)
class Layer:
    """A layer: its width, its frame grid and what its values are."""

    dim: int
    grid: Grid
    meaning: str


@dataclass(frozen=True)
class LoadOptions:
    """How to load a model; passed unchanged to the loader of its family."""

    revision: str | None
    device: torch.device
    dtype: torch.dtype
    seed: int
    window: str
    random: bool = False


@dataclass(frozen=True)
class Activations:
    """The layers of one padded batch, on the model's device.

    ``values[layer]`` is (batch, frames, dim); of utterance ``i`` the first ``lengths[layer][i]`` frames
    are valid, the rest is undefined.
    """

    values: dict[str, torch.Tensor]
    lengths: dict[str, list[int]]

    def utterance(self, layer: str, index: int) -> torch.Tensor:
        """Return the valid frames (frames, dim) of one utterance."""
        return self.values[layer][index, : self.lengths[layer][index]]


@contextmanager
def seeded(options: LoadOptions) -> Iterator[None]:
    """Draw initial values from the seed of the options, for random twins of any family."""
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(options.seed, "random twin"))
        yield


class SpeechModel(ABC):
    """A frozen speech encoder in evaluation mode.

    Subclasses set the attributes below and implement ``num_frames`` and ``_forward``.
    """

    source: str
    revision: str | None = None
    device: torch.device
    table: dict[str, Layer]
    parameters: int = 0

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names from the input upwards: C1..Cn, T0..TL, and TL+ln for pre-LN models.

        Where positions are added to the input of the first block, T0-pos is that without them.
        """
        return tuple(self.table)

    @property
    def frame_stride(self) -> Fraction:
        """Seconds between frames of the transformer layers."""
        return self.table["T0"].grid.stride_seconds

    def dim(self, layer: str) -> int:
        """Return the number of dimensions of a layer."""
        return self.table[layer].dim

    def grid(self, layer: str) -> Grid:
        """Return the frame grid of a layer."""
        return self.table[layer].grid

    @abstractmethod
    def num_frames(self, samples: int, layer: str) -> int:
        """Return how many frames of a layer a waveform of that many samples has."""

    @abstractmethod
    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        """Return every layer (batch, frames, dim) of checked waveforms that share a batch key."""

    def refusal(self, samples: int) -> str | None:
        """Say why a waveform of that many samples cannot be encoded, or return None if it can."""
        for layer in self.layers:
            if self.num_frames(samples, layer) < 1:
                needed = self.grid(layer).receptive_field
                return (
                    f"{samples} samples ({samples / SAMPLE_RATE:.3f} s at 16 kHz) are too short for one "
                    f"frame of layer {layer} of {self.source} (receptive field {needed} samples); "
                    "leave the utterance out"
                )
        return None

    def batch_key(self, samples: int) -> int:
        """Return a key: waveforms may share a padded batch if their keys are equal."""
        return 0

    def cost(self, samples: int) -> int:
        """Return how many samples a waveform occupies in a batch of its own."""
        return samples

    def forward(self, waveforms: Sequence[Waveform]) -> Activations:
        """Encode one batch of float32 waveforms (samples,) at 16 kHz that share a batch key.

        Raises AudioError for a waveform that is not float32, not finite, or that ``refusal`` turns down,
        ModelError if the batch keys differ.
        """
        for index, waveform in enumerate(waveforms):
            self._check(index, waveform)
        if len({self.batch_key(len(waveform)) for waveform in waveforms}) > 1:
            raise ModelError(
                f"{self.source}: these waveforms cannot share a padded batch exactly; "
                "plan batches with batch_key, or use encode"
            )
        with torch.inference_mode():
            values = self._forward(waveforms)
        lengths = {
            layer: [self.num_frames(len(waveform), layer) for waveform in waveforms] for layer in self.layers
        }
        return Activations(values, lengths)

    def encode(
        self,
        waveforms: Sequence[Waveform | torch.Tensor] | NDArray[Any] | torch.Tensor,
        batch_samples: int = ENCODE_SAMPLES,
    ) -> list[dict[str, NDArray[np.float32]]]:
        """Encode 16 kHz waveforms (samples,), in batches of at most ``batch_samples``.

        A waveform is an array or tensor of any float type with values of about -1 to 1; a single one need
        not be in a list. Returns one dictionary per waveform, also for a single one, layer name to float32
        array (frames, dim). How waveforms are batched changes no value by more than float32 rounding. Raises
        AudioError, naming the waveform by its index, as ``forward`` and ``as_waveforms`` do.
        """
        waveforms = as_waveforms(waveforms)
        for index, waveform in enumerate(waveforms):
            self._check(index, waveform)
        encoded: list[dict[str, NDArray[np.float32]]] = [{} for _ in waveforms]
        lengths = [len(waveform) for waveform in waveforms]
        costs = [self.cost(length) for length in lengths]
        for batch in plan_batches(costs, batch_samples, [self.batch_key(length) for length in lengths]):
            activations = self.forward([waveforms[index] for index in batch])
            for position, index in enumerate(batch):
                encoded[index] = {
                    layer: np.ascontiguousarray(activations.utterance(layer, position).float().cpu().numpy())
                    for layer in self.layers
                }
        return encoded

    def _check(self, index: int, waveform: Waveform) -> None:
        if waveform.ndim != 1 or waveform.dtype != np.float32:
            raise AudioError(
                f"waveform {index}: expected a float32 array (samples,), "
                f"got {waveform.dtype} {waveform.shape}; convert it to mono float32 at 16 kHz"
            )
        if reason := self.refusal(len(waveform)):
            raise AudioError(f"waveform {index}: {reason}")
        if not np.isfinite(waveform).all():
            raise AudioError(f"waveform {index}: holds NaN or infinite samples; repair or leave it out")


def pad(waveforms: Sequence[Waveform], device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return waveforms as one tensor (batch, longest), zeros after the end of each."""
    padded = np.zeros((len(waveforms), max(map(len, waveforms))), dtype=np.float32)
    for row, waveform in zip(padded, waveforms, strict=True):
        row[: len(waveform)] = waveform
    values = torch.from_numpy(padded)
    if device.type == "cuda":
        values = values.pin_memory()  # so that the copy runs beside the computation
    return values.to(device, dtype, non_blocking=device.type == "cuda")
