"""Classification of whole utterances: SUPERB's head for intent classification."""

from collections.abc import Iterator, Sequence

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


class Classification:
    """One label per utterance: linear(256), mean over frames, linear.

    The mean over frames commutes with linear maps, so the heads are trained on each utterance's mean frame:
    exactly the same function. With ``normalise`` those means are standardised per layer and dimension.
    Utterances without a label, and dev or test utterances of a class that train lacks, are excluded.

    Raises:
        TaskError: the label column is missing, a split is empty, train has fewer than two classes, or
            features are not finite.
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
        where = f"task {task.name}, model {source.model}"
        excluded = Exclusions()
        rows = _labelled(source, manifest, task, excluded)
        check_splits(task.name, source.model, {split: len(rows[split]) for split in SPLITS})
        classes = sorted({label for _, label in rows["train"]})
        if len(classes) < 2:
            raise TaskError(
                f"{where}: train has the single class {classes[0]!r} in column {task.recipe.label!r}"
            )
        self.layers = task_layers(source)
        self.classes = tuple(classes)
        self.outputs = len(classes)
        self.batch_size = task.recipe.batch_size
        self.excluded = excluded.table()

        utt_ids = [utt_id for split in SPLITS for utt_id, _ in rows[split]]
        train = np.arange(len(utt_ids)) < len(rows["train"])
        means = torch.empty(len(self.layers), len(utt_ids), source.dim(self.layers[0]))
        for number, layer in enumerate(self.layers):
            values = source.utterance_means(layer, utt_ids)
            check_finite(values, np.arange(len(utt_ids) + 1), utt_ids, f"{where}, layer {layer}")
            means[number] = torch.from_numpy(standardise(values, train) if normalise else values)
        index = {label: number for number, label in enumerate(classes)}
        self.splits: dict[str, Split] = {}
        start = 0
        for split in SPLITS:
            ids, labels = zip(*rows[split], strict=True)
            targets = as_tensor([index[label] for label in labels])
            batch = _batch(means[:, start : start + len(ids)], targets, range(len(ids)))
            self.splits[split] = Split(ids, tuple((label,) for label in labels), (batch,))
            start += len(ids)

    def training_batches(self, random: np.random.Generator) -> Iterator[TaskBatch]:
        """Utterances in random order, ``batch_size`` at a time."""
        (everything,) = self.splits["train"].batches
        order = random.permutation(len(everything.rows))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield _batch(everything.features[:, rows], everything.targets[rows, 0], rows.tolist())

    def loss(self, logits: Tensor, batch: TaskBatch) -> Tensor:
        """Cross-entropy."""
        heads, items, outputs = logits.shape
        targets = batch.targets[:, 0].repeat(heads)
        losses = functional.cross_entropy(logits.reshape(-1, outputs), targets, reduction="none")
        return losses.view(heads, items).mean(dim=1)

    def decode(self, logits: Tensor, batch: TaskBatch) -> list[list[Labels]]:
        """The most probable class."""
        return [[(self.classes[best],) for best in head] for head in logits.argmax(dim=-1).tolist()]

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """1 for each right answer, and 1."""
        right = [float(a == b) for a, b in zip(references, predicted, strict=True)]
        return np.stack([np.array(right), np.ones(len(right))], axis=1)


def _batch(features: Tensor, targets: Tensor, rows: Sequence[int]) -> TaskBatch:
    ones = torch.ones(len(rows), dtype=torch.long)
    return TaskBatch(features, ones, targets.unsqueeze(1), ones, tuple(rows))


def _labelled(
    source: FeatureSource, manifest: pd.DataFrame, task: Task, excluded: Exclusions
) -> dict[str, list[tuple[str, str]]]:
    """Return (utt_id, label) of the usable utterances of each split."""
    if task.recipe.label not in manifest.columns:
        raise TaskError(
            f"task {task.name}: the manifest has no column {task.recipe.label!r}; it has "
            f"{', '.join(map(str, manifest.columns))}. Add the label to the corpus or leave the task out"
        )
    rows: dict[str, list[tuple[str, str]]] = {split: [] for split in SPLITS}
    for utt_id, row in usable_utterances(source, manifest, excluded):
        label = row[task.recipe.label]
        if pd.isna(label) or not str(label).strip():
            excluded.add(utt_id, row["split"], f"no label in column {task.recipe.label!r}")
        else:
            rows[row["split"]].append((utt_id, str(label)))
    known = {label for _, label in rows["train"]}
    for split in ("dev", "test"):
        for utt_id, label in rows[split]:
            if label not in known:
                excluded.add(utt_id, split, f"class {label!r} does not occur in train")
        rows[split] = [(utt_id, label) for utt_id, label in rows[split] if label in known]
    return rows
