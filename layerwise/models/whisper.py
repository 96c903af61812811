"""Whisper encoders: log-mel in a 30 s window, hidden states cropped to the utterance.

Whisper is trained with transcripts (weak supervision), not self-supervised. Layers: ``C1``, ``C2`` are the
convolutions after their GELU, ``T0`` the input of the first block (C2 plus positions), ``T0-pos`` that
without positions (which is C2 again), ``Tl`` the output of block l, ``TL+ln`` the last one after the final
layer norm.

The full window costs the same for every utterance, however short, and little of that can be saved exactly.
The last block leaves its padding frames out (``_first_frames``), a fifth of the encoder of tiny. Nothing of
the padding can be computed once and kept: the extractor floors the log-mel at 8 below the utterance's
maximum, so even silent frames depend on the utterance, and after one block on all of it. Computing the
padding's convolutions as one repeated frame would be exact, but the whole stem is 7 % of tiny and less of
larger models. A trimmed window is many times cheaper for short utterances, but changes the upper layers a
lot, since utterances attend to the silence after them: in tiny.en the centred hidden states differ by 20 %
in T1 and 34 % in T4 (median over prompts of two seconds).
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch.nn.functional import gelu
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform
from layerwise.models.blocks import describe_blocks
from layerwise.models.huggingface import Checkpoint

TRIM_SECONDS = 1  # a trimmed window is rounded up to whole seconds, so that batching cannot change it


class WhisperModel(SpeechModel):
    """The encoder of a Whisper checkpoint; the decoder is neither needed nor loaded."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        self.trimmed = checkpoint.options.window == "trimmed"
        self.extractor = checkpoint.extractor
        # checkpoints of the whole model name the encoder's weights model.encoder.* or encoder.*
        self.encoder = checkpoint.build(WhisperEncoder, key_mapping={r"^(model\.)?encoder\.": ""})
        self.parameters = self.encoder.num_parameters()
        self.window_samples = int(self.extractor.n_samples)
        # the periodic Hann window is zero at its first sample
        hop, window = self.extractor.hop_length, self.extractor.n_fft - 1
        dim, depth = checkpoint.config.d_model, checkpoint.config.encoder_layers
        # frames are centred on multiples of the hop; each convolution adds a mel frame on either side
        stem = Grid(hop, window + 2 * hop, Fraction(0))
        top = Grid(2 * hop, window + 4 * hop, Fraction(0))
        self.table = {
            "C1": Layer(dim, stem, "output of conv layer 1 after GELU"),
            "C2": Layer(dim, top, "output of conv layer 2 after GELU"),
            "T0-pos": Layer(dim, top, "T0 without the positions added to it"),
            **describe_blocks(dim, top, depth, final_norm=True),
        }

    def num_frames(self, samples: int, layer: str) -> int:
        """Return ceil(samples / stride)."""
        return -(-samples // self.grid(layer).stride)

    def refusal(self, samples: int) -> str | None:
        """Refuse empty waveforms and those longer than the 30 s window."""
        if samples > self.window_samples:
            return (
                f"{samples / SAMPLE_RATE:.2f} s are longer than the {self.window_samples / SAMPLE_RATE:g} s "
                "window of a Whisper encoder; split the utterance or leave it out for this model"
            )
        return super().refusal(samples)

    def batch_key(self, samples: int) -> int:
        """Return the window in samples: the same for all, or if trimmed, the utterance in whole seconds."""
        return self._window(samples)

    def cost(self, samples: int) -> int:
        """Return the window in samples."""
        return self._window(samples)

    def _window(self, samples: int) -> int:
        if not self.trimmed:
            return self.window_samples
        step = TRIM_SECONDS * SAMPLE_RATE
        # room for the stem's view beyond the last frame: all up to T0 equals that of the full window
        seen = samples + self.grid("C1").receptive_field
        return min(math.ceil(seen / step) * step, self.window_samples)

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        encoder = self.encoder
        window = self._window(len(waveforms[0]))
        mel = np.asarray(
            self.extractor(list(waveforms), sampling_rate=SAMPLE_RATE, max_length=window)["input_features"]
        )
        hidden = gelu(encoder.conv1(torch.from_numpy(mel).to(self.device, self.dtype)))
        values = {"C1": hidden.transpose(1, 2)}
        values["C2"] = gelu(encoder.conv2(hidden)).transpose(1, 2)
        values["T0-pos"] = values["C2"]
        hidden = values["C2"] + encoder.embed_positions.weight[: values["C2"].shape[1]]
        values["T0"] = hidden
        depth = len(encoder.layers)
        for i, block in enumerate(encoder.layers[:-1], 1):
            hidden = block(hidden, None)
            values[f"T{i}"] = hidden
        frames = self.num_frames(max(map(len, waveforms)), "T0")
        values[f"T{depth}"] = _first_frames(encoder.layers[-1], hidden, frames)
        values[f"T{depth}+ln"] = encoder.layer_norm(values[f"T{depth}"])
        return values


def _first_frames(block: Any, hidden: torch.Tensor, frames: int) -> torch.Tensor:
    """Return only the first frames of a block's output, which still attend to the whole window.

    The last block's padding frames are never read: leaving them out saves a fifth of the whole encoder.
    """
    normed = block.self_attn_layer_norm(hidden)
    attended = block.self_attn(normed[:, :frames], key_value_states=normed)[0]
    hidden = hidden[:, :frames] + attended
    output: torch.Tensor = hidden + block.fc2(block.activation_fn(block.fc1(block.final_layer_norm(hidden))))
    return output


def load(location: str, options: LoadOptions) -> WhisperModel:
    """Load a Whisper encoder."""
    return WhisperModel(Checkpoint(location, options))
