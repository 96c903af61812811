"""Analyses over the layers of a model, from an in-memory feature source."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from layerwise.analyses.engine import Beside
from layerwise.analyses.run import analyse, run_analysis
from layerwise.contracts.scores import SCORES
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.layers import LayerName, is_block, is_normed, layer_index, on_curve
from layerwise.options.mutual_information import MutualInformationOptions
from layerwise.options.scoring import ScoringOptions
from layerwise.options.vectors import VectorTarget
from layerwise.specs.analyses import ANALYSES as SPECS

ANALYSES = {spec.name: spec for spec in SPECS}
FRAMES, DIM, PHONES = 30, 6, 5
START = [0.07 * place for place in range(8)]


class FakeSource:
    """Layers that know ever more of the phones and ever less of the mel, at 20 ms; C1 is at 10 ms."""

    def __init__(self, model: str, seed: int = 0, utterances: int = 40) -> None:
        rng = np.random.default_rng(seed)
        self.model = model
        self.utterances = tuple(f"utt{number:02d}" for number in range(utterances))
        mel_source = np.random.default_rng(99).standard_normal((utterances, 2 * FRAMES, 4))
        phones = np.random.default_rng(98).integers(0, PHONES, 8 * utterances)
        self.labels = np.array(list("AEIOU"))[phones]
        self.baseline = model in ("logmel", "prosody")
        self.layers = ("T0",) if self.baseline else ("T2", "C1", "C2", "T0", "T1", "T2+ln")
        self._frames, self._segments = {}, {}
        for layer in self.layers:
            depth = 0.0 if self.baseline else layer_index(layer, self.layers) + 2
            step = 1 if self.stride(layer) == Fraction(1, 100) else 2
            signal = mel_source[:, ::step] @ rng.standard_normal((4, DIM))
            noise = rng.standard_normal(signal.shape)
            self._frames[layer] = (signal + depth * noise).astype(np.float32)
            means = (1 + depth) * np.eye(PHONES, DIM)[phones]
            self._segments[layer] = (means + rng.standard_normal((len(phones), DIM))).astype(np.float32)

    def stride(self, layer: str) -> Fraction:
        return Fraction(1, 100) if layer == "C1" or self.baseline else Fraction(1, 50)

    def first_centre(self, layer: str) -> Fraction:
        return Fraction(0) if self.baseline else Fraction(1, 400)

    def dim(self, layer: str) -> int:
        return DIM

    def frames(self, layer, utt_ids=None):
        chosen = [self.utterances.index(utt) for utt in (self.utterances if utt_ids is None else utt_ids)]
        frames = self._frames[layer][chosen]
        return frames.reshape(-1, DIM), np.arange(len(chosen) + 1) * frames.shape[1]

    def frame_offsets(self, layer, utt_ids=None):
        chosen = [self.utterances.index(utt) for utt in (self.utterances if utt_ids is None else utt_ids)]
        starts = np.array(chosen) * self._frames[layer].shape[1]
        return np.stack([starts, starts + self._frames[layer].shape[1]], axis=1)

    def frames_view(self, layer):
        return self.frames(layer)[0]

    def segments(self, kind, layer, rows=None):
        return self._segments[layer] if rows is None else self._segments[layer][rows]

    def utterance_means(self, layer, utt_ids=None):
        frames, offsets = self.frames(layer, utt_ids)
        return frames.reshape(len(offsets) - 1, -1, DIM).mean(axis=1)


@pytest.fixture
def source():
    return FakeSource("tiny")


@pytest.fixture
def logmel():
    return FakeSource("logmel")


@pytest.fixture
def prosody():
    """Frames of log F0, voicing and energy at 10 ms; every third frame is unvoiced."""
    store = FakeSource("prosody")
    store._frames["T0"][..., 1] = np.arange(2 * FRAMES) % 3 > 0
    return store


@pytest.fixture
def sample(source):
    utterances = [
        {
            "kind": "utterance",
            "utt_id": utt,
            "speaker": f"s{i % 12}",
            "label": "",
            "start": 0.0,
            "end": 0.6,
            "segment": -1,
        }
        for i, utt in enumerate(source.utterances)
    ]
    phones = [
        {
            "kind": kind,
            "utt_id": source.utterances[i // 8],
            "speaker": f"s{i // 8 % 12}",
            "label": label,
            "start": START[i % 8],
            "end": START[i % 8] + 0.05 + 0.01 * (i % 2),
            "segment": i,
        }
        for kind in ("phone", "word")
        for i, label in enumerate(source.labels)
    ]
    return pd.DataFrame([*utterances, *phones])


def aligned(sample):
    """The alignment: each phone is a word of its own, and pauses are no gaps."""
    rows = sample[sample["kind"] != "utterance"]
    table = rows.rename(columns={"kind": "tier"}).assign(word_index=rows["segment"] % 8)
    later = table.groupby(["tier", "utt_id"])["start"].shift(-1)
    return table.assign(end=later.fillna(table["end"]))


def run(name, source, sample, **options):
    """``run_analysis`` with the fields of its options, and what lies beside the features, as keywords."""
    return run_analysis(name, source, sample, 1, **_arguments(name, source, sample, options))


def analysed(name, source, sample, **options):
    """All tables of the same."""
    return analyse(name, source, sample, 1, **_arguments(name, source, sample, options))


def _arguments(name, source, sample, options):
    speakers = {utt: f"s{i % 4}" for i, utt in enumerate(source.utterances)}
    given = _taken(options, Beside.__dataclass_fields__)
    beside = {"speakers": speakers, "intervals": aligned(sample), **given}
    fields = {"permutations": 19, "parts": 6, **_taken(options, ScoringOptions.model_fields)}
    if name.startswith("mi-"):
        options["own"] = MutualInformationOptions(phone_clusters=12, word_clusters=12, seeds=1)
    more = {"options": ScoringOptions(**fields), "beside": Beside(**beside)}
    return {"seed": 3, **more, **options}


def _taken(options, names):
    return {name: options.pop(name) for name in list(options) if name in names}


@pytest.mark.parametrize("protocol", ["corrected", "paper"])
@pytest.mark.parametrize("name", list(ANALYSES))
def test_every_analysis_gives_the_columns_of_the_contract(name, protocol, source, sample, logmel, prosody):
    beside = {"logmel": logmel, "prosody": prosody}
    table = run(name, source, sample, **beside, protocol=protocol)
    assert tuple(table.columns) == SCORES.required
    layers = ["C1", "C2", "T0", "T1", "T2", "T2+ln"]
    if ANALYSES[name].own_reference:
        layers.remove("C1")  # another stride
    assert list(table.layer.unique()) == layers
    trials = 3 if protocol == "paper" or name.startswith("mi-") else 6  # every part is tested
    assert list(table.trial) == list(range(trials)) * len(layers)
    assert (table["sample"] == 1).all() and (table.model == "tiny").all() and (table.analysis == name).all()
    assert table.layer_index.is_monotonic_increasing
    unused = ["epsilon_x", "epsilon_y"] if name.startswith("mi-") else []
    assert table.drop(columns=unused).notna().all().all()
    assert (table.low <= table.score + 0.1).all() and (table.score - 0.1 <= table.high).all()
    assert table.equals(run(name, source, sample, **beside, protocol=protocol, threads=3))


def test_curves_follow_what_the_layers_hold(source, sample, logmel):
    mel = run("cca-mel", source, sample, logmel=logmel).groupby("layer").score.mean()
    assert mel["C1"] > mel["T0"] > mel["T2+ln"]
    for name in ("cca-phone", "mi-phone"):
        phone = run(name, source, sample).groupby("layer").score.mean()
        assert phone["C1"] < phone["T0"] < phone["T2+ln"]
    for name, layer in (("cca-intra", "T0"), ("cca-intra-conv", "C2")):
        intra = run(name, source, sample)
        np.testing.assert_allclose(intra[intra.layer == layer].score, 1, atol=1e-4)
        assert (intra[intra.layer != layer].score < 0.95).all()


def test_parts_keep_utterances_or_speakers_whole(source, sample):
    by_utterance = run("cca-phone", source, sample)
    assert (by_utterance[["n_train", "n_dev", "n_test"]] % 8 == 0).all().all()  # 8 phones an utterance
    frames = run("cca-intra", source, sample)
    assert (frames[["n_train", "n_dev", "n_test"]] % FRAMES == 0).all().all()
    paper = run("cca-intra", source, sample, protocol="paper")
    assert (paper.n_test == 200).all()
    with pytest.raises(AnalysisError, match=r"tiny, sample 1: cca-intra: 12 groups .* 13 parts"):
        run("cca-intra", source, sample, split_by="speaker", parts=13)


def test_rare_classes_are_left_out_and_named(source, sample, caplog):
    sample.loc[sample[sample.kind == "word"].index[:2], "label"] = "zyzzyva"
    rows = run("cca-word", source, sample)
    assert (rows.dim_y == PHONES).all()
    assert (rows.n_train + rows.n_dev + rows.n_test < 320).all()
    assert "1 of 6 classes (2 of 320 segments) left out" in caplog.text and "zyzzyva" in caplog.text


def test_errors_name_model_layer_and_cause(source, sample, logmel):
    source._frames["T1"][4, 7, 2] = np.nan
    with pytest.raises(
        AnalysisError,
        match=r"tiny, layer T1, cca-mel, sample 1: row 127 of x holds NaN.* \(that is frame 7 of utt04\)",
    ):
        run("cca-mel", source, sample, logmel=logmel)
    with pytest.raises(AnalysisError, match="needs the log-mel store"):
        run("cca-mel", source, sample)
    with pytest.raises(AnalysisError, match="unknown analysis 'cca-mfcc'; known: cca-intra"):
        run("cca-mfcc", source, sample)
    with pytest.raises(AnalysisError, match="tiny, sample 1: cca-word: the sample has no word rows"):
        run("cca-word", source, sample[sample.kind != "word"])
    with pytest.raises(AnalysisError, match="logmel has no conv layers"):
        run("cca-intra-conv", logmel, sample)
    sample["label"] = [f"w{number}" for number in range(len(sample))]
    with pytest.raises(AnalysisError, match="fewer than two classes"):
        run("cca-word", source, sample)


def test_layer_index():
    layers = ("C1", "C2", "C3", "T0-pos", "T0", "T1", "T2", "T2+ln")
    assert [layer_index(layer, layers) for layer in layers] == [-3, -2, -1, -0.5, 0, 1, 2, 2.5]
    assert [str(LayerName.parse(layer)) for layer in layers] == list(layers)
    for wrong in ("Q1", "T1-pos", "C1-pos", "C1+ln", "T0-pos+ln"):
        with pytest.raises(ValueError, match="is not a layer"):
            layer_index(wrong, layers)


def test_content_without_position_is_a_layer_but_no_step_of_a_curve():
    layers = ("C1", "T0-pos", "T0", "T1", "T1+ln")
    assert [is_block(layer) for layer in layers] == [False, True, True, True, True]
    assert [on_curve(layer) for layer in layers] == [False, False, True, True, True]
    assert [is_normed(layer) for layer in layers] == [False, False, False, False, True]
    assert not on_curve("all")


def test_speakers_are_seen_in_utterance_means_and_all_of_them_are_used(source, sample, caplog):
    speakers = {utt: f"s{i % 4}" for i, utt in enumerate(source.utterances)}
    planted = np.repeat(np.eye(4, DIM)[None], 10, axis=0).reshape(-1, 1, DIM)
    source._frames["T1"] = (source._frames["T1"] + 5 * planted).astype(np.float32)
    scores = run("cca-speaker", source, sample.iloc[:5], speakers=speakers)
    means = scores.groupby("layer").score.mean()
    assert means["T1"] > 0.9 and (means.drop("T1") < 0.7).all()
    row = scores.iloc[0]
    assert row.n_train + row.n_dev + row.n_test == 40 and row.dim_y == 4
    run("cca-speaker", source, sample, speakers={**speakers, "utt00": "guest"})
    assert "1 of 5 speakers (1 of 40 utterances) left out" in caplog.text and "guest" in caplog.text
    with pytest.raises(AnalysisError, match=r"cca-speaker: two speakers .* the corpus has 1"):
        run("cca-speaker", source, sample, speakers=dict.fromkeys(speakers, "only"))
    with pytest.raises(AnalysisError, match=r"tiny, layer C1, cca-speaker.* \(that is utterance utt03\)"):
        source._frames["C1"][3, 0, 0] = np.nan
        run("cca-speaker", source, sample, speakers=speakers)


def vectors_of(labels, split="utterance"):
    table = pd.DataFrame(np.eye(PHONES, 3, dtype=np.float32), index=list("AEIOU"))
    return {"vectors": table.loc[list(labels)], "own": VectorTarget(unit="phone", split=split)}


def test_vectors_stand_for_labels_and_segments_without_one_are_left_out(source, sample, caplog):
    table = run("cca-mine", source, sample, **vectors_of("AEIO"))
    assert (table.analysis == "cca-mine").all() and (table.dim_y == 3).all()
    phones = sample[sample.kind == "phone"]
    left = (phones.label == "U").sum()
    row = table.iloc[0]
    assert row.n_train + row.n_dev + row.n_test == len(phones) - left
    assert f"({left} of 320 segments) left out, without a target: U" in caplog.text
    means = table.groupby("layer").score.mean()
    assert means["C1"] < means["T2+ln"]


def test_vectors_split_by_type_keep_each_type_in_one_part(source, sample):
    table = run("cca-mine", source, sample, **vectors_of("AEIOU", "type"), parts=5, trials=2)
    sizes = set(sample[sample.kind == "phone"].label.value_counts())
    assert set(table.n_test) <= sizes and set(table.n_dev) <= sizes
    with pytest.raises(AnalysisError, match=r"5 groups .* cannot fill 6 parts"):
        run("cca-mine", source, sample, **vectors_of("AEIOU", "type"))


def test_a_bad_segment_is_named(source, sample):
    source._segments["T0"][17, 0] = np.inf
    label = source.labels[17]
    for name in ("cca-phone", "mi-phone"):
        with pytest.raises(AnalysisError, match=rf"phone '{label}', segment 17 in utt02"):
            run(name, source, sample)


def test_neighbours_are_targets_and_phones_without_one_are_counted(source, sample, caplog):
    caplog.set_level("INFO")
    table = run("cca-phone-previous", source, sample)
    row = table.iloc[0]
    assert row.n_train + row.n_dev + row.n_test + row.n_excluded == 320 - 40  # the first of each utterance
    assert "cca-phone-previous: 40 of 320 phones left out: no phone is previous to them" in caplog.text
    # The layers know the phone itself and nothing of the one before.
    assert table.score.abs().max() < 0.35 < run("cca-phone", source, sample).score.max()


def test_neighbours_split_by_type_keep_each_pair_of_phones_in_one_part(source, sample):
    table = run("cca-phone-next", source, sample, split="type", parts=4)
    assert set(table.analysis) == {"cca-phone-next-by-type"}
    tables = analysed("cca-phone-next", source, sample, split="type", parts=4)
    pairs = {first + " " + second for first in "AEIOU" for second in "AEIOU"}
    assert set(tables.units.unit) <= pairs and len(set(tables.units.unit)) > 20
    with pytest.raises(AnalysisError, match="`split: type` does not fit cca-phone"):
        run("cca-phone", source, sample, split="type")


def test_labels_have_control_scores_and_other_targets_have_none(source, sample, logmel):
    for name in ("cca-phone", "cca-word", "cca-phone-next"):
        assert analysed(name, source, sample).traits.control.notna().all(), name
    for name in ("cca-mel", "mi-phone", "cca-speaker"):
        assert analysed(name, source, sample, logmel=logmel).traits.control.isna().all(), name
    assert analysed("cca-phone", source, sample, control=False).traits.control.isna().all()
    assert analysed("cca-phone", source, sample, intervals=None).traits.control.isna().all()
    phone = analysed("cca-phone", source, sample)
    top = phone.scores[phone.scores.layer == "T2"].score.mean()
    # Layers hold the phone: a random label of the phone in its context is beyond them.
    assert phone.traits.set_index("layer").control["T2"] < top - 0.3


def test_f0_is_that_of_voiced_frames_alone(source, sample, prosody, caplog):
    caplog.set_level("INFO")
    voiced, all_frames = (run(name, source, sample, prosody=prosody) for name in ("cca-f0", "cca-energy"))
    assert "cca-f0: 800 of 2400 frames of 10 ms are unvoiced and left out" in caplog.text
    rows = [table[table.layer == "C1"].iloc[0] for table in (voiced, all_frames)]
    counts = [row.n_train + row.n_dev + row.n_test + row.n_excluded for row in rows]
    assert counts == [1600, 2400] and {row.dim_y for row in rows} == {1}
    prosody._frames["T0"][..., 1] = 0
    with pytest.raises(InfeasibleError, match="no frame of the sample is voiced"):
        run("cca-f0", source, sample, prosody=prosody)
