"""Phone recognition with CTC: SUPERB's head for phone recognition."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from layerwise.contracts.columns import SPLITS
from layerwise.errors import TaskError
from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol
from layerwise.tasks.data import (
    Exclusions,
    Labels,
    Split,
    Task,
    TaskBatch,
    as_tensor,
    check_finite,
    check_splits,
    standardise,
    task_layers,
    usable_utterances,
)
from layerwise.tasks.scores import edit_counts

FRAME_SECONDS = Fraction(1, 50)
PIECE_SECONDS = 3.0
BLANK = 0


@dataclass(frozen=True)
class Clip:
    """Frames [start, stop) of an utterance and the labels in them."""

    utt_id: str
    start: int
    stop: int
    labels: Labels

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.stop - self.start


class Recognition:
    """A label sequence per utterance: linear(256), linear(labels + blank) on each frame, CTC.

    Frames shorter than 20 ms are joined (two 10 ms frames of log-mel become one vector of twice the
    dimension), which saves time and puts all models on one frame rate. With ``normalise`` the frames are
    standardised per layer and dimension.

    The cost of CTC grows with frames times labels: under ``corrected`` *training* utterances longer than
    PIECE_SECONDS are cut between words, where the alignment knows what is said on either side. Dev and test
    utterances are always whole. Utterances without intervals, or with more labels than CTC can emit in their
    frames, are excluded.

    ``paper`` reproduces S3PRL's decoder, which drops blanks *before* it merges repeats and so loses genuine
    doubles (``S _ S`` becomes ``S``).

    Raises:
        TaskError: a split is empty, layers differ in their frames, or features are not finite.
    """

    def __init__(
        self,
        source: FeatureSource,
        manifest: pd.DataFrame,
        intervals: pd.DataFrame,
        task: Task,
        *,
        normalise: bool,
        protocol: Protocol = "corrected",
    ) -> None:
        self.layers = task_layers(source)
        self.merge_after_blanks = protocol == "paper"
        piece_seconds = PIECE_SECONDS if protocol == "corrected" else None
        stride = source.stride(self.layers[0])
        joined = max(1, int(FRAME_SECONDS / stride))
        excluded = Exclusions()
        usable = dict(usable_utterances(source, manifest, excluded))
        check_splits(task.name, source.model, Counter(row["split"] for row in usable.values()))
        utt_ids = list(usable)
        _, offsets = join_frames(*source.frames(self.layers[0], utt_ids), joined)
        lengths = dict(zip(utt_ids, np.diff(offsets).tolist(), strict=True))
        clips = _clips(manifest, intervals, task, lengths, float(stride * joined), piece_seconds, excluded)
        check_splits(task.name, source.model, {split: len(clips[split]) for split in SPLITS})
        self.excluded = excluded.table()
        labels = {label for split in SPLITS for clip in clips[split] for label in clip.labels}
        self.symbols = ("", *sorted(labels))
        self.outputs = len(self.symbols)
        dim = source.dim(self.layers[0]) * joined
        self.splits = {split: self._split(clips[split], task.recipe.batch_size, dim) for split in SPLITS}
        self._fill(source, clips, joined, normalise, f"task {task.name}, model {source.model}")

    def _split(self, clips: list[Clip], batch_size: int, dim: int) -> Split:
        """Batches of clips of similar length; their features are still zero."""
        index = {symbol: number for number, symbol in enumerate(self.symbols)}
        by_length = sorted(range(len(clips)), key=lambda row: clips[row].length)
        batches = []
        for start in range(0, len(clips), batch_size):
            rows = tuple(by_length[start : start + batch_size])
            lengths = as_tensor([clips[row].length for row in rows])
            targets = [as_tensor([index[label] for label in clips[row].labels]) for row in rows]
            batches.append(
                TaskBatch(
                    torch.zeros(len(self.layers), int(lengths.max()) * len(rows), dim),
                    lengths,
                    torch.nn.utils.rnn.pad_sequence(targets, batch_first=True),
                    as_tensor([len(target) for target in targets]),
                    rows,
                )
            )
        return Split(tuple(c.utt_id for c in clips), tuple(c.labels for c in clips), tuple(batches))

    def _fill(
        self, source: FeatureSource, clips: dict[str, list[Clip]], joined: int, normalise: bool, where: str
    ) -> None:
        """Load one layer after the other into the batches."""
        train_ids = {clip.utt_id for clip in clips["train"]}
        utt_ids = sorted({clip.utt_id for split in SPLITS for clip in clips[split]})
        position = {utt_id: number for number, utt_id in enumerate(utt_ids)}
        for number, layer in enumerate(self.layers):
            raw, raw_offsets = source.frames(layer, utt_ids)
            check_finite(raw, raw_offsets, utt_ids, f"{where}, layer {layer}")
            values, offsets = join_frames(raw, raw_offsets, joined)
            if normalise:
                in_train = np.array([utt_id in train_ids for utt_id in utt_ids])
                values = standardise(values, np.repeat(in_train, np.diff(offsets)))
            for split in SPLITS:
                for batch in self.splits[split].batches:
                    padded = batch.features[number].view(-1, len(batch.rows), batch.features.shape[-1])
                    for column, row in enumerate(batch.rows):
                        clip = clips[split][row]
                        first = int(offsets[position[clip.utt_id]])
                        if first + clip.stop > offsets[position[clip.utt_id] + 1]:
                            raise TaskError(
                                f"{where}: utterance {clip.utt_id} has fewer frames in layer {layer} than in "
                                f"{self.layers[0]}; extract the features again"
                            )
                        piece = values[first + clip.start : first + clip.stop]
                        padded[: clip.length, column] = torch.from_numpy(piece)

    def training_batches(self, random: np.random.Generator) -> Iterator[TaskBatch]:
        """Batches of clips of similar length in random order, as S3PRL does."""
        batches = self.splits["train"].batches
        for number in random.permutation(len(batches)):
            yield batches[number]

    def loss(self, logits: Tensor, batch: TaskBatch) -> Tensor:
        """CTC loss per label."""
        heads, _, outputs = logits.shape
        items = len(batch.rows)
        by_time = logits.view(heads, -1, items, outputs).transpose(0, 1).flatten(1, 2)
        losses = functional.ctc_loss(
            by_time.log_softmax(dim=-1),
            batch.targets.repeat(heads, 1),
            batch.lengths.repeat(heads),
            batch.target_lengths.repeat(heads),
            blank=BLANK,
            reduction="none",
        )
        return (losses.view(heads, items) / batch.target_lengths).mean(dim=1)

    def decode(self, logits: Tensor, batch: TaskBatch) -> list[list[Labels]]:
        """Best output of each frame, repeats merged, blanks dropped."""
        items = len(batch.rows)
        best = logits.argmax(dim=-1).view(len(logits), -1, items).numpy()
        lengths = batch.lengths.tolist()
        return [[self._collapse(head[: lengths[column], column]) for column in range(items)] for head in best]

    def _collapse(self, path: NDArray[np.int64]) -> Labels:
        if self.merge_after_blanks:
            path = path[path != BLANK]
        merged = path[np.diff(path, prepend=-1) != 0]
        return tuple(self.symbols[number] for number in merged if number != BLANK)

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """Edits and reference length."""
        return edit_counts(references, predicted)


def frames_needed(labels: Labels) -> int:
    """Fewest frames in which CTC can emit the labels: one each, and a blank between equal neighbours."""
    return len(labels) + sum(a == b for a, b in itertools.pairwise(labels))


def join_frames(
    values: NDArray[np.float32], offsets: NDArray[np.int64], joined: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Concatenate every ``joined`` neighbouring frames of an utterance; its last frame fills up the rest."""
    if joined == 1:
        return values, offsets
    joined_lengths = -(-np.diff(offsets) // joined)
    rows = [
        np.minimum(np.arange(start, start + length * joined), end - 1)
        for start, end, length in zip(offsets, offsets[1:], joined_lengths, strict=False)
    ]
    dim = values.shape[1] * joined
    return values[np.concatenate(rows)].reshape(-1, dim), np.concatenate([[0], np.cumsum(joined_lengths)])


def cut_clip(whole: Clip, intervals: pd.DataFrame, frame_seconds: float, piece_seconds: float) -> list[Clip]:
    """Cut an utterance between words into pieces of at most ``piece_seconds``; a longer word stays whole.

    Cuts fall in the middle between the end of a word and the start of the next. If CTC could not emit a
    piece's labels in its frames, the utterance is left whole.
    """
    starts, ends = intervals["start"].to_numpy(), intervals["end"].to_numpy()
    words = intervals["word_index"].to_numpy()
    first_labels = np.flatnonzero(np.diff(words)) + 1
    cuts = [(0, 0)]
    for label in first_labels:
        frame = int((ends[label - 1] + starts[label]) / 2 / frame_seconds)
        following = first_labels[first_labels > label]
        next_end = ends[following[0] - 1] if following.size else whole.length * frame_seconds
        if next_end - cuts[-1][0] * frame_seconds > piece_seconds:
            cuts.append((frame, int(label)))
    cuts.append((whole.length, len(whole.labels)))
    pieces = [
        Clip(whole.utt_id, start, stop, whole.labels[first:last])
        for (start, first), (stop, last) in itertools.pairwise(cuts)
    ]
    if any(frames_needed(piece.labels) > piece.length for piece in pieces):
        return [whole]
    return pieces


def _clips(
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    task: Task,
    lengths: dict[str, int],
    frame_seconds: float,
    piece_seconds: float | None,
    excluded: Exclusions,
) -> dict[str, list[Clip]]:
    """What each split is made of; training utterances in pieces."""
    split_of = dict(zip(manifest["utt_id"], manifest["split"], strict=True))
    tier = intervals[intervals["tier"] == task.recipe.label].sort_values(["utt_id", "start"], kind="stable")
    spoken = dict(iter(tier.groupby("utt_id")))
    clips: dict[str, list[Clip]] = {split: [] for split in SPLITS}
    for utt_id, length in lengths.items():
        split = split_of[utt_id]
        if utt_id not in spoken:
            excluded.add(utt_id, split, f"no {task.recipe.label} intervals: not aligned")
            continue
        whole = Clip(utt_id, 0, length, tuple(spoken[utt_id]["label"]))
        needed = frames_needed(whole.labels)
        if needed > length:
            reason = f"CTC needs {needed} frames for {len(whole.labels)} labels and there are {length}"
            excluded.add(utt_id, split, reason)
        elif split == "train" and piece_seconds and length * frame_seconds > piece_seconds:
            clips[split] += cut_clip(whole, spoken[utt_id], frame_seconds, piece_seconds)
        else:
            clips[split].append(whole)
    return clips
