"""Mimi, Kyutai's codec (Defossez et al., arXiv 2410.00037): its causal encoder, up to the quantiser.

A stack of causal convolutions (SEANet) makes a frame of 960 samples at 24 kHz, 40 ms; causal transformer
blocks follow, each frame attending to itself and the 10 s before. Layers: ``Ci`` is the output of the i-th
strided convolution, ``T0`` that of the last convolution, the input of the first block, ``Tl`` the output of
block l (pre-LN, without a last layer norm). What the quantiser takes, a convolution of TL every 80 ms, and
the codes are no layers. Quantiser and decoder are not loaded.

Waveforms at 16 kHz are resampled to the codec's rate, one by one, as corpora are (`layerwise.corpus.audio`).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import partial
from typing import Any

import torch
from transformers.models.mimi.modeling_mimi import MimiConv1d, MimiEncoderModel

from layerwise.corpus.audio import SAMPLE_RATE, resample
from layerwise.errors import ModelError
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform, pad
from layerwise.models.blocks import capturing, describe_blocks
from layerwise.models.huggingface import Checkpoint

RATES = (SAMPLE_RATE, 24_000)


class MimiModel(SpeechModel):
    """The causal encoder of a Mimi checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        config = checkpoint.config
        if not config.use_causal_conv:
            raise ModelError(
                f"{checkpoint.location}: `use_causal_conv: false` in config.json is not supported; "
                "Mimi is causal"
            )
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        self.rate = int(config.sampling_rate)
        if self.rate != checkpoint.extractor.sampling_rate:
            raise ModelError(
                f"{checkpoint.location}: the preprocessor config says {checkpoint.extractor.sampling_rate} "
                f"Hz and config.json {self.rate} Hz; copy both of one model"
            )
        self.model = checkpoint.build(MimiEncoderModel)
        self.parameters = self.model.num_parameters()
        self.blocks = self.model.encoder_transformer.layers
        # zeros after an utterance's end are what a single one is padded with, in this mode alone
        self.pads_exactly = config.pad_mode == "constant"
        self.table, self.strides = self._describe(config)

    def _describe(self, config: Any) -> tuple[dict[str, Layer], dict[str, int]]:
        """Return the table of layers, and the stride of each in samples of the codec."""
        table: dict[str, Layer] = {}
        strides: dict[str, int] = {}
        sees, stride = 1, 1
        for conv in self._convs():
            sees += (int(conv.kernel_size) - 1) * stride
            stride *= int(conv.stride)
            if int(conv.stride) > 1:
                name = f"C{len(table) + 1}"
                meaning = f"output of strided conv layer {len(table) + 1}, before its activation"
                table[name] = Layer(conv.conv.out_channels, self._grid(stride, sees), meaning)
                strides[name] = stride
        blocks = describe_blocks(
            config.hidden_size, self._grid(stride, sees), len(self.blocks), final_norm=False
        )
        return table | blocks, strides | dict.fromkeys(blocks, stride)

    def _grid(self, stride: int, sees: int) -> Grid:
        """Return the grid, in samples at 16 kHz, of frames that see nothing from their own end on.

        ``stride`` and ``sees`` are in samples of the codec, of which frame 0 ends before number ``stride``.
        """
        ratio = Fraction(SAMPLE_RATE, self.rate)
        return Grid(stride * ratio, (sees - 1) * ratio + 1, (stride - Fraction(sees + 1, 2)) * ratio)

    def _convs(self) -> list[Any]:
        """Return all convolutions in the order in which they are applied, but those of shortcuts."""
        names = self.model.encoder_seanet._conv1d_layer_names
        return [self.model.encoder_seanet.get_submodule(name) for name in names]

    def num_frames(self, samples: int, layer: str) -> int:
        """Return how many frames the resampled waveform begins: ceil(resampled samples / stride)."""
        return -(-self._resampled(samples) // self.strides[layer])

    def _resampled(self, samples: int) -> int:
        return -(-samples * self.rate // SAMPLE_RATE)

    def batch_key(self, samples: int) -> int:
        """All waveforms share a key where convolutions pad with zeros, else those of equal length."""
        return 0 if self.pads_exactly else samples

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        if self.rate != SAMPLE_RATE:
            waveforms = [resample(waveform, SAMPLE_RATE, self.rate) for waveform in waveforms]
        values = pad(waveforms, self.device, self.dtype)[:, None]
        strided = [conv for conv in self._convs() if int(conv.stride) > 1]
        with capturing(strided, self.blocks) as captured, self._padding_silent([*map(len, waveforms)]):
            hidden = self.model.encoder_seanet(values)
            # blocks are causal: frames after an utterance's end change none of its own
            self.model.encoder_transformer(hidden.transpose(1, 2), use_cache=False)
        return captured

    @contextmanager
    def _padding_silent(self, lengths: Sequence[int]) -> Iterator[None]:
        """Let convolutions see zeros after the end of each waveform (samples of the codec), as if alone.

        A convolution looks back only, but its last frame may lie partly after the end: there a single
        utterance is padded with zeros, while in a batch earlier layers have left their biases.
        """
        with ExitStack() as stack:
            if len(set(lengths)) > 1:
                stride = 1
                for module in self.model.encoder_seanet.layers:
                    for conv in module.modules():
                        if isinstance(conv, MimiConv1d):
                            hook = partial(_zero_after, [-(-length // stride) for length in lengths])
                            stack.callback(conv.register_forward_pre_hook(hook, with_kwargs=True).remove)
                    stride *= int(module.stride) if isinstance(module, MimiConv1d) else 1
            yield


def _zero_after(
    ends: Sequence[int], module: torch.nn.Module, args: tuple[torch.Tensor, ...], kwargs: Any
) -> tuple[Any, Any]:
    hidden, *rest = args
    frames = torch.arange(hidden.shape[-1], device=hidden.device)
    valid = frames < torch.tensor(ends, device=hidden.device)[:, None]
    return (hidden * valid[:, None], *rest), kwargs


def load(location: str, options: LoadOptions) -> MimiModel:
    """Load the encoder of a Mimi checkpoint."""
    return MimiModel(Checkpoint(location, options, part="encoder_config", rates=RATES))
