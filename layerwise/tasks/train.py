"""Train and score one task on one model: what the jobs call."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from layerwise.contracts.alignment import INTERVALS
from layerwise.errors import TaskError
from layerwise.layers import WEIGHTED_SUM
from layerwise.options.protocol import Protocol
from layerwise.options.training import TrainingOptions, TrainingRecipe
from layerwise.seeds import derive_seed
from layerwise.tasks.batches import Batches
from layerwise.tasks.checkpoints import EVERY_SECONDS, Checkpoint
from layerwise.tasks.data import Notes, Task, TaskCorpus, TaskData
from layerwise.tasks.features import (
    Source,
    fits_memory,
    open_features,
    task_layers,
    training_features,
    usable_rows,
)
from layerwise.tasks.fit import Fit, evaluate, fit
from layerwise.tasks.heads.base import Head, Shape
from layerwise.tasks.stopping import Regime
from layerwise.tasks.tables import TaskResult, Trained

log = logging.getLogger(__name__)

DEFAULTS = TrainingOptions()


def train_heads(
    source: Source,
    manifest: pd.DataFrame,
    task: Task,
    *,
    seed: int,
    intervals: pd.DataFrame | None = None,
    lexicon: Path | None = None,
    guess: bool = True,
    options: TrainingOptions = DEFAULTS,
    protocol: Protocol = "corrected",
    normalise: bool | None = None,
    threads: int = 1,
    checkpoint: Path | None = None,
    key: str = "",
    every: float = EVERY_SECONDS,
) -> TaskResult:
    """Train a task on every frozen layer and on their softmax-weighted sum, all at once.

    Layers, learning rates and seeds are heads of one bank that see the same batches (`Heads`). As in S3PRL,
    the weighted sum takes the layers as the heads see them (no layer norm of its own), its weights start
    uniform and learn with the head. Seeds differ in initial values.

    ``corrected``: features are standardised with training statistics; after each epoch without improvement on
    dev a head's learning rate is halved, and after ``patience`` of them it stops; its first rate is chosen on
    dev. ``paper``: raw features, SUPERB's constant rate and number of steps, the best look at dev counts
    (Yang et al. 2021, arXiv 2105.01051), S3PRL's decoder of phones.

    Args:
        source: stored features of one model, or the encoder itself.
        manifest: the corpus manifest: utt_id, split, and what the task's labels are made from.
        task: the task.
        seed: seed of everything random.
        intervals: the interval table, for tasks on an alignment.
        lexicon: the user's pronunciations.
        guess: guess pronunciations of words that no dictionary has.
        options: seeds, learning rates, epochs or steps, layers, device and so on.
        protocol: ``paper`` or ``corrected``.
        normalise: standardise features; default: the protocol's.
        threads: CPU threads. Results are repeatable for a given number.
        checkpoint: a file that holds the state of training, so that a killed job goes on; removed at the end.
        key: what else determines the result (features, code): a checkpoint of another key is not used.
        every: seconds between two checkpoints at least.

    Raises:
        TaskError: unusable data (see `Recognition` and `Classification`), or no head of a layer has a finite
            loss.
    """
    notes = Notes()
    superb = protocol == "paper"
    layers = task_layers(source, options.layers)
    rows = usable_rows(source, manifest, notes, pooled=task.pooled)
    _check_splits_of_speakers(rows, notes)
    with _torch_settings(threads):
        raw = open_features(source, task, layers, rows["utt_id"].tolist())
        corpus = TaskCorpus(
            source.model,
            rows,
            raw.lengths,
            pd.DataFrame(columns=list(INTERVALS.required)) if intervals is None else intervals,
            notes,
            lexicon,
            guess,
            int(options.longest / raw.frame_seconds) if options.longest else None,
        )
        data = task.prepare(corpus, task, protocol)
        in_memory = task.pooled or fits_memory(raw, data.splits)
        features = training_features(
            raw,
            data.splits,
            normalise=not superb if normalise is None else normalise,
            in_memory=in_memory,
            pooled=task.pooled,
            seed=seed,
        )
        batches = Batches(
            data,
            features,
            options.batch_size or (task.recipe.superb_batch_size if superb else task.recipe.batch_size),
            pooled=task.pooled,
            in_memory=in_memory,
            seed=derive_seed(seed, "downstream", task.name),
            device=_device(options.device),
            half=options.precision == "bfloat16",
        )
        bank = make_bank(len(layers), _rates(task.recipe, options, superb=superb), options.seeds)
        names = (*layers, WEIGHTED_SUM) if len(layers) > 1 else layers
        regime = make_regime(task.recipe, options, batches.per_epoch, superb=superb)
        digest = hashlib.sha256(
            repr(
                (key, task, bank, regime, layers, batches.blocks, batches.half, seed, protocol, data.splits)
            ).encode()
        ).hexdigest()
        saved = Checkpoint(checkpoint, digest, every)
        trained = _train(data, batches, bank, regime, task, names, seed, notes, saved, superb=superb)
        speakers = rows.get("speaker", pd.Series("", index=rows.index)).fillna("").astype(str)
        result = trained[0].tables(
            data,
            bank,
            trained[1].curves,
            notes,
            dict(zip(rows["utt_id"], speakers, strict=True)),
            seed=seed,
            resamples=options.bootstrap,
        )
    saved.remove()
    return result


def make_bank(layers: int, rates: tuple[float, ...], seeds: int) -> list[Head]:
    """Heads for every layer and the learned sum of more than one, every seed and every learning rate."""
    positions = range(layers + 1 if layers > 1 else 1)
    return [
        Head(layer, number, rate) for layer in positions for number in range(1, seeds + 1) for rate in rates
    ]


def make_regime(recipe: TrainingRecipe, options: TrainingOptions, per_epoch: int, *, superb: bool) -> Regime:
    """By steps where the options or SUPERB say how many, else by epochs with early stopping."""
    steps = options.steps or (recipe.superb_steps if superb and not options.epochs else None)
    if steps is not None:
        return Regime(steps, min(recipe.superb_evaluation, steps), None)
    epochs = options.epochs or recipe.epochs
    return Regime(epochs * per_epoch, per_epoch, None if superb else options.patience)


def _rates(recipe: TrainingRecipe, options: TrainingOptions, *, superb: bool) -> tuple[float, ...]:
    return options.learning_rates or ((recipe.superb_learning_rate,) if superb else recipe.learning_rates)


def _train(
    data: TaskData,
    batches: Batches,
    bank: list[Head],
    regime: Regime,
    task: Task,
    names: tuple[str, ...],
    seed: int,
    notes: Notes,
    checkpoint: Checkpoint,
    *,
    superb: bool,
) -> tuple[Trained, Fit]:
    """Train the bank and score the best head of each layer and seed on test."""
    features = batches.features
    where = f"task {task.name}, model {features.model}"
    shape = Shape(len(features.layers), features.dim, data.outputs)
    stream = derive_seed(seed, "downstream", task.name)
    settings: dict[str, Any] = {"seed": stream, "superb": superb, "half": batches.half}
    settings |= {"dtype": batches.dtype, "device": batches.device}
    heads = task.heads(bank, shape, **settings)
    metric = task.metrics[data.watched]
    titles = [f"on layer {names[head.layer]}, seed {head.seed}, rate {head.rate:g}" for head in bank]
    fitted = fit(heads, batches, regime, metric.sign, where, checkpoint, titles)
    for row in np.flatnonzero(np.isinf(fitted.watch.best)):
        notes.caution("stopped head", titles[row], "its loss was not finite before the first look at dev")
    best = best_rows(bank, fitted)
    for layer, name in enumerate(names):
        if not any(bank[row].layer == layer for row in best):
            raise TaskError(
                f"{where}, layer {name}: the loss of no head is finite; try smaller learning rates, or "
                "`protocol: corrected`, which standardises features"
            )
    chosen = [bank[row] for row in best]
    heads = task.heads(chosen, shape, **settings)
    heads.load({key: values[best] for key, values in fitted.best.items()})
    counts, _, predicted = evaluate(data, heads, batches, "test")
    weights = heads.layer_weights().double().cpu().numpy()
    dev = fitted.counts[best]
    log.info("%s: waited %.1f s for features", where, batches.waited)
    by_split = {"dev": dev, "test": counts}
    return Trained(features.model, task, names, chosen, weights, by_split, predicted), fitted


def best_rows(bank: list[Head], fitted: Fit) -> list[int]:
    """Row of the best head on dev of each layer and seed; none where all were stopped."""
    best: dict[tuple[int, int], int] = {}
    order = list(zip(fitted.watch.best, fitted.watch.loss, strict=True))
    for row, head in enumerate(bank):
        key = (head.layer, head.seed)
        if np.isfinite(order[row][0]) and (key not in best or order[row] < order[best[key]]):
            best[key] = row
    return list(best.values())


def _check_splits_of_speakers(rows: pd.DataFrame, notes: Notes) -> None:
    """Note speakers of train who are in dev or test too, unless all are: a split by utterance."""
    if "speaker" not in rows.columns:
        return
    named = rows[rows["speaker"].notna() & (rows["speaker"] != "")]
    train = set(named.loc[named["split"] == "train", "speaker"])
    others = named[named["split"] != "train"].groupby("speaker")["split"].unique()
    shared = others[others.index.isin(train)]
    if len(shared) < len(others):
        for speaker, splits in shared.items():
            note = f"in train and in {' and '.join(sorted(splits))}: scores do not tell of new speakers alone"
            notes.caution("speaker in two splits", str(speaker), note)


def _device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@contextmanager
def _torch_settings(threads: int) -> Iterator[None]:
    """So many threads; numbers too small for their type are 0, as the recursions of CTC take them."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)
