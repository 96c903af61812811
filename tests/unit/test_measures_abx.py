"""ABX against the textbook: pairs of tokens one by one, in plain Python."""

import itertools
import math
import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.measures import abx
from layerwise.measures.abx_average import Average
from layerwise.measures.abx_cells import Caps, make_cells
from layerwise.measures.abx_dtw import angles, warp
from layerwise.measures.abx_errors import cell_errors
from layerwise.measures.abx_items import slice_items
from layerwise.measures.abx_score import AbxWarning, score_tokens
from layerwise.measures.abx_tokens import Tokens
from layerwise.measures.slices import frame_slices

TASKS: dict[str, dict[str, Any]] = {
    "within": {"on": "label", "by": ("prev", "next", "speaker")},
    "across": {"on": "label", "by": ("prev", "next"), "across": "speaker"},
    "speaker": {"on": "speaker", "by": ("prev", "next", "label")},
    "any context": {"on": "label", "by": ("speaker",)},
    "any context across": {"on": "label", "by": (), "across": "speaker"},
}


def textbook_angle(u, v):
    if np.ndim(u) == 0:
        return float(u != v)
    if list(u) == list(v):
        return 0.0
    dot, size = sum(map(operator.mul, u, v)), math.hypot(*u) * math.hypot(*v)
    return math.acos(max(-1.0, min(1.0, dot / size))) / math.pi


def textbook_dtw(x, y):
    cost: dict[tuple[int, int], float] = {}
    for i, j in itertools.product(range(len(x)), range(len(y))):
        before = [cost[at] for at in ((i - 1, j - 1), (i, j - 1), (i - 1, j)) if at in cost]
        cost[i, j] = textbook_angle(x[i], y[j]) + (min(before) if before else 0)
    i, j, path = len(x) - 1, len(y) - 1, 1
    while i or j:
        path += 1
        if i == 0:
            j -= 1
        elif j == 0:
            i -= 1
        elif cost[i - 1, j - 1] <= min(cost[i, j - 1], cost[i - 1, j]):
            i, j = i - 1, j - 1
        elif cost[i, j - 1] <= cost[i - 1, j]:
            j -= 1
        else:
            i -= 1
    return cost[len(x) - 1, len(y) - 1] / path


def textbook_frames(values, item, rate):
    wanted = []
    for number, frame in enumerate(values):
        time = (number + Fraction(1, 2)) / rate
        if Fraction(str(item["start"])) <= time <= Fraction(str(item["end"])):
            wanted.append(frame if np.ndim(frame) == 0 else [float(value) for value in frame])
    return wanted


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def textbook(features, items, rate, on, by, across=None, pooled=False):
    """The error, or None without a cell."""
    rows = items.to_dict("records")
    tokens = [textbook_frames(features[row["utt_id"]], row, rate) for row in rows]
    if pooled:
        tokens = [[[mean(column) for column in zip(*token, strict=True)]] for token in tokens]
    known: dict[tuple[int, int], float] = {}

    def distance(x, y):
        if (x, y) not in known:
            known[x, y] = textbook_dtw(tokens[x], tokens[y])
        return known[x, y]

    def key(row, names):
        return tuple(row[name] for name in names)

    alike = [key(row, by) for row in rows]
    cells: dict[tuple[Any, ...], list[float]] = {}
    for x, a in itertools.permutations(range(len(rows)), 2):
        one, other = rows[x], rows[a]
        if one[on] != other[on] or alike[x] != alike[a] or (across and one[across] == other[across]):
            continue
        for b, third in enumerate(rows):
            if third[on] == one[on] or alike[b] != alike[x]:
                continue
            if across and other[across] != third[across]:
                continue
            to_a, to_b = distance(x, a), distance(x, b)
            won = 1.0 if to_a < to_b else 0.5 if to_a == to_b else 0.0
            name = (other[on], third[on], *((other[across], one[across]) if across else ()), *alike[x])
            cells.setdefault(name, []).append(won)
    if not cells:
        return None
    names = ["a", "b", *([across, "other"] if across else []), *by]
    table = pd.DataFrame([(*name, 1 - mean(won)) for name, won in cells.items()], columns=[*names, "error"])
    context = [name for name in by if name in ("prev", "next")]
    others = [name for name in (*by, across) if name and name not in context]
    for level in ([context] if context else []) + [[name] for name in others]:
        table = table.drop(columns=["other"], errors="ignore")
        left = [name for name in table.columns if name not in (*level, "error")]
        table = pd.DataFrame(table.groupby(left, as_index=False)["error"].mean())
    return table["error"].mean()


def problem(seed):
    """Few items at awkward times, of few labels, contexts and speakers."""
    rng = np.random.default_rng(seed)
    kind = ("numbers", "one-hot", "units", "repeated")[seed % 4]
    rate = [50, 100, Fraction(125, 2)][seed % 3]
    features = {}
    for name in ("u", "v", "w"):
        codes = rng.integers(0, 3, 60)
        features[name] = {
            "numbers": rng.standard_normal((60, 4)).astype(np.float32),
            "one-hot": np.eye(3)[codes],
            "units": codes,
            "repeated": np.repeat(rng.standard_normal((30, 3)), 2, axis=0),
        }[kind]
    rows = []
    for _ in range(17):
        name = str(rng.choice(list(features)))
        start = rng.choice([0.03, 0.29, 0.07, 0.01, 0.123, 0.2])
        end = float(Decimal(str(start)) + Decimal(str(rng.choice([0.02, 0.03, 0.06, 0.08, 0.055]))))
        rows.append((name, *(str(rng.choice(list(set_))) for set_ in ("rst", "ab", "p", "xy")), start, end))
    items = pd.DataFrame(rows, columns=["utt_id", "speaker", "label", "prev", "next", "start", "end"])
    first, stop = frame_slices(items["start"], items["end"], rate)
    return features, items[stop > first].reset_index(drop=True), rate, kind


@pytest.mark.parametrize("task", TASKS)
def test_equals_the_textbook_on_random_problems(task):
    scored = 0
    for seed in range(40):
        features, items, rate, kind = problem(seed)
        pooled = seed % 5 == 0 and kind in ("numbers", "repeated")
        expected = textbook(features, items, rate, **TASKS[task], pooled=pooled)
        if expected is None:
            with pytest.raises(InfeasibleError, match="no cell"):
                abx(features, items, rate, **TASKS[task], pooled=pooled)
            continue
        found = abx(features, items, rate, **TASKS[task], pooled=pooled)
        assert found == pytest.approx(expected, abs=1e-9), (seed, kind)
        scored += 1
    assert scored > 30


def test_slices_are_exact_at_every_millisecond():
    times = [Decimal(number) / 1000 for number in range(2000)]
    for rate in (50, 100, Fraction("49.95"), "62.5"):
        first, stop = frame_slices([float(time) for time in times], [float(time) for time in times], rate)
        for time, begin, end in zip(times, first, stop, strict=True):
            place = Fraction(time) * Fraction(rate) - Fraction(1, 2)
            assert begin == math.ceil(place)
            assert end == max(math.floor(place) + 1, begin)


def test_a_frame_at_either_end_belongs_to_the_interval_and_libri_light_loses_the_last():
    # 0.29 * 50 - 0.5 is 14 and not 13.999...: frame 14 stands at 0.29 s.
    assert [values.tolist() for values in frame_slices(["0.03", 0.29], [0.29, 1.23], 50)] == [
        [1, 14],
        [15, 62],
    ]
    assert frame_slices([0.03, 0.29], [0.29, 1.23], 50, "libri-light")[1].tolist() == [14, 61]
    assert frame_slices([0.03], [0.03], 50, "libri-light")[1].tolist() == [1]


def test_units_that_tie_make_the_path_depend_on_which_token_is_first(monkeypatch):
    monkeypatch.setattr("layerwise.measures.abx_tokens.TILE", 20)
    units = np.random.default_rng(0).integers(0, 3, 200)
    first, length = np.arange(0, 180, 6), np.arange(30) % 5 + 2
    tokens, every = Tokens(units, first, length), np.arange(30)
    values = [units[begin : begin + size] for begin, size in zip(first, length, strict=True)]
    expected = np.array([[textbook_dtw(x, y) for y in values] for x in values])
    assert tokens.distances(every, every) == pytest.approx(expected, abs=1e-12)
    assert tokens.square(every) == pytest.approx(expected, abs=1e-12)
    assert np.abs(expected - expected.T).max() > 0.01


def tokens_of(seed, count=90, dim=5, frames=300):
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 6, count)
    tokens = Tokens(rng.standard_normal((frames, dim)), rng.integers(0, frames - 6, count), length)
    items = pd.DataFrame(
        {
            "utt_id": "u",
            **{
                name: rng.choice(list(values), count)
                for name, values in {"speaker": "rstu", "label": "abc", "prev": "pq", "next": "xy"}.items()
            },
        }
    )
    return tokens, items


def test_tiles_and_blocks_change_nothing(monkeypatch):
    tokens, items = tokens_of(0)
    for task in TASKS.values():
        whole = score_tokens(tokens, items, **task)
        with monkeypatch.context() as small:
            small.setattr("layerwise.measures.abx_tokens.TILE", 11)
            small.setattr("layerwise.measures.abx_errors.SMALL", 0)
            blocks = score_tokens(tokens, items, **task, memory=8 * 40)
        pd.testing.assert_frame_equal(whole.cells, blocks.cells, check_exact=True)


def test_caps_are_drawn_by_names_and_not_by_what_else_is_there():
    tokens, items = tokens_of(1)
    cells = make_cells(items, "label", ("prev", "next"), ("speaker",), Caps(2, 1, seed=3))
    assert cells.count.max() == 2
    assert np.bincount(cells.a).max() == 1  # one X speaker for each A
    # A speaker more changes no draw of tokens.
    more = pd.concat([items, items.assign(speaker="z")], ignore_index=True)
    again = make_cells(more, "label", ("prev", "next"), ("speaker",), Caps(2, None, seed=3))
    kept = set(again.tokens[again.tokens < len(items)])
    assert kept == set(cells.tokens)
    assert set(make_cells(items, "label", ("prev",), (), Caps(2, seed=4)).tokens) != set(
        make_cells(items, "label", ("prev",), (), Caps(2, seed=5)).tokens
    )
    full, capped = (score_tokens(tokens, items, caps=caps) for caps in (Caps(), Caps(2)))
    assert capped.tokens < full.tokens
    assert capped.error != full.error


def test_a_replicate_counts_speakers_and_contexts_as_often_as_they_were_drawn():
    tokens, items = tokens_of(2, 200)
    on, by, across = "label", ("prev", "next"), ("speaker",)
    cells = make_cells(items, on, by, across, Caps())
    errors = cell_errors(tokens, cells)
    average = Average(cells, on, by, across)
    speakers, contexts = np.array([2.0, 0, 1, 1]), np.array([0.0, 3, 1, 0])
    weights = {"context": contexts[:, None], "speaker": speakers[:, None]}
    found = average._reduce(errors, {name: weights[name] for name in average._units})[0]

    table = score_tokens(tokens, items, on, by, across).cells
    speaker = dict(zip("rstu", speakers, strict=True))
    context = dict(zip(["px", "py", "qx", "qy"], contexts, strict=True))
    times = table["speaker_x"].map(speaker) * (table["prev"] + table["next"]).map(context)
    table = table.loc[table.index.repeat(times.astype(int))]
    table = pd.DataFrame(table.groupby(["a", "b", "speaker"], as_index=False)["error"].mean())
    table = table.loc[table.index.repeat(table["speaker"].map(speaker).astype(int))]
    assert found == pytest.approx(table.groupby(["a", "b"])["error"].mean().mean(), abs=1e-12)


def test_intervals_hold_the_error_and_need_something_to_draw():
    tokens, items = tokens_of(3, 300)
    for name, task in TASKS.items():
        found = score_tokens(tokens, items, **task, replicates=200)
        assert found.low < found.error < found.high, name
        again = score_tokens(tokens, items, **task, replicates=200)
        assert (again.low, again.high) == (found.low, found.high)
    alone = score_tokens(tokens, items, by=(), replicates=200)
    assert np.isnan([alone.low, alone.high]).all()


def test_levels_can_be_given_in_another_order():
    tokens, items = tokens_of(4)
    usual = score_tokens(tokens, items)
    other = score_tokens(tokens, items, levels=["speaker", ("prev", "next")])
    by = usual.cells.groupby(["a", "b", "prev", "next"], as_index=False)["error"].mean()
    assert other.error == pytest.approx(by.groupby(["a", "b"])["error"].mean().mean(), abs=1e-12)
    assert other.error != usual.error
    with pytest.raises(AnalysisError, match="do not average over each of prev, next, speaker once"):
        score_tokens(tokens, items, levels=["speaker"])


def table(*rows):
    items = pd.DataFrame(rows, columns=["utt_id", "start", "end", "label"])
    return items.assign(speaker="s", prev="p", next="n")


def test_an_interval_past_the_last_frame_is_cut_left_out_or_an_error():
    rng = np.random.default_rng(0)
    features = {"u": rng.standard_normal((10, 3))}
    items = table(
        ("u", 0.0, 0.04, "a"), ("u", 0.04, 0.1, "a"), ("u", 0.1, 0.15, "b"), ("u", 0.16, 0.25, "b"),
        ("u", 0.1, 0.101, "b"), ("u", 0.3, 0.4, "b"),
    )  # fmt: skip
    cut = slice_items(features, items)
    assert cut.left_out == {
        "have no frame": 1,
        "reach past the last frame of their utterance and are left out": 1,
        "are cut at the last frame of their utterance": 1,
    }
    assert cut.items.index.tolist() == [0, 1, 2, 3] and cut.tokens.length.tolist() == [2, 3, 3, 2]
    assert len(slice_items(features, items, past_end="drop").items) == 3
    with pytest.raises(AnalysisError, match=r"item 3 \(u, 0.16 to 0.25 s\) needs frames up to 12 .* frame 9"):
        slice_items(features, items, past_end="error")
    with pytest.warns(AbxWarning, match="1 of 6 items have no frame"):
        abx(features, items)
    with pytest.raises(AnalysisError, match="none of 1 items has frames"):
        slice_items(features, items[5:])


def test_frames_of_zeros_point_the_way_of_ones():
    ones = Tokens(np.array([[0.0, 0, 0], [2, 2, 2], [1, 0, 0]]), np.arange(3), np.ones(3, np.int64))
    found = ones.distances(np.arange(3), np.arange(3))
    assert found[0].tolist() == pytest.approx([0, 0, math.acos(3**-0.5) / math.pi], abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"utt_id": "w"}, {}, "utterance w of the items has no features"),
        ({"start": -0.5}, {}, r"item 0 \(u, -0.5 to 0.1 s\) starts before"),
        ({"end": "soon"}, {}, "soon is no time in seconds"),
        ({"end": math.nan}, {}, "nan is no time in seconds"),
        ({"prev": None}, {}, r"item 0 \(u\) has no prev: leave"),
        ({}, {"by": ("prev", "accent")}, "no column accent"),
        ({}, {"by": ("label",)}, "label: a column is either on, by or across"),
        ({}, {"rate": 0}, "rate=0: give frames per second"),
        ({}, {"slices": "open"}, "'open' is no rule for slices"),
        ({}, {"past_end": "wrap"}, "past_end='wrap': choose from"),
    ],
)
def test_what_cannot_be_scored_is_named(changes, options, message):
    features = {"u": np.ones((10, 3))}
    with pytest.raises(AnalysisError, match=message):
        abx(features, table(("u", 0.0, 0.1, "a"), ("u", 0.0, 0.1, "b")).assign(**changes), **options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((10, 3), np.nan), "features of v have NaN or infinity"),
        (np.ones(10), "features of v: one number per frame must be an integer"),
        (np.ones((10, 2, 2)), r"features of v: give numbers \(frames, dim\)"),
        (np.ones((10, 4)), r"features of v are \(10, 4\), those of u \(10, 3\)"),
    ],
)
def test_features_that_cannot_be_scored_are_named(values, message):
    with pytest.raises(AnalysisError, match=message):
        abx({"u": np.ones((10, 3)), "v": values}, table(("u", 0, 0.1, "a"), ("v", 0, 0.1, "b")))


def test_caps_that_leave_no_pair_are_refused():
    with pytest.raises(AnalysisError, match="A needs two"):
        Caps(1)
    with pytest.raises(AnalysisError, match="at least 1"):
        Caps(2, 0)


def test_units_have_no_mean():
    items = table(("u", 0.0, 0.1, "a"), ("u", 0.1, 0.2, "b"))
    with pytest.raises(AnalysisError, match="discrete units have no mean"):
        abx({"u": np.arange(10)}, items, pooled=True)


def test_compiled_code_computes_what_its_python_says():
    rng = np.random.default_rng(5)
    cosines = np.concatenate([[1, -1, 1.0000001, 0.5, -0.5, 0], rng.uniform(-1, 1, 30)]).reshape(6, 6)
    plain = cosines.copy()
    angles(cosines)
    getattr(angles, "py_func")(plain)  # noqa: B009
    assert np.array_equal(plain, cosines)
    numbers = [np.array(values) for values in ([0, 2], [2, 4], [0, 2], [1, 2], [2, 2])]
    outs = [np.empty((2, 4)) for _ in range(4)]
    compiled: Any = warp
    compiled(cosines, *numbers, outs[0], outs[1])
    getattr(warp, "py_func")(plain, *numbers, outs[2], outs[3])  # noqa: B009
    assert np.array_equal(outs[0], outs[2]) and np.array_equal(outs[1], outs[3])
