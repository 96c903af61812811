"""The audio encoder of Qwen2-Audio: a Whisper encoder that does not attend to padding, and pools at its end.

Layers: ``C1``, ``C2`` are the convolutions after their GELU, ``T0-pos`` is ``C2`` again, ``T0`` that plus
positions, ``Tl`` the output of block l, every 20 ms. After the last block the encoder averages pairs of
frames and layer-norms the means: ``TL+ln``, every 40 ms, is what the language model's projection gets. An odd
last frame is in no pair.

The language model masks padding in its encoder, so the frames of an utterance do not depend on the rest of
the 30 s window. Only the utterance and the stem's view beyond it are computed here.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from torch.nn.functional import gelu
from transformers.masking_utils import create_bidirectional_mask
from transformers.models.qwen2_audio.modeling_qwen2_audio import Qwen2AudioEncoder

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import ModelError
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform
from layerwise.models.blocks import describe_blocks
from layerwise.models.huggingface import Checkpoint
from layerwise.specs.parts import PARTS


class Qwen2AudioModel(SpeechModel):
    """The encoder of a Qwen2-Audio checkpoint; the language model is neither needed nor loaded."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        config, self.extractor = checkpoint.config, checkpoint.extractor
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        hop = self.extractor.hop_length
        self.window_samples = int(self.extractor.n_samples)
        expected = (self.extractor.feature_size, self.window_samples)
        if expected != (config.num_mel_bins, 2 * hop * config.max_source_positions):
            raise ModelError(
                f"{checkpoint.location}: the preprocessor config makes {expected[0]} mel bands of windows of "
                f"{expected[1]} samples, but config.json says {config.num_mel_bins} bands and "
                f"{config.max_source_positions} frames; copy both of one model"
            )
        self.encoder = checkpoint.build(Qwen2AudioEncoder, part=PARTS["qwen2_audio"])
        self.parameters = self.encoder.num_parameters()
        # the periodic Hann window is zero at its first sample; convolutions add a frame on either side
        sees = self.extractor.n_fft - 1 + 2 * hop
        stem, top = Grid(hop, sees, Fraction(0)), Grid(2 * hop, sees + 2 * hop, Fraction(0))
        dim, depth = config.d_model, config.encoder_layers
        pooled = Grid(4 * hop, top.receptive_field + top.stride, Fraction(hop))
        self.table = {
            "C1": Layer(dim, stem, "output of conv layer 1 after GELU"),
            "C2": Layer(dim, top, "output of conv layer 2 after GELU"),
            "T0-pos": Layer(dim, top, "T0 without the positions added to it"),
            **describe_blocks(dim, top, depth, final_norm=False),
            f"T{depth}+ln": Layer(dim, pooled, f"means of pairs of T{depth} after the final layer norm"),
        }

    def num_frames(self, samples: int, layer: str) -> int:
        """Return ceil(samples / stride), and of TL+ln the whole pairs of those of TL."""
        if layer.endswith("+ln"):
            return self.num_frames(samples, "T0") // 2
        return -(-samples // int(self.grid(layer).stride))

    def refusal(self, samples: int) -> str | None:
        """Refuse waveforms without a pair of frames and those longer than the 30 s window."""
        if samples > self.window_samples:
            return (
                f"{samples / SAMPLE_RATE:.2f} s are longer than the {self.window_samples / SAMPLE_RATE:g} s "
                "window of Qwen2-Audio's encoder; split the utterance or leave it out for this model"
            )
        shortest = int(self.grid("T0").stride) + 1
        if samples < shortest:
            return (
                f"{samples} samples are too short for one frame of layer {self.layers[-1]} of {self.source}, "
                f"which pools pairs ({shortest} samples at 16 kHz); leave the utterance out"
            )
        return None

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        encoder = self.encoder
        ends = torch.tensor([self.num_frames(len(waveform), "T0") for waveform in waveforms])
        frames = int(ends.max())
        hidden = gelu(encoder.conv1(self._log_mel(waveforms)))
        values = {"C1": hidden.transpose(1, 2)}
        hidden = gelu(encoder.conv2(hidden)).transpose(1, 2)[:, :frames]
        values["C2"] = values["T0-pos"] = hidden
        hidden = hidden + encoder.embed_positions.weight[:frames]
        values["T0"] = hidden
        mask = None
        if len(set(ends.tolist())) > 1:
            valid = (torch.arange(frames) < ends[:, None]).to(self.device)
            mask = create_bidirectional_mask(encoder.config, hidden, valid)
        for i, block in enumerate(encoder.layers, 1):
            hidden = block(hidden, mask)
            values[f"T{i}"] = hidden
        pooled = encoder.avg_pooler(hidden.transpose(1, 2)).transpose(1, 2)
        values[self.layers[-1]] = encoder.layer_norm(pooled)
        return values

    def _log_mel(self, waveforms: Sequence[Waveform]) -> torch.Tensor:
        """Return log-mel frames (batch, bands, frames) of utterances and what the stem sees beyond them."""
        step = int(self.grid("T0").stride)
        seen = max(map(len, waveforms)) + int(self.grid("C1").receptive_field)
        length = min(-(-seen // step) * step, self.window_samples)
        features = self.extractor(list(waveforms), sampling_rate=SAMPLE_RATE, max_length=length)
        return torch.from_numpy(np.asarray(features["input_features"])).to(self.device, self.dtype)


def load(location: str, options: LoadOptions) -> Qwen2AudioModel:
    """Load the audio encoder of a Qwen2-Audio checkpoint, or a checkpoint of that encoder alone."""
    return Qwen2AudioModel(Checkpoint(location, options, part="audio_config"))
