"""The small trunk: a three-layer stem and a pre-LN transformer, as transformers' HuBERT or wav2vec 2.0."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional
from transformers import HubertConfig, HubertModel, Wav2Vec2Config, Wav2Vec2Model

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.models.precision import keep_grouped_convolutions

Objective = Literal["hubert", "wav2vec2"]
CONV_KERNELS, CONV_STRIDES = (240, 2, 1), (160, 2, 1)
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0


@dataclass(frozen=True)
class Architecture:
    """Sizes of the trunk. The stem keeps the standard 400-sample receptive field and 20 ms stride."""

    channels: int = 256
    width: int = 192
    blocks: int = 6
    heads: int = 4
    feed_forward: int = 768
    positional_kernel: int = 64
    positional_groups: int = 16


def build_trunk(objective: Objective, sizes: Architecture) -> HubertModel | Wav2Vec2Model:
    """Return a randomly initialised HubertModel (masked prediction) or Wav2Vec2Model (contrastive).

    Pre-LN and layer-normalised convolutions ("large" layout), so that padding can be exact. The two
    differ in nothing but their class: after the same torch seed they hold the same weights. The positional
    convolution computes in float32 under autocast.
    """
    settings: dict[str, Any] = {
        "conv_dim": (sizes.channels,) * 3,
        "conv_kernel": CONV_KERNELS,
        "conv_stride": CONV_STRIDES,
        "conv_bias": True,
        "feat_extract_norm": "layer",
        "hidden_size": sizes.width,
        "num_hidden_layers": sizes.blocks,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.feed_forward,
        "num_conv_pos_embeddings": sizes.positional_kernel,
        "num_conv_pos_embedding_groups": sizes.positional_groups,
        "do_stable_layer_norm": True,
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "feat_proj_dropout": 0.0,
        "layerdrop": 0.0,
        "attn_implementation": "eager",
    }
    trunk: HubertModel | Wav2Vec2Model = Wav2Vec2Model(Wav2Vec2Config(**settings))
    first = trunk.feature_extractor.get_submodule("conv_layers.0.conv")
    filters = gabor_filters(sizes.channels, CONV_KERNELS[0])
    first.load_state_dict({"weight": filters, "bias": torch.zeros(sizes.channels)})
    if objective == "hubert":
        hubert = HubertModel(HubertConfig(**settings))
        hubert.load_state_dict(trunk.state_dict())
        trunk = hubert
    keep_grouped_convolutions(trunk)
    return trunk


def gabor_filters(channels: int, length: int) -> Tensor:
    """Return (channels, 1, length) Gabor filters, cosine and sine at mel-spaced frequencies, of unit norm.

    A start for a first convolution as in LEAF (Zeghidour et al. 2021), but free to move away from it.
    """
    mels = torch.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), channels // 2)
    centres = 700 * (torch.pow(10, mels / 2595) - 1)
    # Four filter spacings wide, but never narrower than the window resolves.
    widths = torch.clamp(4 * torch.gradient(centres)[0], min=1.5 * SAMPLE_RATE / length)
    times = (torch.arange(length) - (length - 1) / 2) / SAMPLE_RATE
    envelopes = torch.exp(-0.5 * (math.pi * widths[:, None] * times) ** 2)
    phases = 2 * math.pi * centres[:, None] * times
    filters = torch.stack([envelopes * torch.cos(phases), envelopes * torch.sin(phases)], dim=1).flatten(0, 1)
    return functional.normalize(filters, dim=1)[:, None]


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
