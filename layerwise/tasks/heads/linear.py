"""SUPERB's light head: two linear maps."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from layerwise.tasks.heads.base import Head, Heads, Parameters, project

HIDDEN_DIM = 256


class LinearHeads(Heads):
    """linear(256), linear(outputs), as SUPERB has it for phones and, on the mean frame, for intents.

    Nothing lies between the two maps, so their product is applied to the frames: the same function and the
    same gradients at about a seventh of the cost (Yang et al. 2021, arXiv 2105.01051). A mean over frames
    commutes with linear maps, so that training on an utterance's mean frame is exact.
    """

    def sizes(self) -> Mapping[str, tuple[tuple[int, ...], int]]:
        """Two matrices and their biases."""
        dim, outputs = self.shape.dim, self.shape.outputs
        return {
            "hidden_weight": ((dim, HIDDEN_DIM), dim),
            "hidden_bias": ((HIDDEN_DIM,), dim),
            "output_weight": ((HIDDEN_DIM, outputs), HIDDEN_DIM),
            "output_bias": ((outputs,), HIDDEN_DIM),
        }

    def apply(self, frames: Tensor, own: Parameters, heads: Sequence[Head], lengths: Sequence[int]) -> Tensor:
        """Apply the product of the two maps."""
        weight = own["hidden_weight"] @ own["output_weight"]
        bias = (own["hidden_bias"].unsqueeze(1) @ own["output_weight"]).squeeze(1) + own["output_bias"]
        return project(frames, weight) + bias
