"""A bank of heads against the same heads alone, trained by PyTorch's own optimiser."""

from itertools import islice

import numpy as np
import pytest
import torch
from task_corpora import task, toy_corpus
from torch import nn
from torch.func import functional_call

from layerwise.tasks.adam import Adam
from layerwise.tasks.batches import Batches
from layerwise.tasks.checkpoints import Checkpoint
from layerwise.tasks.data import Notes, TaskCorpus
from layerwise.tasks.features import open_features
from layerwise.tasks.fit import fit, train_steps
from layerwise.tasks.heads import blstm
from layerwise.tasks.heads.base import Head, Shape
from layerwise.tasks.stopping import Regime
from layerwise.tasks.train import make_bank

LAYERS = ("T0", "T1", "T2")


def prepared(chosen, dtype=torch.float64):
    """The data of a task on a toy corpus, and its batches."""
    source, manifest, intervals = toy_corpus()
    features = open_features(source, chosen, LAYERS, manifest["utt_id"].tolist())
    corpus = TaskCorpus("fake", manifest.sort_values("utt_id"), features.lengths, intervals, Notes())
    data = chosen.prepare(corpus, chosen, "corrected")
    cpu = torch.device("cpu")
    return data, Batches(
        data, features, 5, pooled=chosen.pooled, in_memory=True, seed=3, device=cpu, dtype=dtype
    )


def heads_of(chosen, data, bank, dtype=torch.float64):
    return chosen.heads(bank, Shape(3, 6, data.outputs), seed=7, dtype=dtype)


class Alone(nn.Module):
    """One head with the initial values of a bank's, written down as a module."""

    mixing: torch.Tensor

    def __init__(self, heads, row, kind):
        super().__init__()
        self.layer, self.kind = heads.bank[row].layer, kind
        for name, values in heads.values().items():
            self.register_parameter(name, nn.Parameter(values[row].clone()))

    def forward(self, features, lengths):
        if self.layer < len(features):
            frames = features[self.layer]
        else:
            weights = self.mixing.softmax(0)
            frames = torch.stack([w * layer for w, layer in zip(weights, features, strict=True)]).sum(0)
        if self.kind == "blstm":
            return self._recurrent(frames, lengths)
        hidden = frames @ self.hidden_weight + self.hidden_bias
        if self.kind == "mlp":
            hidden = hidden.relu()
        return hidden @ self.output_weight + self.output_bias

    def _recurrent(self, frames, lengths):
        """Each item for itself, without padding."""
        hidden = (frames @ self.projection_weight + self.projection_bias).view(-1, len(lengths), blstm.WIDTH)
        out = hidden.new_zeros(len(hidden), len(lengths), 2 * blstm.WIDTH)
        for item, length in enumerate(lengths):
            own = hidden[:length, item]
            for layer in range(2):
                module = nn.LSTM(own.shape[-1], blstm.WIDTH, bidirectional=True, dtype=own.dtype)
                prefix = f"lstm{layer}_"
                weights: dict[str, torch.Tensor] = {
                    n.removeprefix(prefix): v for n, v in self.named_parameters() if n.startswith(prefix)
                }
                own, _ = functional_call(module, weights, (own,))
            out[:length, item] = own
        return out.flatten(0, 1) @ self.output_weight + self.output_bias


@pytest.mark.parametrize("halved_at", [None, 3])
@pytest.mark.parametrize(
    ("known", "head"), [("pr", "linear"), ("pr", "mlp"), ("asr", "blstm"), ("classification", "linear")]
)
def test_heads_together_equal_each_alone(known, head, halved_at, monkeypatch):
    """Clipping is active, learning rates differ and change, and a head leaves the bank on the way."""
    monkeypatch.setattr(blstm, "WIDTH", 8)
    label = {"pr": "alignment", "asr": "text", "classification": "first"}[known]
    chosen = task(known, 5, head=head, label=label)
    data, batches = prepared(chosen)
    bank = make_bank(3, (1e-2, 1e-3), 2)
    heads = heads_of(chosen, data, bank)
    singles = [Alone(heads, row, head) for row in range(len(bank))]
    adam, rates = Adam(heads.parameters), torch.tensor([h.rate for h in bank], dtype=torch.float64)
    stream = batches.training(0)
    steps, left = 8, 5
    rows = list(range(len(bank)))
    for step in range(steps):
        if step == halved_at:
            rates[::2] /= 2
        if step == left:  # as if it had stopped
            rows.remove(4)
            heads.keep(rows)
            adam.keep(rows)
        train_steps(data, heads, adam, islice(stream, 1), rates[rows], step)

    clipped = 0
    for row, single in enumerate(singles):
        stream = batches.training(0)
        optimiser = torch.optim.Adam(single.parameters(), lr=bank[row].rate)
        for step in range(left if row == 4 else steps):
            if step == halved_at and row % 2 == 0:
                optimiser.param_groups[0]["lr"] /= 2
            batch = next(stream)
            losses = data.losses(single(batch.features, batch.lengths).unsqueeze(1), batch)
            optimiser.zero_grad()
            losses.mean().backward()
            for parameter in single.parameters():  # the sum's weights of a head on one layer
                parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            clipped += nn.utils.clip_grad_norm_(single.parameters(), 1.0).item() > 1
            optimiser.step()
        if row != 4:
            for name, values in heads.values().items():
                torch.testing.assert_close(
                    values[rows.index(row)], getattr(single, name).data, rtol=1e-6, atol=1e-6
                )
    assert clipped


@pytest.mark.parametrize("known", ["pr", "classification"])
def test_stopping_depends_on_no_other_head(known):
    """Each head has the best moment, the parameters and the curve that it has alone."""
    chosen = task(known, 5, **({"label": "first"} if known == "classification" else {}))
    data, batches = prepared(chosen)
    bank = make_bank(3, (3e-2, 1e-4), 1)
    regime = Regime(15 * batches.per_epoch, batches.per_epoch, 2)

    def fitted(some):
        names = [str(head) for head in some]
        return fit(
            heads_of(chosen, data, some),
            batches,
            regime,
            -1 if known == "pr" else 1,
            "",
            Checkpoint(None, ""),
            names,
        )

    together = fitted(bank)
    lengths = {sum(row[1] == head for row in together.curves) for head in range(len(bank))}
    assert len(lengths) > 1  # some stop before others
    for row, head in enumerate(bank):
        alone = fitted([head])
        assert [curve[0] for curve in together.curves if curve[1] == row] == [c[0] for c in alone.curves]
        assert alone.watch.best[0] == together.watch.best[row]
        assert alone.watch.rates[0] == together.watch.rates[row]
        for name, values in alone.best.items():
            torch.testing.assert_close(together.best[name][row], values[0], rtol=1e-6, atol=1e-6)


def test_dropping_is_drawn_anew_in_each_step_and_alike_on_all_layers(monkeypatch):
    monkeypatch.setattr(blstm, "WIDTH", 8)
    chosen = task("asr", 5, head="blstm")
    data, batches = prepared(chosen)
    batch = next(batches.of("dev"))
    heads = chosen.heads(
        [Head(1, 1, 0.1), Head(1, 1, 0.1)],
        Shape(3, 6, data.outputs),
        seed=7,
        superb=True,
        dtype=torch.float64,
    )
    results = []
    for step in (None, 1, 1, 2):
        heads.step = step
        results.append(heads.forward(batch.features, batch.lengths).detach().numpy())
    still, first, again, second = results
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - still).max() > 1e-4 and np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(first[:, 0], first[:, 1])
