"""Parakeet: the FastConformer encoder of NeMo's recognisers (Rekesh et al., arXiv 2305.05084).

The checkpoint's feature extractor makes log-mel frames every 10 ms (pre-emphasis, 25 ms windows) and
normalises each band over the utterance; strided convolutions over time and bands leave one frame of eight.
Layers: ``T0`` is the input of the first block (the convolutions' maps after their projection), ``Tl`` what
block l returns; each block ends in a layer norm of its own. The maps themselves, channels times bands, are no
layers. CTC and transducer heads are not loaded.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import torch
from transformers.models.parakeet.modeling_parakeet import ParakeetEncoder

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models.base import Grid, LoadOptions, SpeechModel, Waveform
from layerwise.models.blocks import capturing, describe_blocks
from layerwise.models.huggingface import Checkpoint

FEWEST_FRAMES = 2  # of log-mel: fewer have no variance to be normalised by


class ParakeetModel(SpeechModel):
    """A FastConformer encoder with its log-mel frames."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        config, self.extractor = checkpoint.config, checkpoint.extractor
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        if self.extractor.feature_size != config.num_mel_bins:
            raise ModelError(
                f"{checkpoint.location}: the preprocessor config makes {self.extractor.feature_size} mel "
                f"bands, but config.json says {config.num_mel_bins}; copy both of one model"
            )
        self.model = checkpoint.build(ParakeetEncoder, part=r"(?:model\.)?encoder\.")
        self.parameters = self.model.num_parameters()
        self.blocks = self.model.layers
        self.hop = int(self.extractor.hop_length)
        self.convs = int(math.log2(config.subsampling_factor))
        self.kernel, self.step = config.subsampling_conv_kernel_size, config.subsampling_conv_stride
        self.table = describe_blocks(config.hidden_size, self._grid(), len(self.blocks), final_norm=False)

    def _grid(self) -> Grid:
        """Return the grid of the last convolution.

        The symmetric Hann window is zero at both of its ends, and pre-emphasis looks one sample back; a frame
        of log-mel is centred on a multiple of the hop less that sample. Convolutions pad both sides.
        """
        hop, stride = self.hop, 1
        sees, centre = self.extractor.win_length - 2, Fraction(-1, 2)
        if self.extractor.preemphasis is not None:
            sees, centre = sees + 1, centre - Fraction(1, 2)
        for _ in range(self.convs):
            sees += (self.kernel - 1) * stride * hop
            centre += (Fraction(self.kernel - 1, 2) - (self.kernel - 1) // 2) * stride * hop
            stride *= self.step
        return Grid(stride * hop, sees, centre)

    def num_frames(self, samples: int, layer: str) -> int:
        """Return how many frames the convolutions make of the utterance's floor(samples / hop) of log-mel."""
        frames = samples // self.hop
        if frames < FEWEST_FRAMES:
            return 0
        for _ in range(self.convs):
            frames = (frames + 2 * ((self.kernel - 1) // 2) - self.kernel) // self.step + 1
        return frames

    def refusal(self, samples: int) -> str | None:
        """Refuse waveforms with too few frames of log-mel to normalise."""
        if self.num_frames(samples, "T0"):
            return None
        shortest = FEWEST_FRAMES * self.hop
        return (
            f"{samples} samples ({samples / SAMPLE_RATE:.3f} s at 16 kHz) are too short for {self.source}, "
            f"which normalises log-mel frames over the utterance and needs {FEWEST_FRAMES} of them "
            f"({shortest} samples); leave the utterance out"
        )

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        inputs = self.extractor(list(waveforms), sampling_rate=SAMPLE_RATE)
        features = inputs["input_features"].to(self.device, self.dtype)
        # transformers' own mask hides the padding everywhere: in the convolutions, the attention, the blocks
        with capturing((), self.blocks) as captured:
            self.model(features, attention_mask=inputs["attention_mask"].to(self.device))
        return captured


def load(location: str, options: LoadOptions) -> ParakeetModel:
    """Load the encoder of a Parakeet checkpoint (CTC, RNN-T, TDT, or the encoder alone)."""
    return ParakeetModel(Checkpoint(location, options, part="encoder_config"))
