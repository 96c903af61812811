"""Training of all layers at once: against training one by one, on data whose answer is known, on bad data."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from fakes import FakeSource
from torch import nn
from torch.nn import functional

from layerwise.errors import TaskError
from layerwise.options.training import TrainingOptions
from layerwise.tasks import run
from layerwise.tasks.classification import Classification
from layerwise.tasks.data import standardise
from layerwise.tasks.fit import Schedule, evaluate, fit, train_epoch
from layerwise.tasks.heads import HIDDEN_DIM, LinearHeads
from layerwise.tasks.recognition import Clip, Recognition, cut_clip, frames_needed, join_frames
from layerwise.tasks.run import known_task

PHONES = ("AA", "B", "S")
SPLIT_SIZES = {"train": 24, "dev": 8, "test": 8}


def task(known, batch_size, **changes):
    """A known task with smaller batches."""
    found = known_task(known)
    recipe = replace(found.recipe, batch_size=batch_size, label=changes.pop("label", found.recipe.label))
    return replace(found, recipe=recipe, **changes)


def train_task(*corpus_and_task, **options):
    """``run.train_task`` with the fields of its options as keywords."""
    fields = {name: options.pop(name) for name in list(options) if name in TrainingOptions.model_fields}
    return run.train_task(*corpus_and_task, options=TrainingOptions(**fields), **options)


PR = task("pr", batch_size=5)


def toy_corpus(informative: str = "T1", layers=("T0", "T1", "T2"), dim: int = 6, seed: int = 0):
    """Phones of 3 frames with gaps of 1 frame; one layer shows which phone it is, the others are noise."""
    random = np.random.default_rng(seed)
    manifest, intervals = [], []
    features: dict[str, Any] = {layer: {} for layer in ("C1", *layers)}
    for split, size in SPLIT_SIZES.items():
        for number in range(size):
            utt_id = f"{split}{number:02}"
            labels = random.integers(len(PHONES), size=random.integers(2, 7))
            frames = 4 * len(labels) + 1
            manifest.append((utt_id, split, PHONES[labels[0]]))
            for layer in features:
                features[layer][utt_id] = random.normal(size=(frames, dim)).astype(np.float32)
            for position, label in enumerate(labels):
                start = 4 * position + 1
                features[informative][utt_id][start : start + 3, label] += 8
                times = start * 0.02, (start + 3) * 0.02
                intervals.append((utt_id, "phone", *times, PHONES[label], position // 2))
    return (
        FakeSource(features),
        pd.DataFrame(manifest, columns=["utt_id", "split", "first"]),
        pd.DataFrame(intervals, columns=["utt_id", "tier", "start", "end", "label", "word_index"]),
    )


@pytest.fixture(scope="module")
def corpus():
    return toy_corpus()


FIRST = task("scenario", batch_size=7, name="first", label="first")


def sequence_loss(logits, batch):
    """Mean CTC loss per label of single, unpadded items; logits (frames, items, outputs)."""
    losses = [
        functional.ctc_loss(
            logits[:frames, item].log_softmax(-1),
            batch.targets[item, :labels],
            torch.tensor([frames]),
            torch.tensor([labels]),
        )
        for item, (frames, labels) in enumerate(
            zip(batch.lengths.tolist(), batch.target_lengths.tolist(), strict=True)
        )
    ]
    return torch.stack(losses).mean()


def classification_loss(logits, batch):
    return functional.cross_entropy(logits.squeeze(0), batch.targets[:, 0])


class SingleHead(nn.Module):
    """SUPERB's head on one layer, or on the weighted sum (``layer`` None), starting as in ``heads``."""

    def __init__(self, heads: LinearHeads, layer: int | None):
        super().__init__()
        number = -1 if layer is None else layer
        self.layer = layer
        self.weights = nn.Parameter(torch.zeros(heads.layers)) if layer is None else None
        self.hidden = nn.Linear(*heads.hidden_weight.shape[1:])
        self.output = nn.Linear(HIDDEN_DIM, heads.output_weight.shape[-1])
        with torch.no_grad():
            self.hidden.weight.copy_(heads.hidden_weight[number].T)
            self.hidden.bias.copy_(heads.hidden_bias[number])
            self.output.weight.copy_(heads.output_weight[number].T)
            self.output.bias.copy_(heads.output_bias[number])

    def forward(self, features):
        if self.layer is None:
            assert self.weights is not None
            weights = self.weights.softmax(0)
            frames = sum(weight * layer for weight, layer in zip(weights, features, strict=True))
        else:
            frames = features[self.layer]
        return self.output(self.hidden(frames))


@pytest.mark.parametrize("kind", ["sequence", "classification"])
def test_all_heads_together_equal_each_head_alone(corpus, kind):
    source, manifest, intervals = corpus
    problem: Any
    loss: Any
    if kind == "sequence":
        problem, loss = Recognition(source, manifest, intervals, PR, normalise=True), sequence_loss
    else:
        problem, loss = (
            Classification(source, manifest, intervals, FIRST, normalise=True),
            classification_loss,
        )
    rate, epochs = 1e-2, 2
    heads = LinearHeads(3, 6, problem.outputs, seed=5)
    alone = [SingleHead(heads, layer) for layer in (0, 1, 2, None)]
    optimiser = torch.optim.Adam(heads.parameters(), lr=rate)
    random = np.random.default_rng(3)
    together = [train_epoch(problem, heads, optimiser, random) for _ in range(epochs)]

    for number, single in enumerate(alone):
        optimiser = torch.optim.Adam(single.parameters(), lr=rate)
        random = np.random.default_rng(3)
        for epoch in range(epochs):
            total = items = 0
            for batch in problem.training_batches(random):
                logits = single(batch.features)
                step = loss(logits.view(-1, len(batch.rows), problem.outputs), batch)
                optimiser.zero_grad()
                step.backward()
                nn.utils.clip_grad_norm_(single.parameters(), 1.0)
                optimiser.step()
                total, items = total + step.item() * len(batch.rows), items + len(batch.rows)
            assert together[epoch][number] == pytest.approx(total / items, rel=2e-5, abs=2e-5)
        for batch in problem.splits["test"].batches:
            torch.testing.assert_close(
                heads(batch.features)[number], single(batch.features), atol=2e-3, rtol=1e-3
            )
    weights = alone[-1].weights
    assert weights is not None
    torch.testing.assert_close(heads.layer_weights(), weights.softmax(0), atol=1e-5, rtol=1e-5)


def test_a_layer_does_not_depend_on_the_others(corpus):
    source, manifest, intervals = corpus
    fewer = FakeSource({layer: source.features[layer] for layer in ("T0", "T1")})
    one = FakeSource({"T1": source.features["T1"]})
    scores = [
        train_task(given, manifest, intervals, PR, seed=1, epochs=6).scores.query("layer == 'T1'")
        for given in (source, fewer, one)
    ]
    for other in scores[1:]:
        pd.testing.assert_frame_equal(scores[0].reset_index(drop=True), other.reset_index(drop=True))


@pytest.mark.parametrize("informative", ["T0", "T2"])
def test_phone_recognition_finds_the_informative_layer(informative):
    result = train_task(*toy_corpus(informative), PR, seed=1, epochs=30)
    test = result.scores.query("split == 'test'").set_index("layer")["value"]
    assert list(test.index) == ["T0", "T1", "T2", "all"]
    assert test[informative] < 0.1
    assert test["all"] < 0.3
    assert test.drop([informative, "all"]).min() > 0.4
    weights = result.weights.set_index("layer")["weight"]
    assert weights.idxmax() == informative
    assert weights.sum() == pytest.approx(1, abs=1e-6)


def test_classification_finds_the_informative_layer():
    source, manifest, intervals = toy_corpus("T2")
    for utt_id, label in zip(manifest["utt_id"], manifest["first"], strict=True):
        source.features["T2"][utt_id][:, PHONES.index(label)] += 8
    result = train_task(source, manifest, intervals, FIRST, seed=1)
    test = result.scores.query("split == 'test'").set_index("layer")["value"]
    assert test["T2"] == 1
    assert test.drop(["T2", "all"]).max() < 0.9
    assert result.weights.set_index("layer")["weight"].idxmax() == "T2"
    assert set(result.scores["metric"]) == {"accuracy"}


def test_mean_pooling_commutes_with_the_head(corpus):
    source, *_ = corpus
    problem = Classification(corpus[0], corpus[1], corpus[2], FIRST, normalise=False)
    heads = LinearHeads(3, 6, problem.outputs, seed=1)
    (batch,) = problem.splits["dev"].batches
    logits = heads(batch.features)
    for row, utt_id in enumerate(problem.splits["dev"].utt_ids):
        for layer, name in enumerate(("T0", "T1", "T2")):
            hidden = torch.from_numpy(source.features[name][utt_id]) @ heads.hidden_weight[layer]
            pooled = (hidden + heads.hidden_bias[layer]).mean(dim=0)
            expected = pooled @ heads.output_weight[layer] + heads.output_bias[layer]
            torch.testing.assert_close(logits[layer, row], expected, atol=1e-5, rtol=1e-4)


def test_tables_are_complete_sorted_and_repeatable(corpus):
    source, manifest, intervals = corpus
    arguments = {"seed": 3, "seeds": 2, "learning_rates": (1e-2, 1e-4), "epochs": 5}
    first = train_task(source, manifest, intervals, PR, **arguments)
    again = train_task(source, manifest.sample(frac=1, random_state=1), intervals, PR, **arguments)
    for name in ("scores", "weights", "curves", "excluded", "decodes"):
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv(), name
    scores = first.scores
    assert list(scores.columns) == [
        *("model", "task", "layer", "seed", "learning_rate", "split", "metric", "value", "low", "high")
    ]
    expected = [(a, b, c) for a in ("T0", "T1", "T2", "all") for b in (1, 2) for c in ("dev", "test")]
    assert list(scores[["layer", "seed", "split"]].itertuples(index=False, name=None)) == expected
    assert (scores["low"] <= scores["value"]).all()
    assert (scores["value"] <= scores["high"]).all()
    # The learning rate reported for a layer is the one with its best epoch on dev.
    best = first.curves.groupby(["layer", "seed", "learning_rate"])["dev"].min().unstack()
    dev = scores[scores["split"] == "dev"].set_index(["layer", "seed"])
    assert (dev["learning_rate"] == best.idxmin(axis=1).loc[dev.index]).all()
    assert dev["value"].to_numpy() == pytest.approx(best.min(axis=1).loc[dev.index].to_numpy())
    assert not scores.equals(train_task(source, manifest, intervals, PR, **(arguments | {"seed": 4})).scores)


def test_each_seed_has_its_own_initial_values(corpus):
    source, manifest, intervals = corpus
    # One batch per epoch: the loss of the first epoch depends on the initial values alone.
    whole = task("scenario", batch_size=99, name="first", label="first")
    curves = train_task(
        source, manifest, intervals, whole, seed=1, seeds=2, epochs=1, learning_rates=(1e-2,)
    ).curves
    first, second = (curves.loc[curves["seed"] == seed, "loss"].to_numpy() for seed in (1, 2))
    assert (np.abs(first - second) > 1e-4).all()


def test_each_head_is_kept_at_its_own_best_epoch(corpus):
    source, manifest, intervals = corpus
    problem = Recognition(source, manifest, intervals, PR, normalise=True)
    fitted = fit(problem, Schedule(1e-2, 12, decay=False, lower_is_better=True), seed=1, where="here")
    assert len(set(fitted.dev_curve.argmin(axis=0))) > 1
    assert fitted.dev.tolist() == fitted.dev_curve.min(axis=0).tolist()
    counts, _ = evaluate(problem, fitted.heads, "dev")
    np.testing.assert_allclose(counts[..., 0].sum(1) / counts[..., 1].sum(1), fitted.dev)


def test_the_learning_rate_falls_linearly(corpus, monkeypatch):
    problem = Recognition(corpus[0], corpus[1], corpus[2], PR, normalise=True)
    rates = []

    def record(problem, heads, optimiser, random):
        rates.append(optimiser.param_groups[0]["lr"])
        return np.zeros(heads.heads)

    monkeypatch.setattr("layerwise.tasks.fit.train_epoch", record)
    fit(problem, Schedule(0.4, 4, decay=True, lower_is_better=True), seed=1, where="here")
    fit(problem, Schedule(0.4, 2, decay=False, lower_is_better=True), seed=1, where="here")
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.4, 0.4])


def test_one_layer_has_no_weighted_sum(corpus):
    source, manifest, intervals = corpus
    features = {utt_id: np.repeat(frames, 2, axis=0) for utt_id, frames in source.features["T1"].items()}
    mel = FakeSource({"T0": features}, stride=Fraction(1, 100))
    result = train_task(mel, manifest, intervals, PR, seed=1, epochs=20)
    assert set(result.scores["layer"]) == {"T0"}
    assert len(result.weights) == 0
    assert result.scores["value"].max() < 0.2


def test_unusable_utterances_are_listed(corpus):
    source, manifest, intervals = corpus
    source = FakeSource({layer: dict(by_utt) for layer, by_utt in source.features.items()})
    for by_utt in source.features.values():
        by_utt["train01"] = by_utt["train01"][:1]
        del by_utt["dev00"]
    source.utterances = tuple(source.features["T0"])
    manifest = manifest.assign(split=manifest["split"].mask(manifest["utt_id"] == "test01", "spare"))
    intervals = intervals[intervals["utt_id"] != "train00"]
    result = train_task(source, manifest, intervals, PR, seed=1, epochs=1)
    reasons = result.excluded.set_index("utt_id")["reason"]
    assert list(reasons.index) == ["dev00", "test01", "train00", "train01"]
    assert "no stored features" in reasons["dev00"]
    assert "split" in reasons["test01"]
    assert "not aligned" in reasons["train00"]
    assert "there are 1" in reasons["train01"]
    assert len(result.decodes.query("layer == 'T0'")) == SPLIT_SIZES["test"] - 1


def test_unusable_labels_are_listed(corpus):
    source, manifest, intervals = corpus
    first = manifest.set_index("utt_id")["first"]
    first["train00"], first["dev00"], first["test00"] = None, "never", " "
    result = train_task(source, manifest.assign(first=first.to_numpy()), intervals, FIRST, seed=1, epochs=1)
    reasons = result.excluded.set_index("utt_id")["reason"]
    assert list(reasons.index) == ["dev00", "test00", "train00"]
    assert "'never' does not occur in train" in reasons["dev00"]
    assert "no label in column 'first'" in reasons["test00"]


def test_errors_say_what_is_wrong(corpus):
    source, manifest, intervals = corpus

    def run(task=PR, source=source, manifest=manifest, intervals=intervals, **options):
        train_task(source, manifest, intervals, task, seed=1, epochs=2, **options)

    with pytest.raises(TaskError, match=r"unknown task 'asr'; known tasks: pr, scenario"):
        run("asr")
    with pytest.raises(TaskError, match=r"no column 'scenario'; it has utt_id, split, first"):
        run("scenario")
    for task in (PR, FIRST):
        with pytest.raises(TaskError, match="no usable utterance in split 'test'"):
            run(task, manifest=manifest[manifest["split"] != "test"])
    with pytest.raises(TaskError, match="no usable utterance in split 'train'"):
        run(intervals=intervals[intervals["tier"] == "word"])
    with pytest.raises(TaskError, match="single class 'x'"):
        run(FIRST, manifest=manifest.assign(first="x"))
    with pytest.raises(TaskError, match=r"no layer T0"):
        run(source=FakeSource({"C1": source.features["C1"]}))
    broken = {layer: dict(by_utt) for layer, by_utt in source.features.items()}
    broken["T2"]["dev03"] = np.full_like(broken["T2"]["dev03"], np.nan)
    for task in (PR, FIRST):
        with pytest.raises(TaskError, match=r"layer T2: features of utterance dev03 are not finite"):
            run(task, source=FakeSource(broken))
    short = broken | {"T2": source.features["T2"] | {"dev03": source.features["T2"]["dev03"][:-2]}}
    with pytest.raises(TaskError, match="dev03 has fewer frames in layer T2 than in T0"):
        run(source=FakeSource(short))
    huge = broken | {"T2": {utt_id: x * np.float32(1e37) for utt_id, x in source.features["T2"].items()}}
    with pytest.raises(TaskError, match=r"task pr, model fake, layer T2: loss is not finite in epoch 1"):
        run(source=FakeSource(huge), protocol="paper")


def test_standardised_features_do_not_depend_on_scale(corpus):
    source, manifest, intervals = corpus
    scale = np.array([1e-3, 1, 1e3, 7, 1, 1], dtype=np.float32)
    scaled = FakeSource(
        {
            layer: {utt: x * scale + 5 for utt, x in by_utt.items()}
            for layer, by_utt in source.features.items()
        }
    )
    curves = [
        train_task(given, manifest, intervals, PR, seed=1, epochs=3).curves["loss"]
        for given in (source, scaled)
    ]
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-3)


def test_standardisation_uses_training_rows_only():
    values = np.array([[1, 5], [3, 5], [100, 6]], dtype=np.float32)
    standardised = standardise(values, np.array([True, True, False]))
    assert standardised.tolist() == [[-1, 0], [1, 0], [98, 0]]


def test_long_training_utterances_are_cut_between_words():
    words = [0, 0, 1, 2, 2, 3]
    starts = np.array([0.1, 0.3, 1.0, 1.6, 1.8, 3.0])
    intervals = pd.DataFrame({"start": starts, "end": starts + 0.2, "word_index": words})
    whole = Clip("u", 0, 200, tuple("abcdef"))
    pieces = cut_clip(whole, intervals, 0.02, 1.5)
    assert pieces == [
        Clip("u", 0, 70, ("a", "b", "c")),
        Clip("u", 70, 125, ("d", "e")),
        Clip("u", 125, 200, ("f",)),
    ]
    assert cut_clip(whole, intervals, 0.02, 4.0) == [whole]


def test_an_utterance_stays_whole_if_a_piece_has_too_few_frames():
    intervals = pd.DataFrame({"start": [0.0, 1.0, 1.01], "end": [1.0, 1.01, 1.02], "word_index": [0, 1, 1]})
    whole = Clip("u", 0, 51, ("a", "b", "c"))
    assert cut_clip(whole, intervals, 0.02, 1.0) == [whole]


def test_frames_needed_counts_blanks_between_equal_labels():
    assert frames_needed(()) == 0
    assert frames_needed(("a", "b", "b", "b", "a")) == 7


def test_joined_frames_keep_every_frame():
    values = np.arange(10, dtype=np.float32).reshape(5, 2)
    joined, offsets = join_frames(values, np.array([0, 3, 5]), 2)
    assert offsets.tolist() == [0, 2, 3]
    assert joined.tolist() == [[0, 1, 2, 3], [4, 5, 4, 5], [6, 7, 8, 9]]


@pytest.mark.parametrize(("protocol", "expected"), [("corrected", "AA B AA S S"), ("paper", "AA B AA S")])
def test_greedy_decoding(corpus, protocol, expected):
    problem = Recognition(corpus[0], corpus[1], corpus[2], PR, normalise=True, protocol=protocol)
    batch = problem.splits["test"].batches[0]
    path = [0, 1, 1, 2, 1, 0, 3, 3, 0, 3, 0]
    frames = int(batch.lengths.max())
    logits = torch.zeros(1, frames, len(batch.rows), 4)
    for frame in range(frames):
        logits[0, frame, :, path[frame] if frame < len(path) else 0] = 1
    decoded = problem.decode(logits.view(1, -1, 4), batch)
    longest = int(batch.lengths.argmax())
    assert " ".join(decoded[0][longest]) == expected
