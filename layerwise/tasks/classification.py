"""Classification of whole utterances: SUPERB's heads for intents and the like."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from layerwise.contracts.columns import SPLITS
from layerwise.errors import TaskError
from layerwise.options.protocol import Protocol
from layerwise.tasks.data import (
    Batch,
    Labels,
    Split,
    Task,
    TaskCorpus,
    check_columns,
    check_splits,
    split_rows,
)


class Classification:
    """One or more labels per utterance (slots), right only if all are.

    The outputs of a head are the classes of the first slot, then those of the second, and so on; the loss is
    the sum of the slots' cross-entropies and each slot takes its most probable class, as in SUPERB's intent
    classification. Utterances without a label, and dev or test utterances of a class that train lacks, are
    excluded and listed.

    Raises:
        TaskError: a label column is missing, a split is empty, or no slot has two classes in train.
    """

    watched = 0
    loss_on_dev = True

    def __init__(self, corpus: TaskCorpus, task: Task, protocol: Protocol) -> None:
        check_columns(task, corpus.manifest)
        rows = {
            split: self._labelled(part, task, corpus) for split, part in split_rows(corpus.manifest).items()
        }
        known = [{labels[slot] for labels in rows["train"].values()} for slot in range(len(task.labels))]
        for split in ("dev", "test"):
            rows[split] = self._known(rows[split], known, split, task, corpus)
        check_splits(task.name, corpus.model, {split: len(rows[split]) for split in SPLITS})
        if all(len(classes) < 2 for classes in known):
            raise TaskError(
                f"task {task.name}, model {corpus.model}: train has the single class "
                f"{min(known[0])!r} in column {task.labels[0]!r}"
            )
        self.slots = tuple(tuple(sorted(classes)) for classes in known)
        self.outputs = sum(map(len, self.slots))
        self.splits = {split: self._split(rows[split]) for split in SPLITS}

    def _labelled(self, rows: pd.DataFrame, task: Task, corpus: TaskCorpus) -> dict[str, Labels]:
        """Labels of each utterance that has them all."""
        found = {}
        for utt_id, split, *labels in rows[["utt_id", "split", *task.labels]].itertuples(index=False):
            empty = [
                column
                for column, label in zip(task.labels, labels, strict=True)
                if pd.isna(label) or not str(label).strip()
            ]
            if empty:
                corpus.notes.exclude(utt_id, split, f"no label in column {empty[0]!r}")
            else:
                found[utt_id] = tuple(str(label) for label in labels)
        return found

    def _known(
        self,
        rows: Mapping[str, Labels],
        known: Sequence[set[str]],
        split: str,
        task: Task,
        corpus: TaskCorpus,
    ) -> dict[str, Labels]:
        """The utterances whose classes all occur in train."""
        usable = {}
        for utt_id, labels in rows.items():
            unknown = [label for label, classes in zip(labels, known, strict=True) if label not in classes]
            if unknown:
                corpus.notes.exclude(utt_id, split, f"class {unknown[0]!r} does not occur in train")
            else:
                usable[utt_id] = labels
        return usable

    def _split(self, rows: Mapping[str, Labels]) -> Split:
        targets = tuple(
            tuple(classes.index(label) for label, classes in zip(labels, self.slots, strict=True))
            for labels in rows.values()
        )
        return Split(tuple(rows), tuple(rows.values()), targets)

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum of the slots' cross-entropies."""
        heads = logits.shape[1]
        total = logits.new_zeros(len(logits), heads)
        for slot, part in enumerate(self._parts(logits)):
            targets = batch.targets[:, slot].unsqueeze(1).expand(-1, heads)
            total = total + functional.cross_entropy(part.transpose(1, 2), targets, reduction="none")
        return total

    def decode(self, logits: Tensor, batch: Batch) -> list[list[Labels]]:
        """The most probable class of each slot."""
        best = torch.stack([part.argmax(-1) for part in self._parts(logits)], dim=-1).transpose(0, 1).tolist()
        return [
            [tuple(classes[k] for classes, k in zip(self.slots, item, strict=True)) for item in head]
            for head in best
        ]

    def _parts(self, logits: Tensor) -> tuple[Tensor, ...]:
        return torch.split(logits, [len(classes) for classes in self.slots], dim=-1)

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """1 for each right answer, and 1."""
        right = [float(a == b) for a, b in zip(references, predicted, strict=True)]
        return np.stack([np.array(right), np.ones(len(right))], axis=1)[None]

    def text(self, labels: Labels) -> str:
        """The labels, separated by spaces."""
        return " ".join(labels)
