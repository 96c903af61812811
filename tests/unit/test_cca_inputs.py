"""The engine takes what researchers have, gives the same scores for all of it, and says what is wrong."""

import subprocess
import sys
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.analyses.labels import one_hot
from layerwise.cca import as_view, cross_validate, score_split
from layerwise.cca.inputs import describe
from layerwise.cca.moments import RowsOf
from layerwise.errors import AnalysisError

N, DX, DY = 600, 5, 4
LENGTHS = np.random.default_rng(5).integers(4, 15, 60)
LENGTHS[-1] += N - LENGTHS.sum()
GROUPS = np.repeat(np.arange(60), LENGTHS)


def related(dtype=np.float32):
    rng = np.random.default_rng(0)
    source = rng.standard_normal((N, 3))
    x, y = (source @ rng.standard_normal((3, d)) + rng.standard_normal((N, d)) for d in (DX, DY))
    return x.astype(dtype), y.astype(dtype)


def utterances(values):
    return np.split(values, np.cumsum(LENGTHS)[:-1])


def in_zarr(values, path):
    array = zarr.create_array(
        path / "x.zarr", shape=values.shape, dtype=values.dtype, chunks=(37, 3), overwrite=True
    )
    array[:] = values
    return array


def in_hdf5(values, path, **options):
    return h5py.File(path / "x.h5", "w").create_dataset("x", data=values, **options)


KINDS = {
    "tensor": lambda x, _: torch.from_numpy(x),
    "tensor with gradient": lambda x, _: torch.from_numpy(x).requires_grad_(),
    "table": lambda x, _: pd.DataFrame(x, columns=list("abcde")),
    "table of nullable numbers": lambda x, _: pd.DataFrame(x.astype(np.float64)).astype("Float64"),
    "nested lists": lambda x, _: x.tolist(),
    "Zarr": in_zarr,
    "HDF5 in chunks": lambda x, path: in_hdf5(x, path, chunks=(37, 5)),
    "HDF5 in one": in_hdf5,
    "rows of a view": lambda x, _: RowsOf(x, np.arange(N)),
    "list of arrays": lambda x, _: utterances(x),
    "tuple of tensors": lambda x, _: tuple(map(torch.from_numpy, utterances(x))),
    "list of tables": lambda x, _: [pd.DataFrame(part) for part in utterances(x)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_has_the_scores_of_an_array(kind, tmp_path):
    x, y = related()
    expected = cross_validate(x, y, groups=GROUPS, seed=3, permutations=0)
    table = cross_validate(KINDS[kind](x, tmp_path), y, groups=GROUPS, seed=3, permutations=0)
    pd.testing.assert_frame_equal(table, expected, rtol=0, atol=0)
    split: Any = np.split(np.random.default_rng(1).permutation(N), [400, 500])
    assert score_split(KINDS[kind](x, tmp_path), y, *split) == score_split(x, y, *split)


@pytest.mark.parametrize("kind", ["float16", "float64", "int16", "bool"])
def test_number_formats_are_taken_as_they_are(kind):
    x, y = related()
    x = x > 0 if kind == "bool" else (100 * x).astype(kind)
    pd.testing.assert_frame_equal(cross_validate(x, y), cross_validate(x.astype(np.float64), y), atol=1e-12)


def test_a_bfloat16_tensor_is_read():
    values = torch.randn(20, 3).bfloat16()
    np.testing.assert_array_equal(as_view(values)[np.arange(20)], values.float().numpy())


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 5),
    st.integers(1, 40),
    st.sampled_from(["zarr", "hdf5", "list"]),
    st.data(),
)
def test_rows_are_read_in_any_order_and_repeatedly(n, dim, chunk, kind, data):
    values = np.random.default_rng(n).standard_normal((n, dim))
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=50)), np.int64)
    view: Any
    if kind == "zarr":
        view = zarr.create_array({}, shape=values.shape, dtype=values.dtype, chunks=(min(chunk, n), dim))
        view[:] = values
    elif kind == "hdf5":
        file = h5py.File.in_memory()
        view = file.create_dataset("x", data=values, chunks=(min(chunk, n), dim))
    else:
        view = np.split(values, sorted(set(data.draw(st.lists(st.integers(1, n), max_size=9))) - {n}))
    np.testing.assert_array_equal(as_view(view)[rows], values[rows])


def test_stored_arrays_are_read_in_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr("layerwise.cca.views.BLOCK_ROWS", 50)
    read = []

    class Spy(h5py.Dataset):  # type: ignore[misc]
        def __getitem__(self, rows):
            read.append(rows.stop - rows.start)
            return super().__getitem__(rows)

    x, _ = related()
    view = as_view(Spy(in_hdf5(x, tmp_path, chunks=(10, DX)).id))
    np.testing.assert_array_equal(view[np.arange(N)[::-3]], x[::-3])
    assert max(read) <= 50
    read.clear()
    view[np.array([48, 3])]
    assert read == [1, 1]


LABELS = np.array(list("AEIOU"))[np.random.default_rng(2).integers(0, 5, N)]
LABEL_KINDS = {
    "strings": LABELS,
    "list of strings": LABELS.tolist(),
    "bytes": LABELS.astype("S"),
    "object array": LABELS.astype(object),
    "integers": np.searchsorted(list("AEIOU"), LABELS) * 3,
    "integer tensor": torch.from_numpy(np.searchsorted(list("AEIOU"), LABELS)),
    "series": pd.Series(LABELS),
    "categories": pd.Categorical(LABELS),
    "series of categories": pd.Series(LABELS, dtype="category"),
    "categories that are floats": pd.Categorical(np.searchsorted(list("AEIOU"), LABELS) / 2),
    "list per utterance": utterances(LABELS),
}


@pytest.mark.parametrize("kind", LABEL_KINDS)
def test_labels_are_one_hot_and_spread_over_parts(kind):
    x, _ = related()
    expected = cross_validate(x, one_hot(LABELS)[0], groups=GROUPS, labels=LABELS, permutations=0)
    table = cross_validate(x, LABEL_KINDS[kind], groups=GROUPS, permutations=0)
    pd.testing.assert_frame_equal(table, expected, rtol=0, atol=0)


def test_labels_of_files_are_read(tmp_path):
    x, _ = related()
    expected = cross_validate(x, LABELS, permutations=0)
    strings = in_hdf5(LABELS.astype(object), tmp_path)
    codes = zarr.create_array({}, shape=N, dtype="int64", chunks=(100,))
    codes[:] = np.searchsorted(list("AEIOU"), LABELS)
    for labels in (strings, codes):
        pd.testing.assert_frame_equal(cross_validate(x, labels, permutations=0), expected)


def test_other_labels_may_be_spread_than_those_of_y():
    x, _ = related()
    speakers = np.arange(N) % 7
    assert not cross_validate(x, LABELS, labels=speakers).equals(cross_validate(x, LABELS))


def test_floats_of_one_dimension_are_a_column():
    x, y = related()
    expected = cross_validate(x, y[:, :1], permutations=0)
    for column in (y[:, 0], pd.Series(y[:, 0]), torch.from_numpy(y[:, 0]), y[:, 0].tolist()):
        pd.testing.assert_frame_equal(cross_validate(x, column, permutations=0), expected, atol=1e-12)


def test_frames_of_listed_utterances_are_kept_whole():
    x, y = related()
    expected = cross_validate(x, y, groups=GROUPS, seed=1, permutations=0)
    for pair in ((utterances(x), utterances(y)), (utterances(x), y), (x, utterances(y))):
        pd.testing.assert_frame_equal(cross_validate(*pair, seed=1, permutations=0), expected)
    speakers = [f"speaker {number // 3}" for number in range(60)]
    by_speaker = cross_validate(x, y, groups=np.repeat(speakers, LENGTHS), permutations=0)
    pd.testing.assert_frame_equal(
        cross_validate(utterances(x), utterances(y), groups=speakers, permutations=0), by_speaker
    )


def test_a_mask_names_the_rows_that_indices_name():
    x, y = related()
    masks: Any = [np.arange(N) < 400, (np.arange(N) >= 400) & (np.arange(N) < 500), np.arange(N) >= 500]
    indices: Any = map(np.flatnonzero, masks)
    assert score_split(x, y, *masks) == score_split(x, y, *indices)


def with_nan(row):
    x, _ = related()
    x[row, 2] = np.nan
    return x


ARRAY = np.ones((6, 3))
WRONG = {
    "rows differ": (
        (np.ones((7, 3)), np.ones((6, 2))),
        "x has 7 rows and y has 6, expected .* of the same n: row i of both",
    ),
    "both are told": (
        (np.ones((7, 3)), np.ones((6, 2), np.float32)),
        r"x is numpy\.ndarray \(7, 3\) float64, y is numpy\.ndarray \(6, 2\) float32",
    ),
    "transposed x": ((np.ones((3, 6)), np.ones((6, 2))), r"x looks transposed, rows come first: give x\.T"),
    "transposed y": ((np.ones((6, 3)), np.ones((2, 6))), r"y looks transposed, rows come first: give y\.T"),
    "a row per utterance": (
        ([np.ones((4, 3))] * 3, np.ones((3, 2))),
        "x has 12 rows and y has 3, expected .*: one of them has a row per utterance",
    ),
    "no dimensions": ((np.float64(3), ARRAY), r"x has 0 dimensions: expected rows \(n, dim\)"),
    "three dimensions": ((np.ones((2, 3, 4)), ARRAY), r"x has 3 dimensions.* given as list\(\.\.\.\)"),
    "no rows": ((np.ones((0, 3)), np.ones((0, 3))), "x has no rows"),
    "no columns": ((ARRAY, np.ones((6, 0))), "y has no columns"),
    "empty list": (([], ARRAY), "x has no rows.* x is a list of 0"),
    "nothing": ((None, ARRAY), "x .*x is NoneType"),
    "a name": (("features.npy", ARRAY), "x .*x is str"),
    "a mapping": (({"T0": ARRAY}, ARRAY), "x .*x is dict"),
    "ragged": (([[1.0, 2.0], [1.0]], ARRAY), "x has rows of different lengths"),
    "objects": ((ARRAY.astype(object), ARRAY), "x must hold real numbers, not object"),
    "complex": ((ARRAY, ARRAY * 1j), "y must hold real numbers, not complex128"),
    "text in a table": ((pd.DataFrame({"a": [1.0], "b": ["x"]}), ARRAY), "column 'b' is .* not numbers"),
    "masked": ((np.ma.masked_less(ARRAY, 2), ARRAY), "masked"),
    "utterances differ in number": (([ARRAY] * 3, [ARRAY] * 2), "x has 3 utterances and y has 2"),
    "frames differ": (
        ([ARRAY] * 3, [ARRAY, ARRAY[:5], ARRAY[:4]]),
        r"utterance 1 has 6 frames in x and 5 in y \(2 of 3 utterances differ\)",
    ),
    "utterances differ in width": (([ARRAY, ARRAY[:, :2]], ARRAY), r"utterance 1 is numpy\.ndarray \(6, 2\)"),
    "an utterance is no array": (([ARRAY, 3.0], ARRAY), "utterance 1 of x is float: expected"),
    "an utterance is empty": (([ARRAY, ARRAY[:0]], ARRAY), "utterances without frames in x"),
    "rows or columns": ((list(ARRAY), ARRAY), r"utterance 0 of x has one dimension.*np\.stack"),
    "labels and numbers": ((ARRAY, [ARRAY, LABELS[:6]]), "utterances of y differ"),
    "one class": ((ARRAY, ["A"] * 6), "y has the one class A"),
    "missing label": ((ARRAY, ["A", "B", None, "A", "B", "A"]), "value 2 of y is missing"),
    "mixed labels": ((ARRAY, np.array(["A", 1] * 3, object)), "y mixes int and str"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_says_what_was_expected_and_what_it_is(case):
    pair, message = WRONG[case]
    with pytest.raises(AnalysisError, match=message) as caught:
        cross_validate(*pair)
    assert "x is " in str(caught.value) and "y is " in str(caught.value)


def test_sparse_matrices_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(AnalysisError, match=r"x is sparse: give x\.toarray\(\)"):
        as_view(sparse.csr_matrix(ARRAY))


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "groups": ({"groups": [1, 2]}, "groups has 2 values and must have 600, one per row; x is"),
    "missing group": ({"groups": [None] + ["a"] * (N - 1)}, "value 0 of groups is missing"),
    "labels": ({"labels": LABELS[:5]}, "labels has 5 values"),
    "mode": ({"mode": "papr"}, "mode 'papr' is unknown: use one of corrected, paper"),
    "epsilons": ({"epsilons": [1e-4, 1e-2]}, r"epsilons must be pairs \(epsilon_x, epsilon_y\)"),
    "trials": ({"trials": 6, "mode": "paper"}, "6 trials need 12 parts"),
    "device": ({"device": "gpu"}, "device: String should match"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_wrong_options_are_refused(case):
    options, message = OPTIONS[case]
    with pytest.raises(AnalysisError, match=message):
        cross_validate(*related(), **options)


def test_wrong_rows_of_a_split_are_refused():
    x, y = related()
    good = np.arange(400), np.arange(400, 500)
    for rows, message in (
        ([], "test must be row indices or a mask"),
        (np.arange(500, 700), "test names row 699 and there are rows 0 to 599"),
        ([-1], "test names row -1"),
        (np.ones(5, bool), r"not bool \(5,\)"),
        ([0.5], "test must be row indices"),
    ):
        with pytest.raises(AnalysisError, match=message):
            score_split(x, y, *good, rows)


def test_a_bad_row_is_named_with_its_utterance():
    _, y = related()
    row = int(LENGTHS[:7].sum()) + 2
    with pytest.raises(AnalysisError, match=f"row {row} of x holds NaN or infinity"):
        cross_validate(with_nan(row), y)
    with pytest.raises(AnalysisError, match=r"that is frame 2 of utterance 7"):
        cross_validate(utterances(with_nan(row)), utterances(y))
    with pytest.raises(AnalysisError, match=r"that is frame 2 of utterance 7"):
        score_split(utterances(with_nan(row)), y, np.arange(400), np.arange(400, 500), np.arange(500, N))
    with pytest.raises(AnalysisError, match=f"row {row} of y holds NaN or infinity"):
        cross_validate(y, pd.DataFrame(with_nan(row)).astype("Float64"))


def test_descriptions():
    assert describe(torch.zeros(2, 3)) == "torch.Tensor (2, 3) torch.float32"
    assert describe([ARRAY]) == "a list of 1, the first numpy.ndarray (6, 3) float64"
    assert describe(3) == "int"


def test_the_engine_is_light():
    code = """
import sys
import numpy as np
import layerwise.cca
assert "numpy" in sys.modules and "pandas" not in sys.modules
rng = np.random.default_rng(0)
groups, labels = np.arange(300) // 3, np.arange(300) % 4
layerwise.cca.cross_validate(rng.standard_normal((300, 5)), labels, groups=groups)
heavy = {"torch", "sklearn", "scipy.stats", "matplotlib", "zarr", "h5py", "transformers"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
