"""Word MAP against plain definitions and scikit-learn; its slices, ties, what is left out, its jackknife."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from layerwise.errors import AnalysisError
from layerwise.measures import word_map
from layerwise.measures.retrieval import retrieve
from layerwise.measures.slices import frame_slices


def tokens(seed, n=60, types=6, dim=5, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, types, n) // rng.integers(1, 3, n)
    return spread * rng.standard_normal((n, dim)) + rng.standard_normal((types, dim))[labels], labels


def similarities(x):
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    return x @ x.T


def by_hand(x, labels, definition):
    """Equation 3 of arXiv 2003.08505, or the public tool's sum, over tokens with company."""
    labels = np.asarray(labels)
    counts = {label: int((labels == label).sum()) for label in labels.tolist()}
    keep = [i for i, label in enumerate(labels.tolist()) if counts[label] > 1]
    similar, labels = similarities(np.asarray(x)[keep]), labels[keep]
    most = max(counts.values()) - 1
    scores = []
    for query in range(len(labels)):
        others = sorted((k for k in range(len(labels)) if k != query), key=lambda k: -similar[query, k])
        alike = [labels[k] == labels[query] for k in others]
        looked_at = sum(alike) if definition == "equation3" else most
        precisions = [alike[i] * sum(alike[: i + 1]) / (i + 1) for i in range(min(looked_at, len(alike)))]
        scores.append(sum(precisions) / sum(alike))
    return np.mean(scores)


def table(rows):
    return pd.DataFrame(rows, columns=["utt_id", "speaker", "start", "end", "label"]).assign(prev="", next="")


def as_features(x, labels):
    """One utterance with a frame of each token."""
    rows = [("u", "s", i / 50, (i + 1) / 50, label) for i, label in enumerate(labels)]
    return {"u": x}, table(rows)


@pytest.mark.parametrize("definition", ["equation3", "tool"])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_its_definition(seed, definition):
    x, labels = tokens(seed)
    expected = by_hand(x, labels, definition)
    features, items = as_features(x, labels)
    assert word_map(features, items, definition=definition) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_where_all_words_are_as_frequent_as_the_rest_the_tool_is_average_precision(seed):
    """With two words of n / 2 tokens, cut at R; scikit-learn scores all ranks up to the last."""
    rng = np.random.default_rng(seed)
    labels = np.array([0] * 39 + [1, 1])  # the tool looks at all 38 others of word 0, that is nearly all
    x = rng.standard_normal((41, 4))
    similar, scores = similarities(x), []
    for query in range(41):
        others = np.delete(np.arange(41), query)
        order = others[np.argsort(-similar[query, others])][:38]
        alike = labels[order] == labels[query]
        share = alike.sum() / ((labels == labels[query]).sum() - 1)
        scores.append(share * average_precision_score(alike, similar[query, order]) if alike.any() else 0.0)
    assert retrieve(x, labels).tool[0] == pytest.approx(np.mean(scores), abs=1e-12)


def test_ties_count_as_scikit_learn_counts_them():
    x = np.eye(3)[[0, 0, 0, 1, 1, 2, 0]]
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    similar, scores = similarities(x), []
    for query in range(7):
        others = np.delete(np.arange(7), query)
        alike = labels[others] == labels[query]
        near = similar[query, others]
        within = [sum(near >= value) <= 3 for value in near]  # the tool's R_max is 3
        precision = [sum(alike & (near >= value)) / sum(near >= value) for value in near]
        scores.append(np.dot(alike & within, precision) / alike.sum())
    assert retrieve(x, labels).tool[0] == pytest.approx(np.mean(scores), abs=1e-12)


def test_a_layer_where_all_is_the_same_finds_nothing():
    labels = np.repeat(np.arange(20), 3)
    assert retrieve(np.ones((60, 4)), labels).equation3[0] == 0
    assert retrieve(np.zeros((60, 4)), labels).tool[0] == 0


def test_perfect_and_random_layers():
    labels = np.repeat(np.arange(20), 5)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((20, 16))
    perfect = retrieve(centres[labels] + 1e-3 * rng.standard_normal((100, 16)), labels)
    assert perfect.equation3[0] == perfect.word[0] == 1
    assert retrieve(rng.standard_normal((100, 16)), labels).equation3[0] < 0.1


def test_the_nearest_neighbour_says_word_and_speaker():
    x, labels = tokens(3)
    speakers = np.arange(len(x)) % 4
    found = retrieve(x, labels, speakers=speakers)
    keep = np.flatnonzero(np.bincount(labels)[labels] > 1)
    similar = similarities(x[keep])
    np.fill_diagonal(similar, -2)
    nearest = similar.argmax(axis=1)
    assert found.word[0] == np.mean(labels[keep][nearest] == labels[keep])
    assert found.speaker[0] == np.mean(speakers[keep][nearest] == speakers[keep])
    assert np.isnan(retrieve(x, labels).speaker).all()


def test_values_without_a_group_are_those_of_the_others_alone(monkeypatch):
    x, labels = tokens(1, n=120, types=4)
    groups = np.random.default_rng(2).integers(0, 5, 120)
    expected = retrieve(x, labels, speakers=groups % 3, groups=groups)
    monkeypatch.setattr("layerwise.measures.retrieval.SIMILARITIES", 1000)  # some blocks
    found = retrieve(x, labels, speakers=groups % 3, groups=groups)
    for name in ("equation3", "tool", "word", "speaker"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-12)
        for group in range(5):
            rest = groups != group
            alone = retrieve(x[rest], labels[rest], speakers=(groups % 3)[rest])
            assert getattr(found, name)[1 + group] == pytest.approx(getattr(alone, name)[0], abs=1e-12)


def test_lone_words_are_left_out_and_counted(caplog):
    x, labels = tokens(4)
    names = [f"word{label}" for label in labels]
    names[7], names[30] = "once", "only"
    rest = [i for i in range(len(x)) if i not in (7, 30)]
    alone = word_map(*as_features(x[rest], [names[i] for i in rest]))
    assert word_map(*as_features(x, names)) == pytest.approx(alone, abs=1e-12)
    assert "2 are the only ones of their label" in caplog.text


def test_slices_have_the_frames_that_stand_in_them(caplog):
    frames = np.random.default_rng(0).standard_normal((10, 3))
    rows = [
        ("u", "s", 0.01, 0.05, "a"),  # frames 0, 1 and 2: ends closed
        ("u", "s", 0.0101, 0.0499, "a"),  # 1
        ("u", "s", 0.111, 0.25, "b"),  # 6 to 9, and more that are not there
        ("u", "s", 0.07, 0.09, "b"),  # 3 and 4
        ("u", "s", 0.051, 0.069, "b"),  # none
        ("u", "s", 0.2, 0.3, "b"),  # past the last
    ]
    means = np.stack([frames[:3].mean(0), frames[1], frames[6:].mean(0), frames[3:5].mean(0)])
    expected = by_hand(means, ["a", "a", "b", "b"], "equation3")
    assert word_map({"u": frames}, table(rows)) == pytest.approx(expected, abs=1e-12)
    assert "2 have no frame" in caplog.text and "1 end after the last frame" in caplog.text


@given(st.integers(0, 10**6), st.integers(0, 10**5), st.sampled_from([50, 100, 25, 12.5, Fraction(100, 3)]))
def test_frames_stand_in_their_interval(start, length, rate):
    start, end = start / 10**4, (start + length) / 10**4
    (first,), (stop,) = frame_slices([start], [end], rate)
    exact = [Fraction(str(value)) for value in (start, end)]
    per_second = rate if isinstance(rate, Fraction) else Fraction(str(rate))
    standing = [
        i
        for i in range(max(0, first - 2), stop + 2)
        if exact[0] <= (i + Fraction(1, 2)) / per_second <= exact[1]
    ]
    assert list(range(first, stop)) == standing


def test_errors_say_what_is_wrong():
    features, items = as_features(*tokens(0))
    for change, message in [
        (lambda t: t.drop(columns="label"), "lacks label"),
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.assign(utt_id="other"), "no features of utterance 'other'"),
        (lambda t: t.assign(end=-1.0), "is no interval"),
        (lambda t: t.assign(label=np.arange(len(t))), "none of 60 words has two tokens"),
        (lambda t: t.assign(start=99.0, end=99.5), "no token has a frame"),
        (lambda t: t.assign(label=[None, *t["label"][1:]]), "row 0 of the table of items has no label"),
    ]:
        with pytest.raises(AnalysisError, match=message):
            word_map(features, change(items))
    with pytest.raises(AnalysisError, match="definition 'map' is unknown"):
        word_map(features, items, definition="map")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match=r"must be \(frames, dim\)"):
        word_map({"u": features["u"][0]}, items)
    features["u"][3] = np.nan
    with pytest.raises(AnalysisError, match=r"of u hold NaN"):
        word_map(features, items)
