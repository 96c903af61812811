"""fairseq's transformer encoder in plain tensor operations, one utterance (frames, dim) at a time.

From the published code (fairseq/models/wav2vec/wav2vec2.py, TransformerEncoder), independent of the modules
that layerwise uses. Names and shapes of its weights, with D dimensions, F in the feed-forward layers, G
groups and K taps of the positional convolution:

    encoder.pos_conv.0.weight_g [1, 1, K], .weight_v [D, D/G, K], .bias [D]     (VG-HuBERT: pos_conv.0.*)
    encoder.layers.N.self_attn.{k,v,q,out}_proj.{weight [D, D], bias [D]}
    encoder.layers.N.self_attn_layer_norm.{weight,bias} [D]
    encoder.layers.N.fc1.{weight [F, D], bias [F]}, fc2.{weight [D, F], bias [D]}
    encoder.layers.N.final_layer_norm.{weight,bias} [D]
    encoder.layer_norm.{weight,bias} [D]
"""

import math

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def encoder_shapes(
    depth: int, dim: int, ffn: int, taps: int = 128, groups: int = 16, positions: str = "encoder."
):
    shapes = {
        f"{positions}pos_conv.0.weight_g": (1, 1, taps),
        f"{positions}pos_conv.0.weight_v": (dim, dim // groups, taps),
        f"{positions}pos_conv.0.bias": (dim,),
        "encoder.layer_norm.weight": (dim,),
        "encoder.layer_norm.bias": (dim,),
    }
    for block in (f"encoder.layers.{index}." for index in range(depth)):
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            shapes |= linear_shapes(f"{block}self_attn.{name}", dim, dim)
        shapes |= linear_shapes(f"{block}fc1", ffn, dim) | linear_shapes(f"{block}fc2", dim, ffn)
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            shapes |= {f"{block}{name}.weight": (dim,), f"{block}{name}.bias": (dim,)}
    return shapes


def linear_shapes(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def random_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    """Weights that keep activations of order 1 and let no gain be 1 and no bias 0."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator)
        fan_in = math.prod(shape[1:]) if len(shape) > 1 else 1
        if name.endswith("weight_g"):
            values = 1 + 0.5 * values.abs()
        elif len(shape) > 1 or name.endswith("bias"):
            values = values / math.sqrt(fan_in) if len(shape) > 1 else 0.1 * values
        else:
            values = 1 + 0.2 * values
        weights[name] = values
    return weights


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: Tensor) -> Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def positional(weights: Weights, name: str, x: Tensor) -> Tensor:
    """x plus its convolution: weight norm per tap, padding K // 2, the last output dropped if K is even."""
    gain, direction = weights[f"{name}.weight_g"], weights[f"{name}.weight_v"]
    kernel = gain * direction / direction.pow(2).sum((0, 1), keepdim=True).sqrt()
    taps = kernel.shape[-1]
    groups = x.shape[1] // kernel.shape[1]
    convolved = torch.nn.functional.conv1d(
        x.T[None], kernel, weights[f"{name}.bias"], padding=taps // 2, groups=groups
    )[0].T
    return x + gelu(convolved[: len(x)])


def attention(weights: Weights, name: str, x: Tensor, heads: int) -> Tensor:
    queries, keys, values = (linear(weights, f"{name}.{part}_proj", x) for part in "qkv")
    width = x.shape[1] // heads
    parts = []
    for start in range(0, x.shape[1], width):
        part = slice(start, start + width)
        scores = torch.softmax(queries[:, part] @ keys[:, part].T / math.sqrt(width), dim=-1)
        parts.append(scores @ values[:, part])
    return linear(weights, f"{name}.out_proj", torch.cat(parts, dim=1))


def block(weights: Weights, name: str, x: Tensor, heads: int, pre_norm: bool, activation=gelu) -> Tensor:
    def feed_forward(values: Tensor) -> Tensor:
        return linear(weights, f"{name}.fc2", activation(linear(weights, f"{name}.fc1", values)))

    first, second = f"{name}.self_attn_layer_norm", f"{name}.final_layer_norm"
    if pre_norm:
        x = x + attention(weights, f"{name}.self_attn", layer_norm(weights, first, x), heads)
        return x + feed_forward(layer_norm(weights, second, x))
    x = layer_norm(weights, first, x + attention(weights, f"{name}.self_attn", x, heads))
    return layer_norm(weights, second, x + feed_forward(x))
