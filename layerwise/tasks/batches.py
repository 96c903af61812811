"""Which utterances share a batch, and in what order batches come: the same whatever source feeds them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from layerwise.seeds import derive_seed
from layerwise.tasks.data import Batch, Split, TaskData, padded
from layerwise.tasks.sources.ahead import Ahead
from layerwise.tasks.sources.base import Block, Features

# Neighbours in the store that are read in one go.
RUN_UTTERANCES = 8
# A block is read at once: at least two batches, and about so much of all layers.
BLOCK_BYTES = 2**26


def make_blocks(
    utt_ids: Sequence[str],
    lengths: Mapping[str, int],
    batch_size: int,
    *,
    frame_bytes: int,
    seed: int | None = None,
) -> list[list[tuple[str, ...]]]:
    """Divide utterances into blocks that are read at once, and those into batches of similar length.

    A block is made of runs of neighbours from all over the corpus (``seed``; without one they stay in
    order), so that a batch mixes speakers though a store is read in few places.
    """
    runs = _parts(utt_ids, RUN_UTTERANCES)
    if seed is not None:
        runs = [runs[number] for number in np.random.default_rng(seed).permutation(len(runs))]
    blocks: list[list[str]] = [[]]
    for run in runs:
        size = frame_bytes * sum(lengths[utt_id] for utt_id in blocks[-1])
        if len(blocks[-1]) >= 2 * batch_size and size >= BLOCK_BYTES:
            blocks.append([])
        blocks[-1].extend(run)
    return [
        _parts(sorted(block, key=lambda utt_id: (lengths[utt_id], utt_id)), batch_size) for block in blocks
    ]


class Batches:
    """Batches of a task's splits, with their features.

    Args:
        data: the task's data.
        features: of its utterances.
        batch_size: utterances per batch.
        pooled: batches are dealt afresh in each epoch; else each keeps its utterances, and only the order of
            blocks, and of batches within a block, changes.
        in_memory: features need no reading ahead, and all are one block.
        seed: seed of order and blocks.
    """

    def __init__(
        self,
        data: TaskData,
        features: Features,
        batch_size: int,
        *,
        pooled: bool,
        in_memory: bool,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        half: bool = False,
    ) -> None:
        self.data, self.features, self.batch_size = data, features, batch_size
        self.pooled, self.in_memory, self.seed = pooled, in_memory, seed
        self.device, self.dtype, self.half = device, dtype, half
        self.waited = 0.0
        frame_bytes = 0 if in_memory else features.frame_bytes()
        self.blocks = {
            split: make_blocks(
                part.utt_ids,
                features.lengths,
                batch_size,
                frame_bytes=frame_bytes,
                seed=derive_seed(seed, "blocks") if split == "train" else None,
            )
            for split, part in data.splits.items()
        }
        self._rows = {
            split: {utt_id: row for row, utt_id in enumerate(part.utt_ids)}
            for split, part in data.splits.items()
        }

    @property
    def per_epoch(self) -> int:
        """Batches of the training split."""
        return sum(map(len, self.blocks["train"]))

    def training(self, step: int) -> Iterator[Batch]:
        """Batches of the training split without end, from the one of that step, counted from 0."""
        epoch, done = divmod(step, self.per_epoch)
        while True:
            order = np.random.default_rng(derive_seed(self.seed, "order", epoch))
            yield from self._load("train", _without(self._shuffled(order), done))
            epoch, done = epoch + 1, 0

    def of(self, split: str) -> Iterator[Batch]:
        """All batches of a split."""
        return self._load(split, self.blocks[split])

    def _shuffled(self, order: np.random.Generator) -> list[Block]:
        if self.pooled:
            utt_ids = self.data.splits["train"].utt_ids
            return [_parts([utt_ids[row] for row in order.permutation(len(utt_ids))], self.batch_size)]
        blocks = self.blocks["train"]
        return [
            [blocks[number][batch] for batch in order.permutation(len(blocks[number]))]
            for number in order.permutation(len(blocks))
        ]

    def _load(self, split: str, blocks: Sequence[Block]) -> Iterator[Batch]:
        part = self.data.splits[split]
        loaded = self.features.load(blocks)
        ahead = None if self.in_memory else Ahead(loaded)
        ids = (batch for block in blocks for batch in block)
        for batch, values in zip(ids, ahead or loaded, strict=True):
            yield self._batch(part, tuple(self._rows[split][utt_id] for utt_id in batch), values)
        self.waited += ahead.waited if ahead else 0.0

    def _batch(self, part: Split, rows: tuple[int, ...], values: Tensor) -> Batch:
        targets = [part.targets[row] for row in rows]
        return Batch(
            values.to(self.device, self.dtype, non_blocking=True).flatten(1, 2),
            tuple(self.features.lengths[part.utt_ids[row]] for row in rows),
            padded(targets).to(self.device),
            tuple(map(len, targets)),
            rows,
        )


def _without(blocks: Sequence[Block], done: int) -> list[Block]:
    """The blocks less their first ``done`` batches."""
    left: list[Block] = []
    for block in blocks:
        if rest := list(islice(block, min(done, len(block)), None)):
            left.append(rest)
        done -= min(done, len(block))
    return left


def _parts(utt_ids: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Successive parts of a sequence, the last one perhaps shorter."""
    return [tuple(utt_ids[start : start + size]) for start in range(0, len(utt_ids), size)]
