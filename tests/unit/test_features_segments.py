"""Public pooling: the slices of the workflow, for features of any origin."""

import subprocess
import sys
from fractions import Fraction
from typing import Any, Literal

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import AnalysisError
from layerwise.features import pool
from layerwise.features.pooling import pooling_weights

FRAMES = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
INTERVALS = [(0.0, 0.1), (0.58, 0.61), (0.3, 0.3), (0.9, 1.02)]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 300)), min_size=1, max_size=8),
    st.sampled_from([Fraction(1, 50), Fraction(1, 100), Fraction(1, 25)]),
    st.sampled_from(["all", "middle third"]),
)
def test_means_are_those_of_the_workflow(bounds, stride, part):
    intervals = [(start / 1000, (start + length) / 1000) for start, length in bounds]
    frames = np.random.default_rng(len(bounds)).standard_normal((100, 4)).astype(np.float32)
    kind: Literal["phone", "word"] = "word" if part == "all" else "phone"
    expected = pooling_weights({kind: intervals}, 100, stride)[:-1] @ torch.from_numpy(frames)
    means = pool(frames, intervals, stride=stride, part=part)
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, expected.numpy(), atol=1e-6)


def test_slices_by_hand():
    frames = np.arange(50.0)[:, None]
    means = pool(frames, INTERVALS, stride=0.02)
    assert means.dtype == np.float64
    assert means[:, 0].tolist() == [2, 29.5, 15, 47]  # frames 0-4, 29-30, 15, 45-49
    assert pool(frames, [(0.0, 0.18)], stride=0.02, part="middle third").tolist() == [[4]]  # frames 3-5


KINDS = {
    "tensor": torch.from_numpy(FRAMES).requires_grad_(),
    "table": pd.DataFrame(FRAMES),
    "half": FRAMES.astype(np.float16),
    "Zarr": zarr.array(FRAMES, chunks=(7, 3)),
    "HDF5": h5py.File.in_memory().create_dataset("x", data=FRAMES),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_every_kind(kind):
    means = pool(KINDS[kind], INTERVALS, stride=Fraction(1, 50))
    expected = pool(FRAMES, INTERVALS, stride=0.02)
    np.testing.assert_allclose(means, expected, atol=1e-3 if kind == "half" else 0)
    assert means.dtype == np.float32


def test_a_bfloat16_tensor_is_read():
    frames = torch.from_numpy(FRAMES).bfloat16()
    np.testing.assert_array_equal(
        pool(frames, INTERVALS, stride=0.02), pool(frames.float(), INTERVALS, stride=0.02)
    )


def test_a_table_names_the_utterance_of_each_interval():
    table = pd.DataFrame(INTERVALS, columns=["start", "end"]).assign(utt_id=["b", "a", "b", "a"])
    frames = {"a": FRAMES, "b": FRAMES[::-1]}
    expected = np.concatenate(
        [pool(frames[utt_id], [pair], stride=0.02) for utt_id, pair in zip("baba", INTERVALS, strict=True)]
    )
    np.testing.assert_array_equal(pool(frames, table, stride=0.02), expected)
    places = table.assign(utt_id=[1, 0, 1, 0], label="AA")
    np.testing.assert_array_equal(pool([FRAMES, FRAMES[::-1]], places, stride=0.02), expected)
    one = pool(FRAMES, table.assign(utt_id="a"), stride=0.02)
    np.testing.assert_array_equal(one, pool(FRAMES, np.array(INTERVALS), stride=0.02))


def test_no_intervals_are_no_rows():
    empty = pd.DataFrame({"start": [], "end": [], "utt_id": []})
    assert pool(FRAMES, [], stride=0.02).shape == (0, 3)
    assert pool({"a": FRAMES}, empty, stride=0.02).shape == (0, 3)
    assert pool({}, empty, stride=0.02).shape == (0, 0)


TABLE = pd.DataFrame({"start": [0.1, 0.2], "end": [0.2, 0.3], "utt_id": ["a", "b"]})
WRONG: dict[str, tuple[Any, str]] = {
    "milliseconds": (
        (FRAMES, [(0, 0.1), (120.0, 180.0)]),
        r"interval 1 \(120 to 180 s\) begins after the 50 fr",
    ),
    "backwards": ((FRAMES, [(0.3, 0.2)]), r"interval 0 \(0\.3 to 0\.2 s\) is none: .* 0 <= start <= end"),
    "negative": ((FRAMES, [(-0.1, 0.2)]), "interval 0 .*is none"),
    "missing": ((FRAMES, [(0.1, np.nan)]), "interval 0 .*is none"),
    "triples": (
        (FRAMES, [(0.1, 0.2, 3)]),
        r"intervals must be \(start, end\) in seconds, not an array \(1, 3\)",
    ),
    "no columns": ((FRAMES, TABLE.drop(columns="end")), "the table of intervals lacks end"),
    "one dimension": ((FRAMES[:, 0], INTERVALS), r"frames must be \(frames, dim\).*not ndarray \(50,\)"),
    "no frames": ((FRAMES[:0], INTERVALS), "at least one frame"),
    "no array": (("x.npy", INTERVALS), "not str"),
    "an unknown utterance": (({"a": FRAMES}, TABLE), "there are no frames of utterance 'b'"),
    "which utterance": ((FRAMES, TABLE), "intervals are of 2 utterances and frames of one"),
    "no ids": (([FRAMES], INTERVALS), "need a table of intervals with the column utt_id"),
    "a bad utterance": (({"a": FRAMES, "b": FRAMES[None]}, TABLE), r"frames of utterance b .*\(1, 50, 3\)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named(case):
    arguments, message = WRONG[case]
    with pytest.raises(AnalysisError, match=message):
        pool(*arguments, stride=0.02)


def test_wrong_options_are_refused():
    with pytest.raises(AnalysisError, match="part 'middle' is unknown: use one of all, middle third"):
        pool(FRAMES, INTERVALS, stride=0.02, part="middle")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="stride must be positive"):
        pool(FRAMES, INTERVALS, stride=0)


def test_the_interval_after_the_last_frame_is_still_the_last_frame():
    np.testing.assert_array_equal(pool(FRAMES, [(1.01, 1.03)], stride=0.02), FRAMES[-1:])


def test_pooling_does_not_import_torch():
    code = "import sys; from layerwise.features import pool; assert not {'torch', 'zarr'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
