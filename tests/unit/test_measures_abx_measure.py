"""The measure `abx`: phones with context from the alignment, variants, caps, and what is left out."""

import numpy as np
import pandas as pd
import pytest
from fakes import FakeSource

from layerwise.errors import InfeasibleError
from layerwise.measures import abx
from layerwise.measures.abx_measure import ABX, TASKS, phone_items
from layerwise.measures.base import MeasureRequest, run_measure
from layerwise.options.abx import AbxOptions
from layerwise.specs.measures import MEASURES

SPEC = next(spec for spec in MEASURES if spec.name == "abx")
SPEAKERS = {"u1": "s", "u2": "r", "u3": "t", "u4": "s"}
LENGTH = 0.06


def intervals(pause=0.0):
    """Four utterances of thirty phones of two vowels between two consonants; the last past a pause."""
    rng = np.random.default_rng(0)
    rows = []
    for utt_id in SPEAKERS:
        for number in range(30):
            label = rng.choice(["AA", "IY"]) if number % 2 else rng.choice(["K", "T"], p=[0.8, 0.2])
            start = number * LENGTH + (pause if number == 29 else 0)
            rows.append((utt_id, "phone", start, start + LENGTH, str(label), number))
    return pd.DataFrame(rows, columns=["utt_id", "tier", "start", "end", "label", "word_index"])


def request(options=None, layers=("T0", "T1"), frames=95, pause=0.0, **changes):
    rng = np.random.default_rng(1)
    features = {layer: {utt: rng.standard_normal((frames, 6)) for utt in SPEAKERS} for layer in layers}
    sample = pd.DataFrame({"kind": "utterance", "utt_id": list(SPEAKERS)})
    given = {
        "name": "abx",
        "source": FakeSource(features),
        "samples": [sample],
        "intervals": intervals(pause),
        "speakers": SPEAKERS,
        "protocol": "corrected",
        "seed": 1,
        "threads": 2,
        "own": AbxOptions(**{"bootstrap": 20, **(options or {})}),
    }
    return MeasureRequest(**{**given, **changes})


def test_every_variant_is_in_the_spec_and_scores_what_the_function_scores():
    asked = request({"variants": tuple(TASKS)})
    values = run_measure(ABX, asked).values
    assert list(TASKS) == [name for name, _ in SPEC.variants]
    assert sorted(values["variant"]) == sorted([*TASKS, *TASKS])
    found = values.set_index(["layer", "variant"])["value"]
    phones = phone_items(asked.tokens("phone"))
    inside = phones.dropna()
    wide = inside.assign(start=inside["outer_start"], end=inside["outer_end"])
    for layer in ("T0", "T1"):
        features = {utt: asked.source.frames(layer, [utt])[0] for utt in SPEAKERS}
        for variant, items, options in (
            ("triphone-within", wide, {}),
            ("triphone-across", wide, {"by": ("prev", "next"), "across": "speaker"}),
            ("phone-across", inside, {"by": ("prev", "next"), "across": "speaker"}),
            ("phone-any-within", phones, {"by": ("speaker",)}),
            ("phone-any-across", phones, {"by": (), "across": "speaker"}),
            ("speaker", wide, {"on": "speaker", "by": ("prev", "next", "label")}),
            ("triphone-within-pooled", wide, {"pooled": True}),
        ):
            assert found[layer, variant] == abx(features, items, **options), variant
    assert values["low"].le(values["value"]).all() and values["high"].ge(values["value"]).all()


def test_a_context_is_two_phones_that_adjoin():
    tokens = intervals(pause=0.05).assign(speaker="s").drop(columns="tier")
    tokens.loc[10, "label"] = "?"  # noise
    items = phone_items(tokens[tokens["utt_id"] == "u1"])
    assert len(items) == 29  # noise is no phone
    alone = items.loc[items["prev"].isna(), "start"].tolist()
    assert alone == [0.0, 0.54, 0.66, 1.68, 1.79]  # edges, beside the noise, beside the pause
    third = items.loc[2]
    labels = tokens["label"].tolist()
    assert [third["prev"], third["label"], third["next"]] == labels[1:4]
    # 0.12 and 0.18 in floats are 0.12 and 0.18, not 0.18000000000000002.
    assert [third[name] for name in ("outer_start", "start", "end", "outer_end")] == [0.06, 0.12, 0.18, 0.24]


def test_what_is_left_out_is_named_and_counted():
    asked = request({"variants": ("triphone-within", "phone-any-within")}, frames=86, pause=0.05)
    left_out = run_measure(ABX, asked).left_out
    cut = "past the last frame of their utterance: they are scored by the frames before"
    edge = "a pause, noise or an end of the utterance is next to them: they are in no cell with context"
    assert left_out[["item", "reason"]].to_numpy().tolist() == [
        ["12 phones", edge],
        ["ends of 4 phones in any context", cut],
        ["4 phones in any context", "they lie past the last frame of their utterance"],
        ["ends of 4 triphones", cut],
    ]


def test_some_tokens_are_drawn_where_all_are_too_many():
    full = run_measure(ABX, request({"variants": ("phone-any-across",)}))
    options = {"variants": ("phone-any-across",), "most_comparisons": 100, "tokens": 2, "x_speakers": 1}
    drawn = run_measure(ABX, request(options))
    again = run_measure(ABX, request(options))
    pd.testing.assert_frame_equal(drawn.values, again.values)
    assert drawn.values["n"].max() == 23  # of 3 speakers and 4 labels two each, but one T of a speaker
    assert full.values["n"].max() == 120
    item, reason = drawn.left_out.iloc[0][["item", "reason"]].astype(str)
    assert item == "97 tokens of variant phone-any-across"
    assert "not drawn: all would be 9000 comparisons (`abx: most_comparisons`)" in reason


def test_a_variant_without_a_cell_is_left_out_and_none_is_infeasible():
    same = dict.fromkeys(SPEAKERS, "s")
    found = run_measure(ABX, request({"variants": ("triphone-across", "phone-any-within")}, speakers=same))
    assert set(found.values["variant"]) == {"phone-any-within"}
    assert found.left_out.loc[0, "item"] == "variant triphone-across"
    none = run_measure(ABX, request({"variants": ("speaker",)}, speakers=same))
    assert none.values.empty and "no variant has a cell" in str(none.cannot.loc[0, "reason"])
    with pytest.raises(InfeasibleError, match="no aligned phones"):
        request(intervals=intervals().assign(tier="word")).tokens("phone")


def test_a_layer_whose_frames_are_too_few_is_named():
    # Of each utterance only the first phone has frames in T1: no vowel, no cell.
    features = {
        "T0": {utt: np.random.default_rng(0).standard_normal((95, 3)) for utt in SPEAKERS},
        "T1": {utt: np.ones((3, 3)) for utt in SPEAKERS},
    }
    found = run_measure(ABX, request({"variants": ("phone-any-within",)}, source=FakeSource(features)))
    assert found.values["layer"].tolist() == ["T0"]
    assert found.left_out["item"].str.startswith("variant phone-any-within of T1").any()


def test_options_name_variants_once():
    with pytest.raises(ValueError, match="speaker: named twice"):
        AbxOptions(variants=("speaker", "speaker"))
