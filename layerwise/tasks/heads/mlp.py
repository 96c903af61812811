"""A head with one hidden layer."""

from collections.abc import Sequence

import torch
from torch import Tensor

from layerwise.tasks.heads.base import Head, Parameters, project
from layerwise.tasks.heads.linear import LinearHeads


class MlpHeads(LinearHeads):
    """linear(256), ReLU, linear(outputs): does the ranking of layers depend on the head being linear?"""

    def apply(self, frames: Tensor, own: Parameters, heads: Sequence[Head], lengths: Sequence[int]) -> Tensor:
        """Apply one map, the non-linearity and the other map."""
        hidden = torch.relu(project(frames, own["hidden_weight"]) + own["hidden_bias"])
        return torch.bmm(hidden.transpose(0, 1), own["output_weight"]).transpose(0, 1) + own["output_bias"]
