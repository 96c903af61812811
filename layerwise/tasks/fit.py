"""Train a bank of heads together, each to its own best moment on dev."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layerwise.tasks.adam import Adam
from layerwise.tasks.batches import Batches
from layerwise.tasks.checkpoints import Checkpoint
from layerwise.tasks.data import Labels, TaskData
from layerwise.tasks.heads.base import Heads, Parameters
from layerwise.tasks.scores import score
from layerwise.tasks.stopping import Regime, Watch

log = logging.getLogger(__name__)

GRADIENT_NORM = 1.0
Decodes = list[list[Labels]]
# look, row of the bank, mean training loss, metric on dev, status
CurveRow = tuple[int, int, float, float, str]


@dataclass
class Fit:
    """Heads at their best moment on dev.

    Attributes:
        best: their parameters there, for all heads of the bank.
        watch: their metric there, the lower the better, infinite for a head without one.
        counts: (heads, metrics, dev utterances, 2) at that moment.
        curves: one row per head and look at dev.
    """

    best: Parameters
    watch: Watch
    counts: NDArray[np.float64]
    curves: list[CurveRow] = field(default_factory=list)


def fit(
    heads: Heads,
    batches: Batches,
    regime: Regime,
    sign: int,
    where: str,
    checkpoint: Checkpoint,
    names: Sequence[str],
) -> Fit:
    """Train every head with Adam on the same batches, as if each were alone.

    Each head has its own gradient clipping (norm 1, as SUPERB), learning rate, best moment and end. One whose
    loss is not finite is stopped where it was best and named in the log; the others go on.

    Args:
        heads: the bank; afterwards it holds the heads that were trained to the end.
        batches: the task's batches.
        regime: length and rates.
        sign: 1 where higher metrics are better, else -1.
        where: task and model, for the log.
        checkpoint: where the state is kept at each look.
        names: name of each head, for the log.
    """
    data, device = batches.data, batches.device
    adam = Adam(heads.parameters)
    fitted = Fit(
        {name: values.clone() for name, values in heads.values().items()},
        Watch(np.array([head.rate for head in heads.bank]), regime.patience),
        np.zeros((len(heads.bank), 0, 0, 0)),
    )
    rows, step, look = np.arange(len(heads.bank)), 0, 0
    if saved := checkpoint.load():
        rows, step, look = _restore(saved, heads, adam, fitted)
        log.info("%s: going on from a checkpoint, step %d of %d", where, step, regime.steps)
    stream = batches.training(step)
    watch = fitted.watch
    while step < regime.steps and len(rows):
        start = time.perf_counter()
        some = min(regime.evaluation, regime.steps - step)
        rates = torch.from_numpy(watch.rates[rows]).to(device, batches.dtype)
        loss = train_steps(data, heads, adam, islice(stream, some), rates, step)
        step, look = step + some, look + 1
        counts, dev_loss, _ = evaluate(data, heads, batches, "dev")
        metric = score(counts[:, data.watched])
        finite = np.isfinite(loss) & np.isfinite(dev_loss)
        for row in rows[~finite]:
            log.warning("%s: the loss of head %s is not finite; it is stopped", where, names[row])
            fitted.curves.append((look, int(row), np.nan, np.nan, "not finite"))
            watch.alive[row] = False
        good = rows[finite]
        better = watch.update(good, -sign * metric[finite], dev_loss[finite])
        if not fitted.counts.size:
            fitted.counts = np.zeros((len(fitted.counts), *counts.shape[1:]))
        fitted.counts[good[better]] = counts[finite][better]
        chosen = torch.from_numpy(np.flatnonzero(finite)[better]).to(device)
        for name, values in heads.values().items():
            fitted.best[name][torch.from_numpy(good[better]).to(device)] = values[chosen]
        for row, is_better, at, dev in zip(good, better, loss[finite], metric[finite], strict=True):
            status = "improved" if is_better else "not improved"
            fitted.curves.append((look, int(row), float(at), float(dev), status))
        if len(good):
            log.info(
                "%s: step %d of %d at most, %d heads, loss %.3f, dev %.3f (means), %.2f s",
                *(where, step, regime.steps, len(good), loss[finite].mean(), metric[finite].mean()),
                time.perf_counter() - start,
            )
        going = np.flatnonzero(watch.alive[rows])
        if len(going) < len(rows):
            heads.keep(going.tolist())
            adam.keep(going.tolist())
            rows = rows[going]
        checkpoint.save(_state(heads, adam, fitted, rows, step, look))
    return fitted


def train_steps(
    data: TaskData, heads: Heads, adam: Adam, stream: Any, rates: Tensor, step: int
) -> NDArray[np.float64]:
    """Take a step on each batch; return each head's mean loss per item."""
    total = torch.zeros(len(heads.bank), dtype=torch.float64)
    items = 0
    for batch in stream:
        heads.step = step
        losses = data.losses(heads.forward(batch.features, batch.lengths), batch)
        heads.clear_gradients()
        # Heads share no parameter: the gradient of the sum is each head's own gradient.
        torch.autograd.backward(losses.mean(dim=0).sum())
        adam.step(heads.values(), heads.gradients(), rates, GRADIENT_NORM)
        total = total.to(losses.device) + losses.detach().double().sum(dim=0)
        items += len(batch.rows)
        step += 1
    heads.step = None
    return (total / items).cpu().numpy()


@torch.no_grad()
def evaluate(
    data: TaskData, heads: Heads, batches: Batches, split: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], Decodes]:
    """Return counts (heads, metrics, utterances, 2), mean losses (heads,), 0 where they do not matter, and
    what each head predicts."""
    chosen = data.splits[split]
    count = len(heads.bank)
    predicted: Decodes = [[()] * len(chosen.utt_ids) for _ in range(count)]
    total = torch.zeros(count, dtype=torch.float64)
    for batch in batches.of(split):
        logits = heads.forward(batch.features, batch.lengths)
        if data.loss_on_dev and split == "dev":
            total = total.to(logits.device) + data.losses(logits, batch).double().sum(dim=0)
        for head, labels in enumerate(data.decode(logits, batch)):
            for row, decoded in zip(batch.rows, labels, strict=True):
                predicted[head][row] = decoded
    counts = np.stack([data.counts(chosen.references, labels) for labels in predicted])
    return counts, (total / len(chosen.utt_ids)).cpu().numpy(), predicted


def _state(
    heads: Heads, adam: Adam, fitted: Fit, rows: NDArray[np.int64], step: int, look: int
) -> dict[str, Any]:
    return {
        "rows": rows.tolist(),
        "step": step,
        "look": look,
        "heads": heads.values(),
        "adam": adam.state(),
        "best": fitted.best,
        "watch": fitted.watch.state(),
        "counts": torch.from_numpy(fitted.counts),
        "curves": fitted.curves,
    }


def _restore(
    saved: dict[str, Any], heads: Heads, adam: Adam, fitted: Fit
) -> tuple[NDArray[np.int64], int, int]:
    """Take over a saved state; return the rows of the bank that go on, and the numbers of step and look."""
    heads.keep(saved["rows"])
    heads.load(saved["heads"])
    device = heads.parameters["mixing"].device
    adam.restore(saved["adam"], device)
    fitted.best = {name: values.to(device) for name, values in saved["best"].items()}
    fitted.watch.restore(saved["watch"])
    fitted.counts = saved["counts"].numpy()
    fitted.curves = [tuple(row) for row in saved["curves"]]
    return np.array(saved["rows"], dtype=np.int64), saved["step"], saved["look"]
