"""What a task is, what it is made from, and what the training loop needs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwise.contracts.columns import SPLITS
from layerwise.errors import TaskError
from layerwise.options.protocol import Protocol as RunProtocol
from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import Metric

if TYPE_CHECKING:
    from layerwise.tasks.heads.base import Heads

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """A task as a run has it.

    Attributes:
        name: its name in configs and tables.
        metrics: what is measured on dev and test; the first one decides.
        labels: columns of the manifest with its targets, or ``lexicon`` or ``alignment`` for phones.
        pooled: it is trained on the mean frame of each utterance.
        recipe: how its heads are trained.
        prepare: makes the task's data.
        heads: the class of its heads.
        own: the options that only this task has, checked by its spec.
    """

    name: str
    metrics: tuple[Metric, ...]
    labels: Labels
    pooled: bool
    recipe: TrainingRecipe
    prepare: "PrepareTask"
    heads: "type[Heads]"
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskCorpus:
    """What a task's data are made from.

    Attributes:
        model: name of the model, for messages.
        manifest: the utterances that have features, sorted by id, each in one of the three splits.
        lengths: frames of each utterance, as the heads see them; 1 each where the task is pooled.
        intervals: the interval table; no rows without an alignment.
        lexicon: the user's pronunciations.
        guess: pronunciations of words that no dictionary has may be guessed.
        notes: exclusions and cautions, to which the task adds its own.
        longest: training utterances with more frames are left out.
    """

    model: str
    manifest: pd.DataFrame
    lengths: Mapping[str, int]
    intervals: pd.DataFrame
    notes: "Notes"
    lexicon: Path | None = None
    guess: bool = True
    longest: int | None = None


@dataclass(frozen=True)
class Split:
    """Utterances of one split, in the order of their ids.

    Attributes:
        utt_ids: their ids.
        references: the right labels of each.
        targets: numbers of its labels among the outputs of a head, for the loss.
    """

    utt_ids: Labels
    references: tuple[Labels, ...]
    targets: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Batch:
    """Utterances of about the same length.

    Attributes:
        features: (layers, padded frames x items, dim), time-major.
        lengths: frames of each item.
        targets: (items, labels) padded with 0.
        target_lengths: labels of each item.
        rows: each item's position in its split.
    """

    features: Tensor
    lengths: tuple[int, ...]
    targets: Tensor
    target_lengths: tuple[int, ...]
    rows: tuple[int, ...]


class TaskData(Protocol):
    """Targets, loss and metrics of a task; it knows nothing of features."""

    @property
    def outputs(self) -> int:
        """Number of outputs of a head."""

    @property
    def watched(self) -> int:
        """Which of the task's metrics decides when a head is best; its number."""

    @property
    def loss_on_dev(self) -> bool:
        """Whether the loss on dev decides between looks with equal metrics."""

    @property
    def splits(self) -> Mapping[str, Split]:
        """The splits ``train``, ``dev`` and ``test``."""

    def losses(self, logits: Tensor, batch: Batch) -> Tensor:
        """Losses (items, heads); logits: (padded frames x items, heads, outputs)."""

    def decode(self, logits: Tensor, batch: Batch) -> list[list[Labels]]:
        """Predicted labels of each head and item."""

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """Count and total of each metric for each utterance, (metrics, utterances, 2)."""

    def text(self, labels: Labels) -> str:
        """Labels as one text, for the table of predictions."""


class PrepareTask(Protocol):
    """Makes the data of a task: what the code of a task's spec must be."""

    def __call__(self, corpus: TaskCorpus, task: Task, protocol: RunProtocol) -> TaskData:
        """Return the data of a task.

        Raises TaskError for data that cannot be used.
        """


@dataclass
class Notes:
    """What is left out of a task, and what a reader of its scores should know."""

    excluded: list[tuple[str, str, str]] = field(default_factory=list)
    cautions: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def exclude(self, utt_id: str, split: str, reason: str) -> None:
        """Note an utterance that the task cannot use."""
        self.excluded.append((utt_id, split, reason))

    def caution(self, kind: str, subject: str, note: str, count: int = 1) -> None:
        """Note ``count`` cases of one kind with one subject: a word, a label, a speaker, a head."""
        before, _ = self.cautions.get((kind, subject), (0, ""))
        self.cautions[kind, subject] = (before + count, note)

    def exclusions_table(self) -> pd.DataFrame:
        """Return the table utt_id, split, reason, sorted."""
        return pd.DataFrame(sorted(self.excluded), columns=["utt_id", "split", "reason"])

    def cautions_table(self) -> pd.DataFrame:
        """Return the table kind, subject, count, note, sorted."""
        rows = [(*key, *value) for key, value in sorted(self.cautions.items())]
        return pd.DataFrame(rows, columns=["kind", "subject", "count", "note"])


def split_rows(manifest: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of each split."""
    return {split: manifest[manifest["split"] == split] for split in SPLITS}


def check_splits(task: str, model: str, sizes: Mapping[str, int]) -> None:
    """Refuse an empty split.

    Raises:
        TaskError: a split has no usable utterance.
    """
    for split in SPLITS:
        if not sizes.get(split):
            raise TaskError(
                f"task {task}, model {model}: no usable utterance in split {split!r}; the manifest must "
                "assign utterances to train, dev and test (see the excluded table for those left out)"
            )


def check_columns(task: Task, manifest: pd.DataFrame) -> None:
    """Refuse a corpus without the task's labels.

    Raises:
        TaskError: naming the column that is missing, and those that are there.
    """
    for column in task.labels:
        if column not in manifest.columns:
            raise TaskError(
                f"task {task.name}: the manifest has no column {column!r}; it has "
                f"{', '.join(map(str, manifest.columns))}. Add the label to the corpus, name another column "
                "in `label:` of the task, or leave the task out"
            )


def padded(targets: Sequence[tuple[int, ...]]) -> Tensor:
    """Targets as one tensor (items, labels), padded with 0."""
    longest = max(map(len, targets))
    return torch.tensor([[*target, *[0] * (longest - len(target))] for target in targets])
