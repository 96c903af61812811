"""Features streamed from a store."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwise.errors import TaskError
from layerwise.features.background import read_ahead
from layerwise.features.source import FeatureSource
from layerwise.tasks.sources.base import Block, Features, Means, assemble, check_finite

FRAME_SECONDS = Fraction(1, 50)


class StoredFrames(Features):
    """Frames of a store, read block by block: the layers of one in parallel, the next one meanwhile.

    Frames shorter than 20 ms are joined (two 10 ms frames of log-mel become one vector of twice the
    dimension), which saves time and puts all models on one frame rate.

    Raises:
        TaskError: layers differ in their frames.
    """

    def __init__(self, source: FeatureSource, layers: tuple[str, ...], utt_ids: Sequence[str]) -> None:
        self.source, self.model, self.layers = source, source.model, layers
        self.joined = frames_joined(source.stride(layers[0]))
        self.frame_seconds = float(source.stride(layers[0]) * self.joined)
        self.dim = source.dim(layers[0]) * self.joined
        self._views = {layer: source.frames_view(layer) for layer in layers}
        bounds = {layer: source.frame_offsets(layer, utt_ids) for layer in layers}
        counts = np.diff(bounds[layers[0]])
        for layer, own in bounds.items():
            if (differs := np.flatnonzero((np.diff(own) != counts).ravel())).size:
                raise TaskError(
                    f"model {self.model}: utterance {utt_ids[differs[0]]} has other frames in layer {layer} "
                    f"than in {layers[0]}; extract the features again"
                )
        self._bounds = {layer: dict(zip(utt_ids, own.tolist(), strict=True)) for layer, own in bounds.items()}
        self.lengths = {
            utt_id: joined_length(stop - start, self.joined)
            for utt_id, (start, stop) in self._bounds[layers[0]].items()
        }

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield batches; at most two blocks are held."""
        work = ([(layer, block) for layer in self.layers] for block in blocks)
        for items, read in read_ahead(work, self._read):
            for batch in items[0][1]:
                yield assemble([[frames[utt_id] for utt_id in batch] for frames in read])

    def _read(self, item: tuple[str, Block]) -> dict[str, NDArray[np.float32]]:
        """Frames of a block in one layer, by utterance."""
        layer, block = item
        bounds = self._bounds[layer]
        utt_ids = sorted({utt_id for batch in block for utt_id in batch}, key=lambda utt_id: bounds[utt_id])
        rows = np.concatenate([np.arange(*bounds[utt_id]) for utt_id in utt_ids])
        values = self._views[layer][rows]
        ends = np.cumsum([bounds[utt_id][1] - bounds[utt_id][0] for utt_id in utt_ids])
        found = {}
        for utt_id, frames in zip(utt_ids, np.split(values, ends[:-1]), strict=True):
            check_finite(frames, f"model {self.model}, layer {layer}", utt_id)
            found[utt_id] = join_frames(frames, self.joined)
        return found


def stored_means(source: FeatureSource, layers: tuple[str, ...], utt_ids: Sequence[str]) -> Means:
    """Mean frames of utterances, from a store. Raises TaskError where one is not finite."""
    values = torch.empty(len(layers), len(utt_ids), source.dim(layers[0]))
    for number, layer in enumerate(layers):
        means = source.utterance_means(layer, utt_ids)
        for utt_id, mean in zip(utt_ids, means, strict=True):
            check_finite(mean, f"model {source.model}, layer {layer}", utt_id)
        values[number] = torch.from_numpy(means)
    return Means(source.model, layers, utt_ids, values)


def frames_joined(stride: Fraction) -> int:
    """How many frames of so many seconds make one of 20 ms; 1 for longer ones."""
    return max(1, int(FRAME_SECONDS / stride))


def joined_length(frames: int, joined: int) -> int:
    """Number of frames after joining."""
    return -(-frames // joined)


def join_frames(values: NDArray[np.float32], joined: int) -> NDArray[np.float32]:
    """Concatenate every ``joined`` neighbouring frames (frames, dim); the last frame fills up the rest."""
    if joined == 1:
        return values
    length = joined_length(len(values), joined)
    rows = np.minimum(np.arange(length * joined), len(values) - 1)
    return values[rows].reshape(length, -1)
