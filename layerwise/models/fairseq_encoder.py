"""What AV-HuBERT and the VGS models share: fairseq's transformer encoder, in transformers' modules.

transformers' HubertEncoder computes what the encoder of fairseq's wav2vec 2.0 and HuBERT does (its blocks,
its positional convolution with weight norm over the taps); only names of weights differ. Here are these
names, a strict way to load weights by them, and the forward pass, which differs between the models only in
where a CLS vector joins.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn
from transformers import HubertConfig
from transformers.models.hubert.modeling_hubert import HubertEncoder, HubertEncoderStableLayerNorm

from layerwise.errors import ModelError
from layerwise.files import sha256_file
from layerwise.models.base import LoadOptions, seeded
from layerwise.models.precision import cast

Value = TypeVar("Value", bool, int, str)
Namer = Callable[[str], str]

_POSITIONS = r"^encoder\.pos_conv_embed\.conv\."
ORIGINAL_NAMES = (
    (rf"{_POSITIONS}parametrizations\.weight\.original0$", "encoder.pos_conv.0.weight_g"),
    (rf"{_POSITIONS}parametrizations\.weight\.original1$", "encoder.pos_conv.0.weight_v"),
    (rf"{_POSITIONS}bias$", "encoder.pos_conv.0.bias"),
    (r"^(encoder\.layers\.\d+)\.layer_norm\.", r"\1.self_attn_layer_norm."),
    (r"^(encoder\.layers\.\d+)\.attention\.", r"\1.self_attn."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.intermediate_dense\.", r"\1.fc1."),
    (r"^(encoder\.layers\.\d+)\.feed_forward\.output_dense\.", r"\1.fc2."),
    (r"^(feature_extractor\.conv_layers\.\d+)\.conv\.", r"\1.0."),
    (r"^(feature_extractor\.conv_layers\.\d+)\.layer_norm\.", r"\1.2."),
)


def original_name(name: str) -> str:
    """Return fairseq's name of a weight of the modules used here."""
    for pattern, replacement in ORIGINAL_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


class Fields:
    """Fields of a checkpoint's configuration, with the defaults of the code that it was trained by."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def get(self, key: str, default: Value) -> Value:
        """Return a field; raises ModelError if it is not of its default's type."""
        value = self.values.get(key, default)
        if type(value) is not type(default):
            raise ModelError(
                f"{self.where}: {key} is {value!r}, not of type {type(default).__name__}; "
                "this is no configuration that layerwise knows"
            )
        return value

    def require(self, key: str, default: Value, *supported: Value) -> Value:
        """Return a field; raises ModelError if its value is none of the supported ones."""
        value = self.get(key, default)
        if value not in supported:
            known = " or ".join(map(repr, supported))
            raise ModelError(f"{self.where}: {key} is {value!r}; layerwise supports {known} only")
        return value

    def encoder(self, depth: int | None = None) -> dict[str, Any]:
        """Return the keywords of HubertConfig that describe the encoder, for ``depth`` blocks if given."""
        dim, heads = self.get("encoder_embed_dim", 768), self.get("encoder_attention_heads", 12)
        groups = self.get("conv_pos_groups", 16)
        for key, parts in (("encoder_attention_heads", heads), ("conv_pos_groups", groups)):
            if parts < 1 or dim % parts:
                raise ModelError(f"{self.where}: encoder_embed_dim {dim} cannot be split by {key} {parts}")
        return {
            "hidden_size": dim,
            "num_hidden_layers": self.get("encoder_layers", 12) if depth is None else depth,
            "num_attention_heads": heads,
            "intermediate_size": self.get("encoder_ffn_embed_dim", 3072),
            "hidden_act": self.require("activation_fn", "gelu", "gelu", "relu"),
            "num_conv_pos_embeddings": self.get("conv_pos", 128),
            "num_conv_pos_embedding_groups": groups,
            "do_stable_layer_norm": self.get("layer_norm_first", False),
            "attn_implementation": "sdpa",
        }


def encoder_of(config: HubertConfig) -> nn.Module:
    """Return the encoder of a configuration: pre-LN if ``do_stable_layer_norm``, else post-LN."""
    encoder: nn.Module = (HubertEncoderStableLayerNorm if config.do_stable_layer_norm else HubertEncoder)(
        config
    )
    return encoder


def build(
    make: Callable[[], nn.Module],
    options: LoadOptions,
    weights: Mapping[str, Any],
    *,
    name: Namer,
    unused: Sequence[str],
    where: str,
) -> Any:
    """Return a network in evaluation mode with its weights, or for a random twin those it is made with.

    ``name`` gives the original name of a weight of the network; ``unused`` are the first parts of names of
    weights that are known and not needed. Raises ModelError, naming the weights, if one is missing, has
    another shape, or is neither used nor known.
    """
    with seeded(options):
        network = make()
    own = {name(key): value for key, value in network.state_dict().items()}
    missing = [key for key in own if not isinstance(weights.get(key), torch.Tensor)]
    known = tuple(f"{part}." for part in unused)
    unexpected = [key for key in weights if key not in own and not f"{key}.".startswith(known)]
    shapes = [
        f"{key} {tuple(weights[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key not in missing and weights[key].shape != own[key].shape
    ]
    problems = [
        _listed(what, keys)
        for what, keys in (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
        if keys
    ]
    if problems:
        raise ModelError(
            f"{where}: the weights do not fit the configuration: {'; '.join(problems)}. Is this the authors' "
            "pre-trained model, with its own configuration beside it?"
        )
    if not options.random:
        network.load_state_dict({key: weights[name(key)] for key in network.state_dict()})
    cast(network, options.device, options.dtype)
    return network.eval()


def _listed(what: str, keys: Sequence[str], most: int = 5) -> str:
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return f"{len(keys)} {what}: {', '.join(map(str, keys[:most]))}{more}"


def run_encoder(
    encoder: Any,
    hidden: torch.Tensor,
    frames: Sequence[int],
    *,
    cls_token: torch.Tensor | None = None,
    cls_first: bool = False,
) -> dict[str, torch.Tensor]:
    """Return T0..TL, and TL+ln of a pre-LN encoder, of projected vectors (batch, longest, dim).

    ``frames`` are the valid ones of each utterance; what comes after them changes none of them. ``cls_token``
    (1, 1, dim), if given, joins in front of the frames, before (``cls_first``) or after the positional
    convolution; it is part of the sequence in every block and of no returned layer.
    """
    pre_norm = isinstance(encoder, HubertEncoderStableLayerNorm)
    skip = 0 if cls_token is None else 1
    lengths = torch.tensor(frames, device=hidden.device)
    if cls_token is not None and cls_first:
        hidden = _prepend(cls_token, hidden)
        lengths = lengths + 1
    # after the end of a single utterance the convolution sees zeros
    hidden = hidden.masked_fill(~_valid(hidden, lengths)[..., None], 0)
    hidden = hidden + encoder.pos_conv_embed(hidden)
    if cls_token is not None and not cls_first:
        hidden = _prepend(cls_token, hidden)
        lengths = lengths + 1
    if not pre_norm:
        hidden = encoder.layer_norm(hidden)
    mask = _valid(hidden, lengths)[:, None, None, :] if len(set(frames)) > 1 else None
    layers = {"T0": hidden[:, skip:]}
    for index, block in enumerate(encoder.layers, 1):
        hidden = block(hidden, attention_mask=mask)
        layers[f"T{index}"] = hidden[:, skip:]
    if pre_norm:
        layers[f"T{len(encoder.layers)}+ln"] = encoder.layer_norm(hidden)[:, skip:]
    return layers


def _prepend(cls_token: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    return torch.cat([cls_token.expand(len(hidden), -1, -1), hidden], dim=1)


def _valid(hidden: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    return torch.arange(hidden.shape[1], device=hidden.device) < lengths[:, None]


def file_revision(path: Path, options: LoadOptions) -> str:
    """Return ``sha256:`` and the digest of a checkpoint file, its revision.

    Raises ModelError if the options ask for another revision.
    """
    revision = f"sha256:{sha256_file(path)}"
    if options.revision not in (None, revision):
        raise ModelError(
            f"{path}: its revision is {revision}, and not {options.revision} as the config says; "
            "get the right file, or correct or remove `revision:`"
        )
    return revision
