"""Unit quality against its definitions, scikit-learn and a plain edit distance; labels of steps; errors."""

from fractions import Fraction
from itertools import groupby
from math import log, log2
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from layerwise.errors import AnalysisError
from layerwise.measures import unit_quality
from layerwise.measures.contingency import Cells
from layerwise.measures.frame_labels import label_steps
from layerwise.measures.units import bitrate, unit_error

PHONES = ["AA", "B", "SIL", "T"]


def corpus(seed, utterances=6, tail=0):
    """Phones on a grid of 10 ms that tile each utterance, and units of 20 ms that know something of them."""
    rng = np.random.default_rng(seed)
    units: dict[str, np.ndarray] = {}
    steps: dict[str, list[str]] = {}
    rows = []
    for number in range(utterances):
        name, time = f"u{number}", 0
        steps[name] = []
        while time < 120:
            phone, length = int(rng.integers(0, 4)), int(rng.integers(2, 20))
            rows.append((name, "s", time / 100, (time + length) / 100, PHONES[phone]))
            steps[name] += [PHONES[phone]] * length
            time += length
        heard = [PHONES.index(steps[name][2 * i]) for i in range(time // 2 + tail)]
        units[name] = np.where(rng.random(len(heard)) < 0.6, heard, rng.integers(0, 9, len(heard)))
    items = pd.DataFrame(rows, columns=["utt_id", "speaker", "start", "end", "label"])
    return units, items.assign(prev="", next=""), steps


def by_hand(pairs):
    """PNMI, phone purity and cluster purity by sums over all pairs of labels."""
    n, units, phones = len(pairs), {u for u, _ in pairs}, {p for _, p in pairs}
    joint = {(u, p): sum(pair == (u, p) for pair in pairs) / n for u in units for p in phones}
    of_unit = {u: sum(joint[u, p] for p in phones) for u in units}
    of_phone = {p: sum(joint[u, p] for u in units) for p in phones}
    information = sum(v * log(v / of_unit[u] / of_phone[p]) for (u, p), v in joint.items() if v)
    return (
        information / -sum(v * log(v) for v in of_phone.values()),
        sum(max(joint[u, p] for p in phones) for u in units),
        sum(max(joint[u, p] for u in units) for p in phones),
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tail", [0, -1])
def test_10ms_labels_meet_each_unit_twice(seed, tail):
    units, items, steps = corpus(seed, tail=tail)
    pairs = [
        (int(unit), phone)
        for name, phones in steps.items()
        for unit, phone in zip(np.repeat(units[name], 2), phones, strict=False)
    ]
    found = unit_quality(units, items, labels="10ms")
    assert list(found.index) == ["pnmi", "phone_purity", "cluster_purity"]
    np.testing.assert_allclose(found, by_hand(pairs), atol=1e-12)


def test_centres_meet_one_label_a_frame():
    units, items, steps = corpus(1)
    pairs = [
        (int(unit), steps[name][2 * i + 1]) for name in units for i, unit in enumerate(units[name].tolist())
    ]
    np.testing.assert_allclose(unit_quality(units, items), by_hand(pairs), atol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=60))
def test_tables_are_those_of_scikit_learn(pairs):
    clusters, labels = np.array(pairs).T
    cells = Cells(clusters, labels)
    table = contingency_matrix(clusters, labels)
    uncertainty = entropy(table.sum(axis=0))
    expected = mutual_info_score(clusters, labels) / uncertainty if uncertainty > 0 else 0
    assert cells.information(cells.table)[0] == pytest.approx(expected, abs=1e-12)
    assert cells.purity(cells.table, "cluster")[0] == pytest.approx(table.max(axis=1).sum() / len(pairs))
    assert cells.purity(cells.table, "label")[0] == pytest.approx(table.max(axis=0).sum() / len(pairs))


def test_counts_of_units_add_up_to_the_table():
    rng = np.random.default_rng(0)
    clusters, labels, units = rng.integers(0, 9, 200), rng.integers(0, 5, 200), rng.integers(0, 7, 200)
    cells = Cells(clusters, labels)
    counts = cells.by_unit(units)
    np.testing.assert_array_equal(counts.sum(axis=0), cells.table[0])
    one = Cells(clusters[units == 3], labels[units == 3])
    assert cells.information(counts[3:4])[0] == pytest.approx(one.information(one.table)[0], abs=1e-12)


def test_perfect_units_and_units_of_nothing():
    units, items, steps = corpus(2)
    perfect = {name: np.array([PHONES.index(p) for p in phones[1::2]]) for name, phones in steps.items()}
    assert unit_quality(perfect, items).tolist() == [1, 1, 1]
    constant = {name: np.zeros_like(stream) for name, stream in units.items()}
    found = unit_quality(constant, items)
    most = max(groupby(sorted(p for s in steps.values() for p in s[1::2])), key=lambda g: len([*g[1]]))[0]
    share = np.mean([p == most for s in steps.values() for p in s[1::2]])
    assert found["pnmi"] == 0 and found["cluster_purity"] == 1
    assert found["phone_purity"] == pytest.approx(share, abs=1e-12)


def edits(heard, said):
    row = list(range(len(said) + 1))
    for i, a in enumerate(heard):
        new = [i + 1]
        for j, b in enumerate(said):
            new.append(min(row[j] + (a != b), row[j + 1] + 1, new[j] + 1))
        row = new
    return row[-1]


@pytest.mark.parametrize("seed", range(3))
def test_unit_error_is_that_of_phones_that_units_meet_most(seed):
    units, items, steps = corpus(seed, tail=-1)
    met: dict[int, list[str]] = {}
    for name, phones in steps.items():
        for unit, phone in zip(np.repeat(units[name], 2).tolist(), phones, strict=False):
            met.setdefault(unit, []).append(phone)
    frequency = {p: sum(phones.count(p) for phones in met.values()) for p in PHONES}
    stands_for = {u: max(set(p), key=lambda one: (p.count(one), frequency[one])) for u, p in met.items()}
    total = length = 0
    for name, phones in steps.items():
        said = [phone for phone, _ in groupby(phones)]
        heard = [phone for phone, _ in groupby(stands_for[unit] for unit in units[name].tolist())]
        total, length = total + edits(heard, said), length + len(said)
    assert unit_error(units, items) == pytest.approx(total / length, abs=1e-12)


def test_of_phones_met_as_often_the_most_frequent_is_stood_for():
    """Unit 0 meets a and b twice each, and b is said more often."""
    items = rows((0.0, 0.04, "a"), (0.04, 0.08, "b"), (0.08, 0.14, "b"))
    units = {"u": np.array([0, 0, 0, 0, 1, 1, 1])}
    assert unit_error(units, items, labels="centre") == 0.5
    items = rows((0.0, 0.04, "b"), (0.04, 0.08, "a"), (0.08, 0.14, "a"), (0.14, 0.2, "c"))
    units = {"u": np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])}
    assert unit_error(units, items, labels="centre") == pytest.approx(1 / 3)


def test_bitrate_counts_runs_of_units():
    units = {"a": np.array([3, 3, 3, 1, 3]), "b": np.array([0, 0, 0, 0, 0])}
    assert bitrate(units, 8) == pytest.approx(3 * (3 + 1) / 0.2)
    assert bitrate({"a": [1, 2]}, 500, rate=100) == pytest.approx(log2(500) * 100)


def rows(*intervals):
    return pd.DataFrame([("u", *times) for times in intervals], columns=["utt_id", "start", "end", "label"])


def named(frames, items, rate=50, rule="centre"):
    steps = label_steps({"u": frames}, items, rate, rule)
    return steps.names[steps.labels["u"]].tolist()


def test_what_no_interval_covers_is_silence():
    items = rows((0.03, 0.06, "a"), (0.13, 0.19, "b"))
    assert named(10, items) == ["SIL", "a", "a", "SIL", "SIL", "SIL", *"bbbb"]
    assert named(14, items) == ["SIL", "a", "a", "SIL", "SIL", "SIL", *"bbbb", *["SIL"] * 4]
    assert named(10, items, rule="10ms") == [
        *["SIL"] * 3, "a", "a", "a", *["SIL"] * 7, *"bbbbbb"
    ]  # fmt: skip


def test_a_time_that_two_intervals_share_is_the_later_ones():
    assert named(4, rows((0.0, 0.03, "a"), (0.03, 0.08, "b"))) == ["a", "b", "b", "b"]
    assert named(2, rows((0.0, 0.03, "a"))) == ["a", "a"]


def test_labels_end_with_the_last_interval_where_that_is_a_frame_away():
    assert named(4, rows((0.0, 0.061, "a"))) == ["a", "a", "a"]
    assert named(5, rows((0.0, 0.061, "a"))) == ["a", "a", "a", "SIL", "SIL"]


def test_a_silence_of_the_table_and_one_that_is_not_are_the_same():
    listed = rows((0.0, 0.1, "SIL"), (0.1, 0.2, "a"))
    units = {"u": np.arange(10) // 3}
    expected = unit_quality(units, listed)
    pd.testing.assert_series_equal(unit_quality(units, listed.iloc[1:]), expected)


def test_other_rates():
    assert named(3, rows((0.0, 0.06, "a"), (0.06, 0.12, "b")), 25, "10ms") == [*"aaaaaa", *"bbbbbb"]
    assert named(3, rows((0.0, 0.06, "a"), (0.06, 0.12, "b")), Fraction(25)) == ["a", "b", "b"]
    with pytest.raises(AnalysisError, match=r"0.025 s is not a multiple of 10 ms: use labels='centre'"):
        named(3, rows((0.0, 0.06, "a")), 40, "10ms")


def test_utterances_without_items_are_left_out_and_named(caplog):
    units, items, _ = corpus(3)
    expected = unit_quality(units, items)
    more = {**units, "silent": np.array([1, 2])}
    pd.testing.assert_series_equal(unit_quality(more, items), expected)
    assert "1 utterances have no items and are left out: silent" in caplog.text


def test_utterances_may_be_numbered():
    units, items, _ = corpus(3)
    numbered = {int(name[1:]): stream for name, stream in units.items()}
    found = unit_quality(numbered, items.assign(utt_id=items["utt_id"].str[1:].astype(int)))
    pd.testing.assert_series_equal(found, unit_quality(units, items))


def test_errors_say_what_is_wrong():
    units, items, _ = corpus(0)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"labels": "20ms"}, "labels '20ms' is unknown"),
        ({"units": {"u0": units["u0"]}}, "no units of utterance 'u1'"),
        ({"units": {**units, "u1": np.array([0.5])}}, "of utterance 'u1' must be integers"),
        ({"units": {**units, "u1": np.array([-1])}}, "of utterance 'u1' must be integers"),
        ({"units": {**units, "u1": np.ones((2, 2), int)}}, r"'u1' must be \(frames,\)"),
        (
            {"units": {**units, "u1": units["u1"][:9]}},
            "an interval of u1 begins at .* after the last of its 9",
        ),
        ({"items": pd.concat([items, items[:1]])}, "intervals of u0 overlap"),
    ]
    for change, message in changes:
        with pytest.raises(AnalysisError, match=message):
            unit_quality(**{"units": units, "items": items, **change})
