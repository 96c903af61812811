"""Train and score one task on one model: what the jobs call."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol
from layerwise.options.training import TrainingOptions
from layerwise.seeds import derive_seed
from layerwise.tasks.data import Task, TaskData
from layerwise.tasks.fit import Decodes, Fit, Schedule, evaluate, fit, head_names
from layerwise.tasks.scores import bootstrap_interval, score

log = logging.getLogger(__name__)

DEFAULTS = TrainingOptions()


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


def train_heads(
    source: FeatureSource,
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    task: Task,
    *,
    seed: int,
    options: TrainingOptions = DEFAULTS,
    protocol: Protocol = "corrected",
    normalise: bool | None = None,
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
        task: the task.
        seed: seed of everything random.
        options: number of trainings, numbered from 1, that differ in initial values and batch order; learning
            rates to try and passes over the training split, where they are not the task's own; bootstrap
            resamples (0 leaves low and high empty).
        protocol: ``paper`` or ``corrected``.
        normalise: standardise features; default: the protocol's.
        threads: CPU threads. Results are repeatable for a given number.

    Raises:
        TaskError: unusable data (see ``Recognition`` and ``Classification``) or a loss that is
            not finite.
    """
    rates = options.learning_rates
    if rates is None:
        recipe = task.recipe
        rates = (recipe.superb_learning_rate,) if protocol == "paper" else recipe.learning_rates
    epochs = options.epochs or task.recipe.epochs
    if normalise is None:
        normalise = protocol == "corrected"
    data = task.prepare(source, manifest, intervals, task, normalise=normalise, protocol=protocol)
    plan = _Plan(task, rates, epochs, protocol == "corrected", seed, options.bootstrap)
    with _torch_threads(threads):
        runs = [_train_once(data, source.model, plan, number) for number in range(1, options.seeds + 1)]

    def table(name: str, *order: str) -> pd.DataFrame:
        return _finish(pd.concat([run[name] for run in runs]), source.model, task, head_names(data), order)

    return TaskResult(
        scores=table("scores", "layer", "seed", "split"),
        weights=table("weights", "seed", "layer"),
        curves=table("curves", "layer", "seed", "learning_rate", "epoch"),
        excluded=_finish(data.excluded, source.model, task, (), ("utt_id",)),
        decodes=table("decodes", "layer", "seed", "utt_id"),
    )


@dataclass(frozen=True)
class _Plan:
    """What all trainings of a task on a model share."""

    task: Task
    learning_rates: Sequence[float]
    epochs: int
    decay: bool
    seed: int
    resamples: int


def _train_once(data: TaskData, model: str, plan: _Plan, number: int) -> dict[str, pd.DataFrame]:
    """Train with every learning rate, keep the best one of each head, score it."""
    task, metric = plan.task, plan.task.metric
    where = f"task {task.name}, model {model}"
    stream = derive_seed(plan.seed, "downstream", task.name, number)
    curves = []
    best: Fit | None = None
    rates = np.full(len(head_names(data)), plan.learning_rates[0])
    for rate in plan.learning_rates:
        schedule = Schedule(rate, plan.epochs, plan.decay, metric.lower_is_better)
        fitted = fit(data, schedule, stream, where)
        curves.append(_curves(data, fitted, rate))
        if best is None:
            best = fitted
            continue
        better = metric.sign * fitted.dev > metric.sign * best.dev
        best.heads.copy_heads(fitted.heads, torch.from_numpy(better))
        best.dev[better] = fitted.dev[better]
        rates[better] = rate
    assert best is not None
    scores = []
    for split in ("dev", "test"):
        counts, predicted = evaluate(data, best.heads, split)
        low, high = bootstrap_interval(
            counts, derive_seed(plan.seed, "bootstrap", task.name, split), plan.resamples
        )
        columns = {"layer": head_names(data), "learning_rate": rates, "split": split}
        columns |= {"metric": metric.name, "value": score(counts), "low": low, "high": high}
        scores.append(pd.DataFrame(columns))
    test = scores[-1].set_index("layer")["value"]
    chosen = str((metric.sign * test).idxmax())
    log.info("%s, seed %d: %s on test %.3f (%s)", where, number, metric.name, test[chosen], chosen)
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


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
