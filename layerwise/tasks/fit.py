"""Train all heads of a task together, each to its own best epoch."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from layerwise.errors import TaskError
from layerwise.seeds import derive_seed
from layerwise.tasks.data import Labels, TaskData
from layerwise.tasks.heads import LinearHeads
from layerwise.tasks.scores import score

log = logging.getLogger(__name__)

GRADIENT_NORM = 1.0
Decodes = list[list[Labels]]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        learning_rate: Adam's learning rate in the first epoch.
        epochs: passes over the training split.
        decay: lower the learning rate linearly, epoch by epoch, towards 0 after the last one.
        lower_is_better: the metric is an error rate.
    """

    learning_rate: float
    epochs: int
    decay: bool
    lower_is_better: bool


@dataclass(frozen=True)
class Fit:
    """Heads at their best epoch on dev.

    Attributes:
        heads: the heads.
        dev: (heads,) their metric on dev.
        loss_curve: (epochs, heads) mean training loss per item.
        dev_curve: (epochs, heads) metric on dev.
    """

    heads: LinearHeads
    dev: NDArray[np.float64]
    loss_curve: NDArray[np.float64]
    dev_curve: NDArray[np.float64]


def fit(data: TaskData, schedule: Schedule, seed: int, where: str) -> Fit:
    """Train every head with Adam on the same mini-batches, as if each were alone.

    Each head has its own gradient clipping (norm 1, as SUPERB) and its own best epoch on dev.

    Args:
        data: the task's data.
        schedule: learning rate and length.
        seed: seed of the initial values and of the order of batches.
        where: task and model, for error messages.

    Raises:
        TaskError: a loss is not finite; the message names layer, epoch and learning rate.
    """
    layers, _, dim = next(iter(data.splits["train"].batches)).features.shape
    heads = LinearHeads(layers, dim, data.outputs, derive_seed(seed, "heads"))
    best = LinearHeads(layers, dim, data.outputs, derive_seed(seed, "heads"))
    optimiser = torch.optim.Adam(heads.parameters(), lr=schedule.learning_rate)
    random = np.random.default_rng(derive_seed(seed, "batches"))
    sign = 1.0 if schedule.lower_is_better else -1.0
    best_dev = np.full(heads.heads, np.inf)
    losses: list[NDArray[np.float64]] = []
    scores: list[NDArray[np.float64]] = []
    for epoch in range(1, schedule.epochs + 1):
        if schedule.decay:
            optimiser.param_groups[0]["lr"] = schedule.learning_rate * (1 - (epoch - 1) / schedule.epochs)
        loss = train_epoch(data, heads, optimiser, random)
        if (broken := np.flatnonzero(~np.isfinite(loss))).size:
            raise TaskError(
                f"{where}, layer {head_names(data)[broken[0]]}: loss is not finite in epoch {epoch} at "
                f"learning rate {schedule.learning_rate:g}; try a smaller one or `protocol: corrected`, "
                "which standardises features"
            )
        dev = score(evaluate(data, heads, "dev")[0])
        losses.append(loss)
        scores.append(dev)
        better = sign * dev < best_dev
        best.copy_heads(heads, torch.from_numpy(better))
        best_dev = np.where(better, sign * dev, best_dev)
        log.info(
            "%s, learning rate %g: epoch %d of %d, loss %.3f, dev %.3f (means of %d heads)",
            *(where, schedule.learning_rate, epoch, schedule.epochs, loss.mean(), dev.mean(), len(dev)),
        )
    return Fit(best, sign * best_dev, np.array(losses), np.array(scores))


def train_epoch(
    data: TaskData, heads: LinearHeads, optimiser: torch.optim.Optimizer, random: np.random.Generator
) -> NDArray[np.float64]:
    """Take one pass over the training split; return each head's mean loss per item."""
    total = torch.zeros(heads.heads, dtype=torch.float64)
    items = 0
    for batch in data.training_batches(random):
        losses = data.loss(heads(batch.features), batch)
        optimiser.zero_grad()
        # Heads share no parameter: the gradient of the sum is each head's own gradient.
        torch.autograd.backward(losses.sum())
        heads.clip_gradients(GRADIENT_NORM)
        optimiser.step()
        total += losses.detach() * len(batch.rows)
        items += len(batch.rows)
    return (total / items).numpy()


@torch.no_grad()
def evaluate(data: TaskData, heads: LinearHeads, split: str) -> tuple[NDArray[np.float64], Decodes]:
    """Return counts (heads, utterances, 2) and the predicted labels of each head and utterance."""
    chosen = data.splits[split]
    predicted: Decodes = [[()] * len(chosen.utt_ids) for _ in range(heads.heads)]
    for batch in chosen.batches:
        for head, labels in enumerate(data.decode(heads(batch.features), batch)):
            for row, decoded in zip(batch.rows, labels, strict=True):
                predicted[head][row] = decoded
    return np.stack([data.counts(chosen.references, labels) for labels in predicted]), predicted


def head_names(data: TaskData) -> tuple[str, ...]:
    """Names of the heads: the layers, and ``all`` where there is more than one."""
    return (*data.layers, "all") if len(data.layers) > 1 else data.layers
