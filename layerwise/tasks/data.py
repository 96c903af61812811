"""What the training loop needs of a task's data, whatever its kind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwise.contracts.columns import SPLITS
from layerwise.errors import TaskError
from layerwise.features.source import FeatureSource
from layerwise.layers import on_curve
from layerwise.options.protocol import Protocol as RunProtocol
from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import Metric

Labels = tuple[str, ...]


@dataclass(frozen=True)
class TaskBatch:
    """Items of about the same length.

    Attributes:
        features: (layers, padded frames x items, dim), time-major; one frame per item in classification.
        lengths: (items,) frames of each item.
        targets: class indices, (items, labels) padded with 0, and their numbers (items,).
        target_lengths: (items,) labels of each item.
        rows: each item's position in its split.
    """

    features: Tensor
    lengths: Tensor
    targets: Tensor
    target_lengths: Tensor
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """Utterances (or pieces of them) of one split with their labels, in batches."""

    utt_ids: tuple[str, ...]
    references: tuple[Labels, ...]
    batches: tuple[TaskBatch, ...]


@dataclass(frozen=True)
class Task:
    """What the training loop needs to know of a task.

    Attributes:
        name: its name in configs and tables.
        metric: what is measured on dev and test, with its direction.
        recipe: how it is trained.
        prepare: makes the task's data.
        own: the options that only this task has, checked by its spec.
    """

    name: str
    metric: Metric
    recipe: TrainingRecipe
    prepare: "PrepareTask"
    own: Mapping[str, Any] = field(default_factory=dict)


class TaskData(Protocol):
    """A task on the features of one model."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers in ``TaskBatch.features``."""

    @property
    def outputs(self) -> int:
        """Number of outputs of a head."""

    @property
    def splits(self) -> dict[str, Split]:
        """The splits ``train``, ``dev`` and ``test``; none is empty."""

    @property
    def excluded(self) -> pd.DataFrame:
        """Utterances that cannot be used: utt_id, split, reason."""

    def training_batches(self, random: np.random.Generator) -> Iterator[TaskBatch]:
        """One pass over the training split in random order."""

    def loss(self, logits: Tensor, batch: TaskBatch) -> Tensor:
        """Mean loss (heads,) over the items of a batch; logits: (heads, padded frames x items, outputs)."""

    def decode(self, logits: Tensor, batch: TaskBatch) -> list[list[Labels]]:
        """Predicted labels of each head and item."""

    def counts(self, references: Sequence[Labels], predicted: Sequence[Labels]) -> NDArray[np.float64]:
        """Numerator and denominator of the metric for each utterance, (utterances, 2)."""


class PrepareTask(Protocol):
    """Makes the data of a task: what the code of a task's spec must be."""

    def __call__(
        self,
        source: FeatureSource,
        manifest: pd.DataFrame,
        intervals: pd.DataFrame,
        task: Task,
        *,
        normalise: bool,
        protocol: RunProtocol,
    ) -> TaskData:
        """Return the data of a task on the features of one model.

        ``normalise``: features are standardised with the statistics of the training split. Raises TaskError
        for data that cannot be used.
        """


@dataclass
class Exclusions:
    """Utterances left out, each with its reason."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, utt_id: str, split: str, reason: str) -> None:
        """Note one utterance."""
        self.rows.append((utt_id, split, reason))

    def table(self) -> pd.DataFrame:
        """Return the table utt_id, split, reason, sorted."""
        return pd.DataFrame(sorted(self.rows), columns=["utt_id", "split", "reason"])


def task_layers(source: FeatureSource) -> tuple[str, ...]:
    """Return the layers that tasks are trained on: T0 ... TL and TL+ln; no conv layers, nor T0-pos.

    Raises:
        TaskError: there are none, or their dimensions differ.
    """
    layers = tuple(layer for layer in source.layers if on_curve(layer))
    if not layers:
        raise TaskError(f"{source.model}: no layer T0 ... TL among {', '.join(source.layers)}")
    dims = {layer: source.dim(layer) for layer in layers}
    if len(set(dims.values())) > 1:
        raise TaskError(
            f"{source.model}: layers differ in dimension ({dims}); a weighted sum needs one dimension"
        )
    return layers


def usable_utterances(
    source: FeatureSource, manifest: pd.DataFrame, excluded: Exclusions
) -> Iterator[tuple[str, pd.Series]]:
    """Yield id and manifest row of each utterance that is in a known split and has stored features."""
    stored = set(source.utterances)
    for _, row in manifest.sort_values("utt_id").iterrows():
        if row["split"] not in SPLITS:
            excluded.add(row["utt_id"], str(row["split"]), f"split is not one of {', '.join(SPLITS)}")
        elif row["utt_id"] not in stored:
            excluded.add(row["utt_id"], row["split"], f"no stored features of {source.model}")
        else:
            yield row["utt_id"], row


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


def check_finite(
    values: NDArray[np.float32], offsets: NDArray[np.int64], utt_ids: Sequence[str], where: str
) -> None:
    """Refuse NaN and infinite features.

    Raises:
        TaskError: naming ``where`` (task, model, layer) and the first utterance concerned.
    """
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        utt_id = utt_ids[int(np.searchsorted(offsets, bad[0], side="right")) - 1]
        raise TaskError(f"{where}: features of utterance {utt_id} are not finite; extract them again")


def standardise(values: NDArray[np.float32], train: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Subtract each dimension's mean over the training rows and divide by its standard deviation.

    Raw scales differ by orders of magnitude between layers and dimensions (a few dimensions of wav2vec 2.0
    are hundreds of times larger), so that one learning rate would not suit all. Constant dimensions become 0.
    """
    mean = values[train].mean(axis=0, dtype=np.float64)
    deviation = values[train].std(axis=0, dtype=np.float64)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6 * np.abs(mean))
    standardised: NDArray[np.float32] = ((values - mean) * scale).astype(np.float32)
    return standardised


def as_tensor(values: Sequence[int]) -> Tensor:
    """Integers as a tensor."""
    return torch.tensor(values, dtype=torch.long)
