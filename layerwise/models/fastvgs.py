"""FaST-VGS and FaST-VGS+ (Peng and Harwath, arXiv 2109.08186 and 2202.03543): ``fastvgs:FOLDER``.

FOLDER holds the authors' ``best_bundle.pth`` and ``args.pkl``. Only the audio branch up to its transformer
blocks is loaded. VG-HuBERT is built alike and shares what is here.

Layers: ``C1``..``C7`` are the conv layers after norm and activation, ``T0`` the input of the first block,
``Tl`` the output of block l (post-LN). The blocks also see a CLS vector, which no layer holds: it joins
before the positional convolution in FaST-VGS and after it in VG-HuBERT.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import HubertConfig
from transformers.models.hubert.modeling_hubert import HubertFeatureEncoder, HubertPreTrainedModel

from layerwise.errors import AudioError, ModelError
from layerwise.models.base import Layer, LoadOptions, SpeechModel, Waveform, pad
from layerwise.models.blocks import describe_blocks
from layerwise.models.conv_stem import conv_grids, group_norm_each
from layerwise.models.fairseq_encoder import (
    Fields,
    build,
    encoder_of,
    file_revision,
    original_name,
    run_encoder,
)
from layerwise.models.unpickle import read_checkpoint, read_namespace

BUNDLE, ARGS = "best_bundle.pth", "args.pkl"
CONVS = "[(512, 10, 5)] + [(512, 3, 2)] * 4 + [(512,2,2)] + [(512,2,2)]"


@dataclass(frozen=True)
class Family:
    """What differs between FaST-VGS and VG-HuBERT.

    ``prefix`` is where the audio branch is in the bundle; ``pos_conv`` the original name of its positional
    convolution; ``unused`` are first parts of names of other weights of the bundle. ``always`` says that
    waveforms are normalised and a CLS vector is there whatever the args say.
    """

    name: str
    prefix: str
    pos_conv: str
    cls_first: bool
    always: bool
    unused: tuple[str, ...]

    def original(self, name: str) -> str:
        """Return the original name of a weight of AudioBranch."""
        return self.prefix + original_name(name).replace("encoder.pos_conv.", self.pos_conv, 1)


FAST_VGS = Family(
    name="FaST-VGS",
    prefix="conv1_trm1_trm3.",
    pos_conv="encoder.pos_conv.",
    cls_first=True,
    always=True,
    unused=(
        # wav2vec 2.0's own objective (FaST-VGS+)
        *(f"conv1_trm1_trm3.{head}" for head in ("quantizer", "project_q", "final_proj", "mask_emb")),
        # audio above the transformer
        *("conv2", "trm2", "trm2_proj", "audio_cls_token_proj_coarse", "audio_cls_token_proj_pre"),
        # images
        *("visn_fc", "visual_cls_token", "trm", "visual_cls_token_proj_coarse"),
    ),
)


class AudioBranch(HubertPreTrainedModel):  # type: ignore[no-untyped-call]
    """Conv layers, projection, CLS vector and encoder."""

    def __init__(self, config: HubertConfig, has_cls: bool) -> None:
        super().__init__(config)
        width, dim = config.conv_dim[-1], config.hidden_size
        self.feature_extractor = HubertFeatureEncoder(config)  # type: ignore[no-untyped-call]
        self.layer_norm = nn.LayerNorm(width)
        self.post_extract_proj = nn.Linear(width, dim) if width != dim else nn.Identity()
        self.encoder = encoder_of(config)
        self.post_init()  # type: ignore[no-untyped-call]
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim)) if has_cls else None


class VisuallyGrounded(SpeechModel):
    """The audio branch of a FaST-VGS, FaST-VGS+ or VG-HuBERT checkpoint."""

    def __init__(
        self,
        family: Family,
        args: Mapping[str, Any],
        weights: Mapping[str, Any],
        where: str,
        options: LoadOptions,
    ) -> None:
        """``args`` are those of the authors' training, ``weights`` the dual encoder's."""
        fields = Fields(args, f"{where}/{ARGS}")
        for key, supported in (("layer_norm_first", False), ("conv_bias", False), ("quantize_input", False)):
            fields.require(key, False, supported)
        fields.require("extractor_mode", "default", "default")
        convs = parse_convs(fields.get("conv_feature_layers", CONVS), fields.where)
        dims, kernels, strides = map(list, zip(*convs, strict=True))
        # FaST-VGS was cut to fewer blocks after its args were written
        depth = _depth(weights, f"{family.prefix}encoder.layers")
        config = HubertConfig(
            **fields.encoder(depth),
            conv_dim=dims,
            conv_kernel=kernels,
            conv_stride=strides,
            feat_extract_norm="group",
        )
        self.family = family
        self.normalise = family.always or fields.get("normalize", False)
        self.device, self.dtype = options.device, options.dtype
        has_cls = family.always or fields.get("use_audio_cls_token", False)
        self.network = build(
            lambda: AudioBranch(config, has_cls),
            options,
            weights,
            name=family.original,
            unused=family.unused,
            where=f"{where}/{BUNDLE}",
        )
        self.parameters = self.network.num_parameters()
        grids = conv_grids(kernels, strides)
        self.table = {
            f"C{index}": Layer(dim, grid, f"output of conv layer {index} after its norm and activation")
            for index, (dim, grid) in enumerate(zip(dims, grids, strict=True), 1)
        }
        self.table |= describe_blocks(
            config.hidden_size, grids[-1], config.num_hidden_layers, config.do_stable_layer_norm
        )

    def num_frames(self, samples: int, layer: str) -> int:
        """Return floor((samples - receptive field) / stride) + 1, or 0."""
        return self.grid(layer).whole_frames(samples)

    def _check(self, index: int, waveform: Waveform) -> None:
        super()._check(index, waveform)
        if self.normalise and waveform.min() == waveform.max():
            raise AudioError(
                f"waveform {index}: constant (digital silence?); {self.source} divides by its standard "
                "deviation, which is 0; leave the utterance out"
            )

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        if self.normalise:
            waveforms = [_standardised(waveform) for waveform in waveforms]
        hidden = pad(waveforms, self.device, self.dtype)[:, None]
        layers = {}
        for index, conv in enumerate(self.network.feature_extractor.conv_layers, 1):
            hidden = conv.conv(hidden)
            if index == 1:
                frames = [self.num_frames(len(waveform), "C1") for waveform in waveforms]
                hidden = group_norm_each(conv.layer_norm, frames, hidden)
            hidden = conv.activation(hidden)
            layers[f"C{index}"] = hidden.transpose(1, 2)
        projected = self.network.post_extract_proj(self.network.layer_norm(hidden.transpose(1, 2)))
        return layers | run_encoder(
            self.network.encoder,
            projected,
            [self.num_frames(len(waveform), "T0") for waveform in waveforms],
            cls_token=self.network.cls_token,
            cls_first=self.family.cls_first,
        )


def parse_convs(text: str, where: str) -> list[tuple[int, int, int]]:
    """Return (dim, kernel, stride) of each conv layer from fairseq's notation, without evaluating it.

    The notation is Python: lists of triples, joined with + and repeated with *. Raises ModelError.
    """
    try:
        convs = _layers(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{where}: conv_feature_layers {text!r} is no sum of lists of (dim, kernel, stride)"
        ) from error
    return convs


def _layers(node: ast.expr) -> list[tuple[int, int, int]]:
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _layers(left) + _layers(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int(times))) if 0 < times < 100:
            return _layers(left) * times
        case ast.List(elts=[_, *_] as items):
            return [_triple(item) for item in items]
    raise ValueError(ast.dump(node))


def _triple(node: ast.expr) -> tuple[int, int, int]:
    match node:
        case ast.Tuple(
            elts=[
                ast.Constant(value=int(dim)),
                ast.Constant(value=int(kernel)),
                ast.Constant(value=int(stride)),
            ]
        ) if min(dim, kernel, stride) > 0:
            return dim, kernel, stride
    raise ValueError(ast.dump(node))


def _depth(weights: Mapping[str, Any], layers: str) -> int:
    """Return the number of blocks that the names of weights speak of; at least one."""
    matches = (re.match(rf"{re.escape(layers)}\.(\d{{1,2}})\.", key) for key in weights)
    return 1 + max((int(match[1]) for match in matches if match), default=0)


def _standardised(waveform: Waveform) -> Waveform:
    """Return (x - mean) / std, with the standard deviation of the population and no epsilon."""
    exact = waveform.astype(np.float64)
    standardised: Waveform = ((exact - exact.mean()) / exact.std()).astype(np.float32)
    return standardised


def load_bundle(family: Family, location: str, options: LoadOptions) -> VisuallyGrounded:
    """Load a model from the folder of its bundle and args, or make its random twin."""
    folder = Path(location)
    args, bundle = read_namespace(folder / ARGS), read_checkpoint(folder / BUNDLE)
    weights = bundle.get("dual_encoder", bundle.get("model"))
    if not isinstance(weights, dict):
        raise ModelError(
            f"{folder / BUNDLE}: has no `dual_encoder` dictionary; it is no bundle of {family.name}"
        )
    weights = {str(key).removeprefix("module."): value for key, value in weights.items()}
    revision = file_revision(folder / BUNDLE, options)
    model = VisuallyGrounded(family, args, weights, location, options)
    model.revision = revision
    return model


def load(location: str, options: LoadOptions) -> VisuallyGrounded:
    """Load FaST-VGS or FaST-VGS+."""
    return load_bundle(FAST_VGS, location, options)
