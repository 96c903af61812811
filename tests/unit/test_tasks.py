"""Training of all layers at once: on data whose answer is known, from both sources, on bad data."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from fakes import FakeSource
from task_corpora import PHONES, SPLIT_SIZES, task, toy_corpus, train

from layerwise import contracts
from layerwise.contracts import tasks as tables
from layerwise.errors import TaskError
from layerwise.models.base import Grid, Layer, SpeechModel
from layerwise.tasks import batches, features
from layerwise.tasks.sources.live import LiveEncoder

PR = task("pr", 5)
ASR = task("asr", 5)
FIRST = task("classification", 7, label="first")
TABLES = {
    "scores": tables.TASK_SCORES,
    "weights": tables.TASK_WEIGHTS,
    "curves": tables.TASK_CURVES,
    "excluded": tables.TASK_EXCLUSIONS,
    "cautions": tables.TASK_CAUTIONS,
    "decodes": tables.TASK_DECODES,
    "utterances": tables.TASK_UTTERANCES,
}


@pytest.fixture(scope="module")
def corpus() -> Any:
    return toy_corpus()


def on_test(result, metric):
    """The metric of each layer on test, mean over seeds."""
    rows = result.scores.query("split == 'test' and metric == @metric")
    return rows.groupby("layer", sort=False)["value"].mean()


@pytest.mark.parametrize(("known", "metric"), [("pr", "per"), ("asr", "cer")])
@pytest.mark.parametrize("informative", ["T0", "T2"])
def test_recognition_finds_the_layer_that_carries_the_labels(informative, known, metric):
    chosen = task(known, 5, label={"pr": "alignment", "asr": "letters"}[known])
    result = train(*toy_corpus(informative, sizes={"train": 60, "dev": 8, "test": 8}), chosen, epochs=40)
    test = on_test(result, metric)
    assert list(test.index) == ["T0", "T1", "T2", "all"]
    assert test[informative] < 0.15
    assert test["all"] < 0.3
    assert test.drop([informative, "all"]).min() > 0.4
    assert result.weights.set_index("layer")["weight"].idxmax() == informative


def test_classification_finds_the_layer_that_carries_the_labels():
    source, manifest, intervals = toy_corpus("T2")
    for utt_id, label in zip(manifest["utt_id"], manifest["first"], strict=True):
        source.features["T2"][utt_id][:, PHONES.index(label)] += 8
    result = train(source, manifest, intervals, FIRST, seeds=2)
    test = on_test(result, "accuracy")
    assert test["T2"] == 1
    assert test.drop(["T2", "all"]).max() < 0.9
    weights = result.weights.groupby("layer")["weight"].mean()
    assert weights.idxmax() == "T2" and result.weights.groupby("seed")[
        "weight"
    ].sum().to_numpy() == pytest.approx(1)


def test_several_slots_are_right_only_together():
    source, manifest, intervals = toy_corpus("T1")
    slots = manifest.assign(size=[str(len(source.features["T1"][u]) > 17) for u in manifest["utt_id"]])
    result = train(source, slots, intervals, task("classification", 7, label=("first", "size")), epochs=3)
    decodes = result.decodes.set_index(["layer", "utt_id"])
    counts = result.utterances.query("split == 'test'").set_index(["layer", "utt_id"])["count"]
    right = decodes["reference"] == decodes["predicted"]
    assert decodes["predicted"].str.split().str.len().eq(2).all() and 0 < right.mean() < 1
    assert counts.astype(bool).loc[right.index].equals(right.rename("count"))


@pytest.mark.parametrize("known", ["pr", "asr"])
def test_error_rates_are_jiwers(corpus, known):
    result = train(*corpus, task(known, 5), epochs=12, learning_rates=(3e-2,), bootstrap=0)
    for layer in ("T0", "T1", "T2", "all"):
        rows = result.decodes[result.decodes["layer"] == layer]
        said, heard = rows["reference"].tolist(), rows["predicted"].tolist()
        scores = result.scores.query("split == 'test' and layer == @layer").set_index("metric")["value"]
        assert scores.iloc[0] == pytest.approx(jiwer.wer(said, heard))
        if known == "asr":
            assert list(scores.index) == ["wer", "cer"] and scores["cer"] == pytest.approx(
                jiwer.cer(said, heard)
            )


def test_products_in_bfloat16_change_little(corpus):
    single, half = (
        train(*corpus, PR, epochs=3, precision=precision) for precision in ("float32", "bfloat16")
    )
    losses = [result.curves["loss"].to_numpy() for result in (single, half)]
    assert not np.array_equal(*losses)
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.05)


def test_tables_are_complete_sorted_valid_and_repeatable(corpus):
    source, manifest, intervals = corpus
    arguments = {"seed": 3, "seeds": 2, "learning_rates": (1e-2, 1e-4), "epochs": 4, "bootstrap": 20}
    first = train(source, manifest, intervals, ASR, **arguments)
    again = train(source, manifest.sample(frac=1, random_state=1), intervals, ASR, **arguments)
    for name, contract in TABLES.items():
        assert getattr(first, name).to_csv() == getattr(again, name).to_csv(), name
        contracts.check(contract, getattr(first, name), name)
    layers, metrics = ("T0", "T1", "T2", "all"), ("wer", "cer")
    expected = [(a, b, c, m) for a in layers for b in (1, 2) for c in ("dev", "test") for m in metrics]
    keys = first.scores[["layer", "seed", "split", "metric"]]
    assert list(keys.itertuples(index=False, name=None)) == expected
    # The learning rate reported for a layer is the one with its best look at dev, and that is its score.
    best = first.curves.groupby(["layer", "seed", "learning_rate"])["dev"].min().unstack()
    dev = first.scores.query("split == 'dev' and metric == 'cer'").set_index(["layer", "seed"])
    assert dev["value"].to_numpy() == pytest.approx(best.min(axis=1).loc[dev.index].to_numpy())
    summed = first.utterances.groupby(["layer", "seed", "split", "metric"])[["count", "total"]].sum()
    values = first.scores.set_index(["layer", "seed", "split", "metric"])["value"]
    assert (summed["count"] / summed["total"]).loc[values.index].to_numpy() == pytest.approx(
        values.to_numpy()
    )
    assert set(first.utterances["speaker"]) == {"speaker0", "speaker1", "speaker2"}


def test_a_layer_does_not_depend_on_the_others(corpus):
    source, manifest, intervals = corpus
    fewer = FakeSource({layer: source.features[layer] for layer in ("T0", "T1")})
    results = [train(given, manifest, intervals, PR, epochs=6) for given in (source, fewer)]
    results.append(train(source, manifest, intervals, PR, epochs=6, layers=("T1",)))
    scores = [result.scores.query("layer == 'T1'").reset_index(drop=True) for result in results]
    for other in scores[1:]:
        pd.testing.assert_frame_equal(scores[0], other)


def test_layers_are_chosen(corpus):
    assert features.task_layers(corpus[0], "every-2") == ("T0", "T2")
    assert features.task_layers(
        FakeSource(dict.fromkeys(["T0", "T1"], corpus[0].features["T0"])), "every-5"
    ) == (("T0", "T1"))
    with pytest.raises(TaskError, match=r"names T9; there are T0, T1, T2"):
        features.task_layers(corpus[0], ("T9",))


def test_one_layer_of_short_frames_has_no_sum(corpus):
    source, manifest, intervals = corpus
    twice = {utt_id: np.repeat(frames, 2, axis=0) for utt_id, frames in source.features["T1"].items()}
    mel = FakeSource({"T0": twice}, stride=Fraction(1, 100))
    result = train(mel, manifest, intervals, PR, epochs=30)
    assert set(result.scores["layer"]) == {"T0"} and result.weights.empty
    assert on_test(result, "per")["T0"] < 0.2


def test_by_steps_as_superb_does(corpus):
    paper = task("pr", 5, "paper", label="alignment")
    result = train(*corpus, paper, steps=30, protocol="paper")
    assert set(result.curves["epoch"]) == {1} and set(result.curves["learning_rate"]) == {1e-2}


def test_streaming_in_blocks_is_a_matter_of_memory_alone(corpus, monkeypatch):
    """Blocks that are read ahead hold what stays in memory otherwise; no thread is left behind."""
    monkeypatch.setattr(features, "KEEP_BYTES", 0)
    whole = train(*corpus, PR, epochs=3)
    monkeypatch.setattr(features, "KEEP_BYTES", 2**30)
    kept = train(*corpus, PR, epochs=3)
    assert whole.scores.to_csv() == kept.scores.to_csv()
    monkeypatch.setattr(features, "KEEP_BYTES", 0)
    monkeypatch.setattr(batches, "BLOCK_BYTES", 1)
    blocks = batches.make_blocks(
        [f"{n:02}" for n in range(40)], {f"{n:02}": n for n in range(40)}, 5, frame_bytes=1, seed=1
    )
    assert [sum(map(len, block)) for block in blocks] == [16, 16, 8]
    assert sorted(utt_id for block in blocks for batch in block for utt_id in batch) == [
        f"{n:02}" for n in range(40)
    ]
    streamed = train(*corpus, PR, epochs=12)
    assert on_test(streamed, "per")["T1"] < 0.6


class Encoder(SpeechModel):
    """Frames of 20 ms: their samples, times a matrix for each layer."""

    def __init__(self):
        self.source, self.device = "toy", torch.device("cpu")
        self.table = {name: Layer(6, Grid.unpadded(320, 320), "toy") for name in ("C1", "T0", "T1")}
        generator = torch.Generator().manual_seed(0)
        self.maps = {name: torch.randn(320, 6, generator=generator) for name in self.table}

    def num_frames(self, samples, layer):
        return samples // 320

    def _forward(self, waveforms):
        longest = max(map(len, waveforms)) // 320
        frames = torch.zeros(len(waveforms), longest, 320)
        for row, wave in enumerate(waveforms):
            own = torch.from_numpy(wave[: len(wave) // 320 * 320]).view(-1, 320)
            frames[row, : len(own)] = own
        return {name: torch.tanh(frames @ matrix) for name, matrix in self.maps.items()}


@pytest.mark.parametrize("known", ["pr", "classification"])
@pytest.mark.parametrize("keep", [0, 2**30])
def test_live_features_train_as_stored_ones_do(corpus, tmp_path, monkeypatch, known, keep):
    monkeypatch.setattr(features, "KEEP_BYTES", keep)
    _, manifest, intervals = corpus
    random, encoder = np.random.default_rng(0), Encoder()
    audio: dict[str, Any] = {}
    samples: dict[str, int] = {}
    stored: dict[str, dict[str, Any]] = {name: {} for name in encoder.table}
    for utt_id in manifest["utt_id"]:
        frames = 1 + int(np.ceil(intervals.query("utt_id == @utt_id")["end"].max() / 0.02))
        wave = random.normal(scale=0.1, size=320 * frames + 7).astype(np.float32)
        audio[utt_id], samples[utt_id] = tmp_path / f"{utt_id}.wav", len(wave)
        soundfile.write(audio[utt_id], wave, 16000, subtype="FLOAT")
        for name, values in encoder.encode(wave)[0].items():
            stored[name][utt_id] = values
    chosen = task(known, 5, **({"label": "first"} if known == "classification" else {}))
    live = LiveEncoder("fake", encoder, audio, samples)
    one, other = (train(given, manifest, intervals, chosen, epochs=4) for given in (FakeSource(stored), live))
    for name in ("curves", "weights", "scores"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("known", ["pr", "classification"])
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(tmp_path, known):
    def job(folder, slow):
        folder.mkdir(exist_ok=True)
        command = [
            sys.executable,
            str(Path(__file__).with_name("training_job.py")),
            str(folder),
            known,
            str(slow),
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    whole = job(tmp_path / "whole", 0)
    assert whole.wait() == 0, whole.stderr.read()
    folder = tmp_path / "killed"
    seen: set[str] = set()
    killed = job(folder, 0.4)
    state = folder / "state.checkpoint"
    deadline = time.monotonic() + 60
    while len(seen) < 2 and killed.poll() is None and time.monotonic() < deadline:
        if state.exists():
            seen.add(state.stat().st_mtime_ns)
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert state.exists() and not (folder / "scores.csv").exists()
    resumed = job(folder, 0)
    assert resumed.wait() == 0
    for name in TABLES:
        assert (folder / f"{name}.csv").read_bytes() == (tmp_path / "whole" / f"{name}.csv").read_bytes(), (
            name
        )
    assert not state.exists()


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_not_used(corpus, tmp_path):
    state = tmp_path / "state"
    expected = train(*corpus, FIRST, epochs=3).scores.to_csv()
    state.write_bytes(b"damaged")
    assert train(*corpus, FIRST, epochs=3, checkpoint=state, every=0.0).scores.to_csv() == expected
    state.write_bytes(b"damaged")

    class StopError(Exception):
        pass

    def stop(*_):
        raise StopError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("layerwise.tasks.train.evaluate", stop)
        with pytest.raises(StopError):
            train(*corpus, FIRST, epochs=2, checkpoint=state, every=0.0, seed=5)
    assert state.stat().st_size > 10
    assert train(*corpus, FIRST, epochs=3, checkpoint=state, every=0.0).scores.to_csv() == expected


def test_a_head_whose_loss_is_not_finite_is_stopped_and_named(corpus, caplog):
    rates = {"learning_rates": (1e-2, 1e30), "epochs": 4}
    result = train(*corpus, PR, **rates)
    assert "the loss of head on layer T0, seed 1, rate 1e+30 is not finite" in caplog.text
    broken = result.curves.query("status == 'not finite'")
    assert set(broken["learning_rate"]) == {1e30} and set(broken["layer"]) == {"T0", "T1", "T2", "all"}
    healthy = train(*corpus, PR, **(rates | {"learning_rates": (1e-2,)}))
    pd.testing.assert_frame_equal(result.scores, healthy.scores)
    assert set(result.cautions["kind"]) == {"stopped head"}
    with pytest.raises(TaskError, match=r"task pr, model fake, layer T0: the loss of no head is finite"):
        train(*corpus, PR, learning_rates=(1e30,), epochs=2)


def test_unusable_utterances_are_listed(corpus):
    source, manifest, intervals = corpus
    source = FakeSource({layer: dict(by_utt) for layer, by_utt in source.features.items()})
    for by_utt in source.features.values():
        by_utt["train01"] = by_utt["train01"][:1]
        del by_utt["dev00"]
    source.utterances = tuple(source.features["T0"])
    manifest = manifest.assign(split=manifest["split"].mask(manifest["utt_id"] == "test01", "spare"))
    intervals = intervals[intervals["utt_id"] != "train00"]
    result = train(source, manifest, intervals, PR, epochs=1, longest=0.4)
    reasons = result.excluded.set_index("utt_id")["reason"]
    assert list(reasons.index[:4]) == ["dev00", "test01", "train00", "train01"]
    assert "no stored features" in reasons["dev00"] and "split" in reasons["test01"]
    assert "not aligned" in reasons["train00"] and "there are 1" in reasons["train01"]
    assert reasons.iloc[4:].str.contains("`longest`").all() and len(reasons) > 5
    assert len(result.decodes.query("layer == 'T0'")) == SPLIT_SIZES["test"] - 1


def test_unusable_labels_are_listed(corpus):
    source, manifest, intervals = corpus
    first = manifest.set_index("utt_id")["first"]
    first["train00"], first["dev00"], first["test00"] = None, "never", " "
    result = train(source, manifest.assign(first=first.to_numpy()), intervals, FIRST, epochs=1)
    reasons = result.excluded.set_index("utt_id")["reason"]
    assert list(reasons.index) == ["dev00", "test00", "train00"]
    assert "class 'never' does not occur in train" in reasons["dev00"]
    assert "no label in column 'first'" in reasons["test00"]


@pytest.mark.parametrize("known", ["pr", "asr"])
def test_unknown_labels_of_test_are_listed_and_are_errors(corpus, known):
    source, manifest, intervals = corpus
    wrong = intervals.assign(label=intervals["label"].mask(intervals["utt_id"] == "test00", "ZH"))
    texts = manifest.assign(text=manifest["text"].mask(manifest["utt_id"] == "test00", "zz zz"))
    result = train(source, texts, wrong, task(known, 5), epochs=2)
    (caution,) = result.cautions.query("kind == 'unknown label'").itertuples()
    expected = ("z", 4) if known == "asr" else ("ZH", int((wrong["label"] == "ZH").sum()))
    assert (caution.subject, caution.count) == expected and "test" in caution.note
    own = result.utterances.query("utt_id == 'test00' and metric != 'cer'")
    assert (own["count"] >= own["total"]).all()


def test_characters_are_code_points_with_composed_accents(corpus):
    source, manifest, _ = corpus
    texts = manifest.assign(text="cafe\u0301  \u0915\u094d\u0937\u093f")
    result = train(source, texts, None, ASR, epochs=1)
    assert set(result.decodes["reference"]) == {"caf\u00e9 \u0915\u094d\u0937\u093f"}
    rates = result.utterances.query("metric == 'cer'")
    assert set(rates["total"]) == {9}


def test_phones_of_the_lexicon_list_guesses_and_exclude_words_without_phones(corpus, tmp_path, monkeypatch):
    source, manifest, _ = corpus
    lexicon = tmp_path / "words"
    words = {word for text in manifest["text"] for word in text.split()}
    guessed, lost = sorted(words)[:2]
    lexicon.write_text(
        "".join(f"{word} {' '.join('AA' for _ in word)}\n" for word in sorted(words - {guessed, lost}))
    )
    chosen = task("pr", 5, label="lexicon")
    monkeypatch.setattr(
        "layerwise.tasks.pronunciations.known_pronunciations",
        lambda words, own: {word: own[word] for word in words if word in own},
    )
    monkeypatch.setattr(
        "layerwise.tasks.pronunciations.guess_pronunciations", lambda words: {guessed: ["B S"]}
    )
    result = train(source, manifest, None, chosen, epochs=1, lexicon=lexicon)
    (caution,) = result.cautions.query("kind == 'guessed word'").itertuples()
    assert (caution.subject, caution.note) == (guessed, "B S")
    assert result.excluded["reason"].str.contains(repr(lost)).any()


def test_speakers_of_two_splits_are_a_caution_unless_all_are(corpus):
    source, manifest, intervals = corpus
    assert train(source, manifest, intervals, FIRST, epochs=1).cautions.empty
    apart = manifest["split"] + manifest["speaker"]
    shared = manifest.assign(speaker=apart.mask(manifest["speaker"] == "speaker1", "both"))
    (caution,) = train(source, shared, intervals, FIRST, epochs=1).cautions.itertuples()
    assert (caution.kind, caution.subject) == ("speaker in two splits", "both")


def test_errors_say_what_is_wrong(corpus):
    source, manifest, intervals = corpus

    def message(*given, **settings):
        with pytest.raises(TaskError) as caught:
            train(*given, **{"epochs": 1, **settings})
        return str(caught.value)

    no_dev = manifest.assign(split=manifest["split"].replace("dev", "train"))
    assert "no usable utterance in split 'dev'" in message(source, no_dev, intervals, PR)
    assert "no usable utterance in split 'train'" in message(source, manifest, None, PR)
    assert "no column 'topic'; it has utt_id" in message(
        source, manifest, None, task("asr", 5, label="topic")
    )
    same = manifest.assign(first="AA")
    assert "train has the single class 'AA' in column 'first'" in message(source, same, intervals, FIRST)
    broken = {layer: dict(by_utt) for layer, by_utt in source.features.items()}
    broken["T2"]["dev03"] = broken["T2"]["dev03"].copy()
    broken["T2"]["dev03"][1, 1] = np.nan
    for chosen in (PR, FIRST):
        assert "layer T2: features of utterance dev03 are not finite" in message(
            FakeSource(broken), manifest, intervals, chosen
        )
    short = {layer: dict(by_utt) for layer, by_utt in source.features.items()}
    short["T1"]["dev03"] = short["T1"]["dev03"][:-1]
    assert "utterance dev03 has other frames in layer T1 than in T0" in message(
        FakeSource(short), manifest, intervals, PR
    )
    wide = {**source.features, "T2": {u: np.ones((len(f), 7)) for u, f in source.features["T2"].items()}}
    assert "layers differ in dimension" in message(FakeSource(wide), manifest, intervals, PR)
    assert "no layer T0 ... TL" in message(FakeSource({"C1": source.features["C1"]}), manifest, intervals, PR)
    with pytest.raises(TaskError, match="unknown task 'nothing'"):
        task("nothing", 5)
    with pytest.raises(TaskError, match="has no labels of its own"):
        task("classification", 5)
