"""The measures word-map, units and probes on planted layers: values, what is left out, what cannot be."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource
from sklearn.cluster import MiniBatchKMeans

from layerwise.cca.splits import assign_parts
from layerwise.errors import AnalysisError
from layerwise.measures import unit_quality, word_map
from layerwise.measures.base import MeasureRequest, run_measure
from layerwise.measures.probe_measure import PROBES
from layerwise.measures.unit_measure import UNITS
from layerwise.measures.word_measure import WORD_MAP
from layerwise.options.probes import ProbesOptions
from layerwise.options.units import UnitsOptions
from layerwise.options.word_map import WordMapOptions
from layerwise.seeds import derive_seed
from layerwise.specs.measures import MEASURES

PHONES = ["AA", "B", "IY", "T"]
LAYERS = {"T0": 1.5, "T1": 0.7, "T2": 0.0}  # how much of a phone is in a frame; T2 is noise


def spoken(seed=0, utterances=12, speakers=4, frames=90):
    """Phones of 4 to 9 frames, two a word, after a silence: intervals, and frames of each layer."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((5, 8))
    features: dict[str, dict[str, np.ndarray]] = {layer: {} for layer in LAYERS}
    intervals = []
    for number in range(utterances):
        name, said, at, index = f"u{number:02}", np.full(frames, 4), 5, 0
        while at < frames - 20:
            phones, start = rng.integers(0, 4, 2), at
            for phone in phones:
                length = int(rng.integers(4, 10))
                said[at : at + length] = phone
                intervals.append((name, "phone", at / 50, (at + length) / 50, PHONES[phone], index))
                at += length
            word = "".join(PHONES[phone] for phone in phones)
            intervals.append((name, "word", start / 50, at / 50, word, index))
            index += 1
        noise = rng.standard_normal((len(LAYERS), frames, 8))
        for (layer, share), own in zip(LAYERS.items(), noise, strict=True):
            features[layer][name] = (share * centres[said] + own).astype(np.float32)
    columns = ["utt_id", "tier", "start", "end", "label", "word_index"]
    table = pd.DataFrame(intervals, columns=columns).sort_values(["utt_id", "tier", "start"])
    return features, table.reset_index(drop=True), {f"u{n:02}": f"s{n % speakers}" for n in range(utterances)}


def request(name, own=None, *, threads=1, stride=Fraction(1, 50), **corpus):
    features, intervals, speakers = spoken(**corpus)
    rows, pooled = [], {}
    for kind in ("phone", "word"):
        tokens = intervals[intervals["tier"] == kind]
        for segment, row in enumerate(tokens.itertuples()):
            rows.append((kind, row.utt_id, speakers[row.utt_id], row.label, row.start, row.end, segment))
        for layer, frames in features.items():
            means = [
                frames[row.utt_id][round(row.start * 50) : round(row.end * 50)].mean(axis=0)
                for row in tokens.itertuples()
            ]
            pooled[kind, layer] = np.stack(means)
    rows += [("utterance", name, speaker, "", 0, 1, -1) for name, speaker in speakers.items()]
    columns = ["kind", "utt_id", "speaker", "label", "start", "end", "segment"]
    return MeasureRequest(
        name=name,
        source=FakeSource(features, pooled, stride=stride),
        samples=[pd.DataFrame(rows, columns=columns)],
        intervals=intervals,
        speakers=speakers,
        protocol="corrected",
        seed=3,
        own=own,
        threads=threads,
    )


def values(found, variant):
    assert found.cannot.empty, found.cannot
    rows = found.values[found.values["variant"] == variant].set_index("layer")
    return rows.loc[list(LAYERS)]


UNIT_OPTIONS = UnitsOptions(clusters=(256,), frames=300)


@pytest.mark.parametrize(
    ("measure", "name", "own", "variants"),
    [
        (WORD_MAP, "word-map", None, ("equation3", "tool", "word-neighbour")),
        (WORD_MAP, "word-map", WordMapOptions(tokens="stored"), ("equation3", "tool", "word-neighbour")),
        (UNITS, "units", UNIT_OPTIONS, ("pnmi-256", "phone-purity-256", "cluster-purity-256")),
        (PROBES, "probes", None, ("phone-accuracy", "phone-r2", "phone-compression")),
        (PROBES, "probes", None, ("word-accuracy", "word-r2", "word-compression")),
    ],
)
def test_layers_are_ranked_by_what_was_planted(measure, name, own, variants):
    found = run_measure(measure, request(name, own, utterances=20))
    again = run_measure(measure, request(name, own, utterances=20, threads=3))
    pd.testing.assert_frame_equal(found.values, again.values)
    for variant in variants:
        table = values(found, variant)
        assert (
            table["value"].is_monotonic_decreasing and table["value"].iloc[0] > 1.3 * table["value"].iloc[2]
        )
        if not variant.endswith("compression"):
            assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
        assert (table["n"] > 0).all()
    spec = next(spec for spec in MEASURES if spec.name == name)
    assert set(found.values["variant"]) <= set(dict(spec.variants))


def test_word_map_is_that_of_the_public_function():
    asked = request("word-map")
    found = run_measure(WORD_MAP, asked)
    features = asked.source.features["T1"]
    for definition in ("equation3", "tool"):
        expected = word_map(features, asked.tokens("word"), definition=definition)
        assert values(found, definition).loc["T1", "value"] == pytest.approx(expected, abs=1e-12)


def test_units_are_fitted_on_one_half_and_scored_on_the_other():
    """With a codebook for each half from scikit-learn, the mean of what the public function says of each."""
    asked = request("units", UnitsOptions(clusters=(256,)))
    found = run_measure(UNITS, asked)
    names = np.array(sorted(asked.speakers))
    half = assign_parts(len(names), groups=names, parts=2, seed=3)
    scores = []
    for side in (0, 1):
        frames = [asked.source.features["T1"][name] for name in names[half != side]]
        means = MiniBatchKMeans(
            256,
            batch_size=4096,
            init_size=3 * 4096,
            max_iter=500,
            n_init=1,
            random_state=derive_seed(3, "k-means", 256, side),
        ).fit(np.concatenate(frames))
        units = {name: means.predict(asked.source.features["T1"][name]) for name in names[half == side]}
        tokens = asked.tokens("phone")
        scores.append(unit_quality(units, tokens[tokens["utt_id"].isin(units)], labels="10ms"))
    for variant, name in (
        ("pnmi", "pnmi"),
        ("phone-purity", "phone_purity"),
        ("cluster-purity", "cluster_purity"),
    ):
        expected = np.mean([score[name] for score in scores])
        assert values(found, f"{variant}-256").loc["T1", "value"] == pytest.approx(expected, abs=1e-12)


def test_what_is_left_out_is_counted():
    asked = request("word-map")
    counts = asked.tokens("word")["label"].value_counts()
    found = run_measure(WORD_MAP, asked)
    assert found.left_out[["item", "reason"]].to_numpy().tolist() == [
        [f"{sum(counts == 1)} words", "said once: there is nothing to find"]
    ]
    assert set(found.values["n"]) == {counts[counts > 1].sum()}
    found = run_measure(UNITS, request("units", UnitsOptions(frames=300)))
    assert found.left_out["item"].tolist() == ["500 clusters"]
    assert "units: frames` is 300" in found.left_out["reason"].item()
    found = run_measure(PROBES, request("probes"))
    (item,) = found.left_out["item"].tolist()
    assert "words" in item and "in fewer than three utterances" in found.left_out["reason"].item()


def test_words_without_a_frame_are_counted_for_the_layers_that_lack_it():
    asked = request("word-map")
    words = asked.intervals["tier"].eq("word")
    short = asked.intervals.assign(end=asked.intervals["end"].where(~words, asked.intervals["start"] + 0.005))
    kept = short["end"].where(short.index != short.index[words][0], short["start"] + 0.1)
    second = short.index[words][short.loc[words, "label"].eq(short.loc[words, "label"].iloc[0])][1]
    kept = kept.where(kept.index != second, short["start"] + 0.1)
    found = run_measure(WORD_MAP, replace(asked, intervals=short.assign(end=kept)))
    (reason,) = found.left_out.loc[found.left_out["reason"].str.contains("no frame"), "reason"]
    assert reason == "no frame stands in them (T0, T1, T2)"
    assert set(found.values["n"]) == {2}


@pytest.mark.parametrize(
    ("measure", "changes", "reason"),
    [
        (WORD_MAP, {"intervals": lambda t: t[t["tier"] == "phone"]}, "no aligned words"),
        (
            WORD_MAP,
            {"intervals": lambda t: t.assign(label=[f"w{i}" for i in range(len(t))])},
            "is said twice",
        ),
        (UNITS, {"intervals": lambda t: t[t["utt_id"] == "u00"]}, "one utterance cannot be clustered"),
        (UNITS, {"own": lambda _: UnitsOptions(frames=100)}, "clusters need as many frames"),
        (PROBES, {"samples": lambda s: [s[0][s[0]["utt_id"] < "u02"]]}, "are in three utterances"),
        (PROBES, {"own": lambda _: ProbesOptions(parts=90)}, "cannot fill 90 parts"),
    ],
)
def test_what_cannot_be_measured_is_said(measure, changes, reason):
    asked = request("asked")
    found = run_measure(
        measure, replace(asked, **{k: change(getattr(asked, k)) for k, change in changes.items()})
    )
    assert found.values.empty
    assert reason in found.cannot["reason"].item()


def test_chance_is_what_noise_gets():
    found = run_measure(UNITS, request("units", UNIT_OPTIONS, utterances=30))
    chance, noise = (values(found, f"{name}-256").loc["T2", "value"] for name in ("chance", "pnmi"))
    assert chance == pytest.approx(noise, abs=0.03)
    assert values(found, "chance-256").loc["T0", "value"] < values(found, "pnmi-256").loc["T0", "value"] - 0.2


def test_units_of_frames_that_are_no_multiple_of_10_ms_need_centres():
    odd = Fraction(1, 40)
    found = run_measure(UNITS, request("units", UNIT_OPTIONS, stride=odd))
    assert "a frame of layer T0 is 0.025 s, no multiple of 10 ms" in found.cannot["reason"].item()
    centres = UnitsOptions(clusters=(256,), labels="centre")
    assert not run_measure(UNITS, request("units", centres, stride=odd)).values.empty


@pytest.mark.parametrize(
    ("measure", "where"), [(WORD_MAP, "of u03 hold NaN"), (UNITS, "hold NaN"), (PROBES, "NaN")]
)
def test_faults_name_the_layer(measure, where):
    asked = request("asked")
    asked.source.features["T1"]["u03"][40] = np.nan
    for kind in ("phone", "word"):
        asked.source.pooled[kind, "T1"][7] = np.nan
    with pytest.raises(AnalysisError, match=f"fake, layer T1, asked: .*{where}"):
        run_measure(measure, asked)
