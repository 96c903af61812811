"""Adam and gradient clipping for a bank of heads, each with a learning rate and a norm of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from layerwise.tasks.heads.base import Parameters

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """Adam (Kingma & Ba 2015) as in ``torch.optim.Adam``, with one learning rate per head.

    Parameters are (heads, ...). On a CPU heads are updated in turn: the numbers of one fit its cache, those
    of a bank do not.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.steps = 0
        self.first = {name: torch.zeros_like(values) for name, values in parameters.items()}
        self.second = {name: torch.zeros_like(values) for name, values in parameters.items()}

    @torch.no_grad()
    def step(self, parameters: Parameters, gradients: Parameters, rates: Tensor, clip: float) -> None:
        """Update the parameters in place; a head's gradient whose norm exceeds ``clip`` is scaled down to it.

        ``rates`` is (heads,).
        """
        self.steps += 1
        scales = clip_scales(gradients, clip)
        correction = 1 - BETAS[0] ** self.steps, (1 - BETAS[1] ** self.steps) ** 0.5
        in_turn = rates.device.type == "cpu"
        sizes: Sequence[float | Tensor] = (
            (rates / correction[0]).tolist() if in_turn else [rates / correction[0]]
        )
        for name, gradient in gradients.items():
            tensors = (parameters[name], gradient, self.first[name], self.second[name])
            parts = zip(*tensors, strict=True) if in_turn else [tensors]
            scale = scales.tolist() if in_turn else [_beside(scales, gradient)]
            for (value, grad, first, second), size, factor in zip(parts, sizes, scale, strict=True):
                grad = grad * factor if isinstance(factor, Tensor) or factor < 1 else grad
                first.lerp_(grad, 1 - BETAS[0])
                second.mul_(BETAS[1]).addcmul_(grad, grad, value=1 - BETAS[1])
                denominator = second.sqrt().div_(correction[1]).add_(EPSILON)
                if isinstance(size, Tensor):
                    value.sub_(_beside(size, value) * first / denominator)
                else:
                    value.addcdiv_(first, denominator, value=-size)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these heads alone."""
        for moments in (self.first, self.second):
            for name, values in moments.items():
                moments[name] = values[list(rows)].clone()

    def state(self) -> dict[str, int | Parameters]:
        """What a checkpoint keeps."""
        return {"steps": self.steps, "first": self.first, "second": self.second}

    def restore(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Go on from a checkpoint."""
        self.steps = state["steps"]
        self.first = {name: values.to(device) for name, values in state["first"].items()}
        self.second = {name: values.to(device) for name, values in state["second"].items()}


def clip_scales(gradients: Parameters, clip: float) -> Tensor:
    """Factor (heads,) that brings the norm of each head's gradient down to ``clip``, at most 1."""
    norms: Tensor = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients.values()]).norm(
        dim=0
    )
    scales: Tensor = (clip / (norms + 1e-6)).clamp(max=1.0)
    return scales


def _beside(values: Tensor, like: Tensor) -> Tensor:
    """Values (heads,) with as many dimensions as ``like``."""
    return values.view(-1, *[1] * (like.dim() - 1))
