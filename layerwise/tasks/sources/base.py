"""One interface to features, stored or live: batches of them in a given order."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwise.errors import TaskError

# Batches of utterance ids; those of one block are read together.
Block = Sequence[tuple[str, ...]]


class Features(ABC):
    """Features of one model for the utterances of a task.

    Attributes:
        model: name of the model.
        layers: names of the layers, from the input upwards.
        dim: dimensions of each.
        lengths: frames of each utterance that has features.
        frame_seconds: seconds between them.
    """

    model: str
    layers: tuple[str, ...]
    dim: int
    lengths: Mapping[str, int]
    frame_seconds: float = 0.02

    @abstractmethod
    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield the features of each batch, (layers, padded frames, items, dim) float32, in order.

        Raises TaskError naming model, layer and utterance where one is not finite.
        """

    def frame_bytes(self) -> int:
        """Bytes of one frame of all layers."""
        return 4 * len(self.layers) * self.dim


class Standardised(Features):
    """Features less their mean, over their standard deviation, per layer and dimension.

    Raw scales differ by orders of magnitude between layers and dimensions (a few dimensions of wav2vec 2.0
    are hundreds of times larger), so that one learning rate would not suit all. Constant dimensions become 0.

    Args:
        features: the raw ones.
        blocks: utterances of the training split from which the statistics are taken.
    """

    def __init__(self, features: Features, blocks: Sequence[Block]) -> None:
        self.features = features
        self.model, self.layers, self.dim = features.model, features.layers, features.dim
        self.lengths = features.lengths
        count = 0
        total = squares = torch.zeros(())
        shift: Tensor | None = None
        batches = (batch for block in blocks for batch in block)
        for batch, values in zip(batches, features.load(blocks), strict=True):
            for item, utt_id in enumerate(batch):
                frames = values[:, : self.lengths[utt_id], item].double()
                if shift is None:  # squares of what lies far from 0 would lose digits
                    shift = frames.mean(1, keepdim=True)
                frames = frames - shift
                count += frames.shape[1]
                total, squares = total + frames.sum(1), squares + frames.square().sum(1)
        assert shift is not None
        mean = total / count
        deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
        mean = mean + shift.squeeze(1)
        scale = torch.where(deviation > 1e-6 * mean.abs(), 1 / deviation, 0.0)
        self.mean = mean.float()[:, None, None]
        self.scale = scale.float()[:, None, None]

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield standardised batches."""
        for values in self.features.load(blocks):
            yield values.sub_(self.mean).mul_(self.scale)


class Kept(Features):
    """Features that stay in memory once they have been loaded: for corpora that fit."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.model, self.layers, self.dim = features.model, features.layers, features.dim
        self.lengths = features.lengths
        self._kept: dict[tuple[str, ...], Tensor] = {}

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield batches from memory, and those that are new from where they come from."""
        new = [[batch for batch in block if batch not in self._kept] for block in blocks]
        loaded = self.features.load([block for block in new if block])
        for block in blocks:
            for batch in block:
                if batch not in self._kept:
                    self._kept[batch] = next(loaded)
                yield self._kept[batch]


class Means(Features):
    """One mean frame per utterance and layer, all in memory: (layers, utterances, dim)."""

    def __init__(self, model: str, layers: tuple[str, ...], utt_ids: Sequence[str], values: Tensor) -> None:
        self.model, self.layers, self.dim = model, layers, values.shape[-1]
        self.lengths = dict.fromkeys(utt_ids, 1)
        self._row = {utt_id: row for row, utt_id in enumerate(utt_ids)}
        self._values = values

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield batches of one frame per item."""
        for block in blocks:
            for batch in block:
                yield self._values[:, [self._row[utt_id] for utt_id in batch]].unsqueeze(1)


def assemble(parts: Sequence[Sequence[NDArray[np.float32]]]) -> Tensor:
    """Put the frames (frames, dim) of each layer and item into one tensor, zeros behind shorter items."""
    longest = max(map(len, parts[0]))
    values = np.zeros((len(parts), longest, len(parts[0]), parts[0][0].shape[1]), dtype=np.float32)
    for layer, items in enumerate(parts):
        for item, frames in enumerate(items):
            values[layer, : len(frames), item] = frames
    return torch.from_numpy(values)


def check_finite(values: NDArray[np.float32], where: str, utt_id: str) -> None:
    """Refuse NaN and infinite features.

    Raises:
        TaskError: naming ``where`` (model, layer) and the utterance.
    """
    if not np.isfinite(values.sum(dtype=np.float64)):
        raise TaskError(f"{where}: features of utterance {utt_id} are not finite; extract them again")
