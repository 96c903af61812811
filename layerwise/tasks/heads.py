"""Linear heads of every layer, and of the weighted sum of all layers, side by side in one module."""

import math

import torch
from torch import Tensor, nn

HIDDEN_DIM = 256


class LinearHeads(nn.Module):
    """One SUPERB head, linear(256) -> linear(classes), per frozen layer and one for their weighted sum.

    Every parameter has a leading ``head`` dimension, so that a step trains all heads at once. Heads share
    no parameter and all start from the values that ``seed`` gives, whatever the number of layers: each one
    is trained exactly as it would be alone.

    Nothing lies between the two linear maps, so their product is applied to the frames: the same function
    and the same gradients at about a seventh of the cost (Yang et al., "SUPERB", 2021, arXiv 2105.01051).

    Args:
        layers: number of layers; from two on there is one more head, for their weighted sum. Its weights
            are a softmax that starts uniform.
        dim: dimensions of a layer.
        classes: number of outputs.
        seed: seed of the initial values (uniform, bounds as in ``torch.nn.Linear``).
    """

    def __init__(self, layers: int, dim: int, classes: int, seed: int) -> None:
        super().__init__()
        self.layers = layers
        self.heads = layers + 1 if layers > 1 else 1
        generator = torch.Generator().manual_seed(seed)

        def initial(fan_in: int, *shape: int) -> nn.Parameter:
            bound = 1 / math.sqrt(fan_in)
            one = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            return nn.Parameter(one.repeat(self.heads, *[1] * len(shape)))

        self.hidden_weight = initial(dim, dim, HIDDEN_DIM)
        self.hidden_bias = initial(dim, HIDDEN_DIM)
        self.output_weight = initial(HIDDEN_DIM, HIDDEN_DIM, classes)
        self.output_bias = initial(HIDDEN_DIM, classes)
        # Only the last row is used; a row per head keeps clipping and checkpoints alike for all parameters.
        self.mixing = nn.Parameter(torch.zeros(self.heads, layers))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (layers, n, dim) to logits (heads, n, classes); the weighted sum's are last."""
        weight = self.hidden_weight @ self.output_weight
        bias = (self.hidden_bias.unsqueeze(1) @ self.output_weight) + self.output_bias.unsqueeze(1)
        logits = torch.baddbmm(bias[: self.layers], features, weight[: self.layers])
        if self.heads == self.layers:
            return logits
        mixture = torch.tensordot(self.layer_weights(), features, dims=1)
        return torch.cat([logits, (mixture @ weight[-1] + bias[-1]).unsqueeze(0)])

    def layer_weights(self) -> Tensor:
        """Weights (layers,) of the layers in the weighted sum."""
        return torch.softmax(self.mixing[-1], dim=-1)

    @torch.no_grad()
    def clip_gradients(self, limit: float) -> None:
        """Scale each head's gradient down to the norm ``limit``, as training the head alone would."""
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
        scale = (limit / (norms + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))

    @torch.no_grad()
    def copy_heads(self, source: "LinearHeads", chosen: Tensor) -> None:
        """Take over the parameters of the ``chosen`` heads (boolean mask) from ``source``."""
        for own, other in zip(self.parameters(), source.parameters(), strict=True):
            own[chosen] = other[chosen]
