"""Encoders with a convolutional stem on the waveform: wav2vec 2.0, HuBERT, WavLM, data2vec, SEW and kin.

Layers: ``Ci`` is what conv layer i returns (after its norm and activation), ``T0`` the input of the first
transformer block, ``Tl`` what block l returns; in models that layer-norm the last block's output (pre-LN,
conformer), ``TL`` is the block's output itself and ``TL+ln`` the normalised one.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModel

from layerwise.errors import ModelError
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform, pad
from layerwise.models.blocks import capturing, describe_blocks
from layerwise.models.huggingface import Checkpoint

# model types whose padded batches this module makes equal to single utterances (tested one by one); all
# others are batched by equal length only
PADS_EXACTLY = frozenset(
    {
        "wav2vec2",
        "hubert",
        "wavlm",
        "data2vec-audio",
        "unispeech",
        "unispeech-sat",
        "sew",
        "sew-d",
        "wav2vec2-conformer",
    }
)
# model types with a layer norm after the last block though their config has no do_stable_layer_norm
FINAL_NORM = frozenset({"wav2vec2-conformer"})


class ConvStemModel(SpeechModel):
    """A transformers encoder with ``feature_extractor.conv_layers`` and transformer blocks."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        config = checkpoint.config
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        self.model = checkpoint.build(AutoModel)
        self.parameters = self.model.num_parameters()
        self.normalise = checkpoint.extractor.do_normalize
        self.pads_exactly = config.model_type in PADS_EXACTLY
        self.squeeze = getattr(config, "squeeze_factor", 1)
        try:
            self.convs = self.model.feature_extractor.conv_layers
            encoder = self.model.encoder
            self.blocks = encoder.encoder.layer if config.model_type == "sew-d" else encoder.layers
        except AttributeError as error:
            raise ModelError(
                f"{checkpoint.location}: model type {config.model_type!r} has no conv stem with transformer "
                "blocks that layerwise knows; add a family for it (CONTRIBUTING.md says how)"
            ) from error
        stable = getattr(config, "do_stable_layer_norm", False)
        self.final_norm = encoder.layer_norm if stable or config.model_type in FINAL_NORM else None
        self.table = self._describe(config)

    def _describe(self, config: Any) -> dict[str, Layer]:
        grids = conv_grids(config.conv_kernel, config.conv_stride)
        table = {
            f"C{i}": Layer(dim, grid, f"output of conv layer {i} after its norm and activation")
            for i, (dim, grid) in enumerate(zip(config.conv_dim, grids, strict=True), 1)
        }
        last = grids[-1]
        top = Grid.unpadded(
            last.stride * self.squeeze, last.receptive_field + (self.squeeze - 1) * last.stride
        )
        blocks = describe_blocks(config.hidden_size, top, len(self.blocks), self.final_norm is not None)
        return table | blocks

    def num_frames(self, samples: int, layer: str) -> int:
        """Return floor((samples - receptive field) / stride) + 1, or 0."""
        return self.grid(layer).whole_frames(samples)

    def batch_key(self, samples: int) -> int:
        """All waveforms share a key if padding is exact for this model type, else those of equal length."""
        return 0 if self.pads_exactly else samples

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        if self.normalise:
            waveforms = [_zero_mean_unit_variance(waveform) for waveform in waveforms]
        lengths = [len(waveform) for waveform in waveforms]
        values = pad(waveforms, self.device, self.dtype)
        with ExitStack() as stack:
            captured = stack.enter_context(capturing(self.convs, self.blocks, self.final_norm))
            mask = None
            if len(set(lengths)) > 1:
                stack.enter_context(self._padding_ignored(lengths))
                mask = self._valid(lengths, values.shape[1]).long()
            self.model(values, attention_mask=mask)
        return captured

    def _valid(self, ends: Sequence[int], size: int) -> torch.Tensor:
        """Return a mask (batch, size), true before the end of each row."""
        return torch.arange(size, device=self.device) < torch.tensor(ends, device=self.device)[:, None]

    @contextmanager
    def _padding_ignored(self, lengths: Sequence[int]) -> Iterator[None]:
        """Make the encoder blind to padding where transformers is not, for waveforms of these lengths.

        Group norms in the stem take their statistics over each utterance's own frames. Convolutions over
        frames (positional, and those in conformer blocks) see zeros after its end, as they do at the end of
        a single utterance. The blocks of squeezed models (SEW) attend to whole groups of frames only, as
        pooling leaves nothing else of a single utterance; transformers rounds up in a batch.
        """
        frames = [self.num_frames(length, f"C{len(self.convs)}") for length in lengths]

        def zero_padding(module: nn.Module, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            return (args[0] * self._valid(frames, args[0].shape[-1])[:, None],)

        def mask_padding(module: nn.Module, args: Any, kwargs: Any) -> tuple[Any, Any]:
            ends = [self.num_frames(length, "T0") for length in lengths]
            mask = self._valid(ends, args[0].shape[1])[:, None, None]
            if len(args) > 1:  # SEW-D passes its mask by position
                return (args[0], mask, *args[2:]), kwargs
            return args, {**kwargs, "attention_mask": mask}

        with ExitStack() as stack:
            for index, conv in enumerate(self.convs, 1):
                norm = getattr(conv, "layer_norm", None)
                if isinstance(norm, nn.GroupNorm):
                    ends = [self.num_frames(length, f"C{index}") for length in lengths]
                    norm.forward = partial(group_norm_each, norm, ends)  # type: ignore[method-assign]
                    stack.callback(delattr, norm, "forward")
            for module in self.model.encoder.modules():
                if isinstance(module, nn.Conv1d) and module.kernel_size[0] > 1:
                    stack.callback(module.register_forward_pre_hook(zero_padding).remove)
            if self.squeeze > 1:
                for block in self.blocks:
                    hook = block.register_forward_pre_hook(mask_padding, with_kwargs=True)
                    stack.callback(hook.remove)
            yield


def conv_grids(kernels: Sequence[int], strides: Sequence[int]) -> list[Grid]:
    """Return the grid of each layer of a stack of convolutions on the waveform, none of them padded."""
    total = list(accumulate(strides, int.__mul__))
    steps = [1, *total[:-1]]
    fields = accumulate(((kernel - 1) * step for kernel, step in zip(kernels, steps, strict=True)), initial=1)
    return [Grid.unpadded(*pair) for pair in zip(total, list(fields)[1:], strict=True)]


def _zero_mean_unit_variance(waveform: Waveform) -> Waveform:
    """Normalise a waveform as transformers' Wav2Vec2FeatureExtractor does."""
    normalised: Waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
    return normalised


def group_norm_each(norm: nn.GroupNorm, ends: Sequence[int], hidden: torch.Tensor) -> torch.Tensor:
    """Normalise each utterance of (batch, channels, frames) over its own frames; zeros after its end."""
    output = torch.zeros_like(hidden)
    for row, end in enumerate(ends):
        part = hidden[row : row + 1, :, :end]
        output[row, :, :end] = nn.functional.group_norm(
            part, norm.num_groups, norm.weight, norm.bias, norm.eps
        )[0]
    return output


def load(location: str, options: LoadOptions) -> ConvStemModel:
    """Load a conv-stem encoder."""
    return ConvStemModel(Checkpoint(location, options))
