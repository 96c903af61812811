"""A bank of heads: a small network on every layer, from several seeds and at several learning rates."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from layerwise.seeds import derive_seed

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Head:
    """One head of a bank.

    Attributes:
        layer: position of its layer among those of the features; their number stands for the learned sum.
        seed: number of the training, from 1.
        rate: its first learning rate.
    """

    layer: int
    seed: int
    rate: float


@dataclass(frozen=True)
class Shape:
    """What heads stand on and give.

    Attributes:
        layers: number of layers.
        dim: dimensions of a layer.
        outputs: number of outputs.
    """

    layers: int
    dim: int
    outputs: int


class Heads(ABC):
    """Heads side by side: every parameter has a leading ``head`` dimension, and no two heads share any.

    Heads of one seed start from the same values, whatever their layer and learning rate and whatever other
    heads there are: each is trained exactly as it would be alone. Heads on the same layer read it together.

    Args:
        bank: the heads, sorted by layer.
        shape: sizes.
        seed: seed of the initial values.
        superb: with SUPERB's settings, dropout included.
        half: products are taken in bfloat16; parameters, sums and losses stay as they are.
    """

    def __init__(
        self,
        bank: Sequence[Head],
        shape: Shape,
        *,
        seed: int,
        superb: bool = False,
        half: bool = False,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> None:
        self.bank, self.shape, self.superb = tuple(bank), shape, superb
        # The step of training that dropout is drawn for; None: nothing is dropped.
        self.step: int | None = None
        self.half = half
        kinds = self.sizes()
        drawn = {
            number: _draw(kinds, derive_seed(seed, "heads", number), dtype)
            for number in sorted({head.seed for head in bank})
        }
        self.parameters: Parameters = {
            name: torch.stack([drawn[head.seed][name] for head in bank]).to(device).requires_grad_()
            for name in kinds
        }
        # Weights of the layers in the sum, before the softmax; heads on a single layer have them unused.
        mixing = torch.zeros(len(bank), shape.layers, dtype=dtype, device=device)
        self.parameters["mixing"] = mixing.requires_grad_()

    @abstractmethod
    def sizes(self) -> Mapping[str, tuple[tuple[int, ...], int]]:
        """Return each parameter's shape in one head, and its fan-in: it starts as in ``torch.nn.Linear``."""

    @abstractmethod
    def apply(self, frames: Tensor, own: Parameters, heads: Sequence[Head], lengths: Sequence[int]) -> Tensor:
        """Map frames to logits (frames, heads, outputs) with the parameters of some heads.

        ``frames`` is (frames, dim), shared by the heads, or (heads, frames, dim), one for each; frames are
        time-major over items with these ``lengths``.
        """

    def forward(self, features: Tensor, lengths: Sequence[int]) -> Tensor:
        """Map features (layers, frames, dim) to logits (frames, heads, outputs)."""
        if self.half:
            with torch.autocast(features.device.type, torch.bfloat16):
                return self._forward(features, lengths).to(features.dtype)
        return self._forward(features, lengths)

    def _forward(self, features: Tensor, lengths: Sequence[int]) -> Tensor:
        groups = list(self._by_layer())
        sizes = [rows.stop - rows.start for _, rows in groups]
        # Split, not sliced: the gradient of a slice is as large as that of all heads.
        parts = {name: torch.split(values, sizes) for name, values in self.parameters.items()}
        logits = []
        for number, (layer, rows) in enumerate(groups):
            own = {name: values[number] for name, values in parts.items()}
            if layer < self.shape.layers:
                frames = features[layer]
            else:
                weights = torch.softmax(own["mixing"], dim=-1)
                frames = (weights @ features.flatten(1)).view(len(weights), *features.shape[1:])
            logits.append(self.apply(frames, own, self.bank[rows], lengths))
        return torch.cat(logits, dim=1)

    def _by_layer(self) -> Iterator[tuple[int, slice]]:
        start = 0
        for layer, heads in groupby(self.bank, key=lambda head: head.layer):
            stop = start + len(list(heads))
            yield layer, slice(start, stop)
            start = stop

    def gradients(self) -> Parameters:
        """Gradients of the parameters; they have none before the first backward pass."""
        return {name: values.grad for name, values in self.parameters.items() if values.grad is not None}

    def clear_gradients(self) -> None:
        """Forget the gradients."""
        for values in self.parameters.values():
            values.grad = None

    def layer_weights(self) -> Tensor:
        """Weights (heads, layers) of the layers in the learned sum."""
        return torch.softmax(self.parameters["mixing"].detach(), dim=-1)

    def values(self) -> Parameters:
        """The parameters without their gradients; they share memory."""
        return {name: values.detach() for name, values in self.parameters.items()}

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Take over the values of all parameters."""
        for name, own in self.parameters.items():
            own.detach().copy_(values[name])

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these heads alone."""
        self.bank = tuple(self.bank[row] for row in rows)
        for name, values in self.parameters.items():
            self.parameters[name] = values.detach()[list(rows)].clone().requires_grad_()


def project(frames: Tensor, weight: Tensor) -> Tensor:
    """Multiply frames by the matrix of each head, weight (heads, dim, outputs): (frames, heads, outputs).

    ``frames`` is (frames, dim), shared by the heads and read once, or (heads, frames, dim).
    """
    heads, dim, outputs = weight.shape
    if frames.dim() == 3:
        return torch.bmm(frames, weight).transpose(0, 1)
    together = weight.transpose(0, 1).reshape(dim, heads * outputs)
    return (frames @ together).view(-1, heads, outputs)


def _draw(kinds: Mapping[str, tuple[tuple[int, ...], int]], seed: int, dtype: torch.dtype) -> Parameters:
    generator = torch.Generator().manual_seed(seed)
    values = {}
    for name, (size, fan_in) in kinds.items():
        bound = 1 / math.sqrt(fan_in)
        values[name] = torch.empty(size).uniform_(-bound, bound, generator=generator).to(dtype)
    return values
