"""Train and score one task on one model: the entry point of the package."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import torch

from layerwise.errors import TaskError
from layerwise.features.source import FeatureSource
from layerwise.seeds import derive_seed
from layerwise.tasks.classification import Classification
from layerwise.tasks.data import TaskData
from layerwise.tasks.fit import Decodes, Fit, Schedule, evaluate, fit, head_names
from layerwise.tasks.recognition import Recognition
from layerwise.tasks.registry import TASKS, Task
from layerwise.tasks.scores import RESAMPLES, bootstrap_interval, score

log = logging.getLogger(__name__)

PIECE_SECONDS = 3.0
Protocol = Literal["paper", "corrected"]


@dataclass(frozen=True)
class TaskResult:
    """Tables of one task on one model; layers in the model's order, ``all`` (the weighted sum) last.

    Attributes:
        scores: model, task, layer, seed, learning_rate, split (dev or test), metric, value, low, high. PER
            and accuracy are fractions; low and high bound the 95 % bootstrap interval over utterances.
        weights: model, task, seed, layer, weight: the layers' weights in the weighted sum; empty for a model
            with one layer.
        curves: model, task, layer, seed, learning_rate, epoch, loss (mean per training item), dev (the
            metric).
        excluded: model, task, utt_id, split, reason.
        decodes: model, task, layer, seed, utt_id, reference, predicted: the test utterances.
    """

    scores: pd.DataFrame
    weights: pd.DataFrame
    curves: pd.DataFrame
    excluded: pd.DataFrame
    decodes: pd.DataFrame


def train_task(
    source: FeatureSource,
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    task: str | Task,
    *,
    seed: int,
    seeds: int = 1,
    protocol: Protocol = "corrected",
    learning_rates: Sequence[float] | None = None,
    epochs: int | None = None,
    normalise: bool | None = None,
    resamples: int = RESAMPLES,
    threads: int = 1,
) -> TaskResult:
    """Train a task on every frozen layer and on their softmax-weighted sum, all at once.

    Heads are SUPERB's (Yang et al. 2021, arXiv 2105.01051). As in S3PRL, the weighted sum takes the layers as
    the heads see them (no layer norm of its own), its weights start uniform and learn with the head.

    ``corrected``: features are standardised with training statistics, long training utterances are cut
    between words (``Recognition``), the learning rate falls linearly over the epochs, its first value and
    the epoch are chosen per layer on dev. ``paper``: raw features, whole utterances, SUPERB's constant
    learning rate, epoch chosen on dev, S3PRL's CTC decoder.

    Args:
        source: features of one model.
        manifest: the corpus manifest: utt_id, split and, for classification, the label column.
        intervals: the interval table; used by sequence tasks.
        task: a task or its name in ``TASKS``.
        seed: seed of everything random.
        seeds: number of trainings, numbered 1 ... ``seeds``, that differ in initial values and batch order.
        protocol: ``paper`` or ``corrected``.
        learning_rates: learning rates to try; default: the protocol's for this task.
        epochs: passes over the training split; default: the task's.
        normalise: standardise features; default: the protocol's.
        resamples: bootstrap resamples; 0 leaves low and high empty.
        threads: CPU threads. Results are repeatable for a given number.

    Raises:
        TaskError: unknown task, unusable data (see ``Recognition`` and ``Classification``) or a loss that is
            not finite.
    """
    task = _known(task)
    if learning_rates is None:
        learning_rates = (task.superb_learning_rate,) if protocol == "paper" else task.learning_rates
    task = replace(task, learning_rates=tuple(learning_rates), epochs=epochs or task.epochs)
    if normalise is None:
        normalise = protocol == "corrected"
    data = _task_data(source, manifest, intervals, task, protocol, normalise)
    with _torch_threads(threads):
        runs = [
            _train_once(data, source.model, task, seed, number, protocol == "corrected", resamples)
            for number in range(1, seeds + 1)
        ]

    def table(name: str, *order: str) -> pd.DataFrame:
        return _finish(pd.concat([run[name] for run in runs]), source.model, task, head_names(data), order)

    return TaskResult(
        scores=table("scores", "layer", "seed", "split"),
        weights=table("weights", "seed", "layer"),
        curves=table("curves", "layer", "seed", "learning_rate", "epoch"),
        excluded=_finish(data.excluded, source.model, task, (), ("utt_id",)),
        decodes=table("decodes", "layer", "seed", "utt_id"),
    )


def _train_once(
    data: TaskData, model: str, task: Task, seed: int, number: int, decay: bool, resamples: int
) -> dict[str, pd.DataFrame]:
    """Train with every learning rate, keep the best one of each head, score it."""
    where = f"task {task.name}, model {model}"
    stream = derive_seed(seed, "downstream", task.name, number)
    sign = 1 if task.metric == "per" else -1
    curves = []
    best: Fit | None = None
    rates = np.full(len(head_names(data)), task.learning_rates[0])
    for rate in task.learning_rates:
        schedule = Schedule(rate, task.epochs, decay, lower_is_better=sign > 0)
        fitted = fit(data, schedule, stream, where)
        curves.append(_curves(data, fitted, rate))
        if best is None:
            best = fitted
            continue
        better = sign * fitted.dev < sign * best.dev
        best.heads.copy_heads(fitted.heads, torch.from_numpy(better))
        best.dev[better] = fitted.dev[better]
        rates[better] = rate
    assert best is not None
    scores = []
    for split in ("dev", "test"):
        counts, predicted = evaluate(data, best.heads, split)
        low, high = bootstrap_interval(counts, derive_seed(seed, "bootstrap", task.name, split), resamples)
        columns = {"layer": head_names(data), "learning_rate": rates, "split": split}
        columns |= {"metric": task.metric, "value": score(counts), "low": low, "high": high}
        scores.append(pd.DataFrame(columns))
    test = scores[-1].set_index("layer")["value"]
    chosen = str(test.idxmin() if sign > 0 else test.idxmax())
    log.info("%s, seed %d: %s on test %.3f (%s)", where, number, task.metric, test[chosen], chosen)
    tables = {
        "scores": pd.concat(scores),
        "weights": _weights(data, best),
        "curves": pd.concat(curves),
        "decodes": _decodes(data, predicted),
    }
    for content in tables.values():
        content.insert(0, "seed", number)
    return tables


def _curves(data: TaskData, fitted: Fit, rate: float) -> pd.DataFrame:
    epochs, heads = fitted.dev_curve.shape
    return pd.DataFrame(
        {
            "layer": head_names(data) * epochs,
            "learning_rate": rate,
            "epoch": np.repeat(np.arange(1, epochs + 1), heads),
            "loss": fitted.loss_curve.ravel(),
            "dev": fitted.dev_curve.ravel(),
        }
    )


def _weights(data: TaskData, fitted: Fit) -> pd.DataFrame:
    layers = data.layers if len(data.layers) > 1 else ()
    weights = fitted.heads.layer_weights().detach().numpy()[: len(layers)]
    return pd.DataFrame({"layer": list(layers), "weight": weights})


def _decodes(data: TaskData, predicted: Decodes) -> pd.DataFrame:
    test = data.splits["test"]
    rows = [
        (layer, utt_id, " ".join(reference), " ".join(labels))
        for layer, head in zip(head_names(data), predicted, strict=True)
        for utt_id, reference, labels in zip(test.utt_ids, test.references, head, strict=True)
    ]
    return pd.DataFrame(rows, columns=["layer", "utt_id", "reference", "predicted"])


def _finish(
    content: pd.DataFrame, model: str, task: Task, layers: Sequence[str], order: Sequence[str]
) -> pd.DataFrame:
    """Sort rows, layers as they lie in the model, and put the key columns first."""
    rank = {layer: position for position, layer in enumerate(layers)}
    content = content.sort_values(
        list(order), key=lambda column: column.map(rank) if column.name == "layer" else column
    )
    first = [name for name in ("layer", "seed") if name in content.columns]
    content = content[[*first, *content.columns.drop(first)]].reset_index(drop=True)
    content.insert(0, "model", model)
    content.insert(1, "task", task.name)
    return content


def _known(task: str | Task) -> Task:
    if isinstance(task, Task):
        return task
    if task not in TASKS:
        raise TaskError(f"unknown task {task!r}; known tasks: {', '.join(TASKS)}")
    return TASKS[task]


def _task_data(
    source: FeatureSource,
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    task: Task,
    protocol: Protocol,
    normalise: bool,
) -> TaskData:
    if task.kind == "classification":
        return Classification(source, manifest, task, normalise)
    return Recognition(
        source,
        manifest,
        intervals,
        task,
        normalise,
        piece_seconds=PIECE_SECONDS if protocol == "corrected" else None,
        merge_after_blanks=protocol == "paper",
    )


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
