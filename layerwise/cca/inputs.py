"""What the engine takes: arrays, tensors, tables, arrays in files, lists of utterances and labels."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.moments import Index, View
from layerwise.cca.views import OneHot, StoredArray, Utterances
from layerwise.errors import AnalysisError

# Anything that ``as_view`` takes; most of these libraries need not even be installed.
Features = Any

EXPECTED = "expected rows (n, dim), a list with one (frames, dim) array per utterance, or labels (n,)"


class _Given(NamedTuple):
    """A view, its labels (n,) if it is made of labels, and the rows of each utterance if it was a list."""

    view: View
    labels: NDArray[Any] | None = None
    lengths: Index | None = None


@dataclass(frozen=True)
class ViewsGiven:
    """Two views of the same n rows.

    Attributes:
        x, y: (n, dx) and (n, dy).
        labels: (n,), if y was labels.
        lengths: rows of each utterance, (U,), if x or y was a list of utterances.
        described: what x and y were, for messages.
    """

    x: View
    y: View
    labels: NDArray[Any] | None
    lengths: Index | None
    described: str

    @property
    def utterances(self) -> Index | None:
        """The number (n,) of each row's utterance, if x or y was a list of utterances."""
        return None if self.lengths is None else np.repeat(np.arange(len(self.lengths)), self.lengths)

    def per_row(self, name: str, values: Sequence[Any] | NDArray[Any] | None) -> NDArray[Any] | None:
        """Return names (n,) of rows, given for each row, or for each utterance of a list.

        Raises AnalysisError for a wrong number of them and for missing ones.
        """
        if values is None:
            return None
        names, n = _names(name, _plain(values)), self.x.shape[0]
        if len(names) == n:
            return names
        if self.lengths is not None and len(names) == len(self.lengths):
            return np.repeat(names, self.lengths)
        wanted = f"{n}, one per row" + (
            "" if self.lengths is None else f", or {len(self.lengths)}, one per utterance"
        )
        raise AnalysisError(f"{name} has {len(names)} values and must have {wanted}; {self.described}")

    def place(self, row: int) -> str:
        """Say which frame of which utterance a row is; nothing if there are no utterances."""
        if self.lengths is None:
            return ""
        ends = np.cumsum(self.lengths)
        number = int(np.searchsorted(ends, row, side="right"))
        return f" (that is frame {row - int(ends[number] - self.lengths[number])} of utterance {number})"


def as_view(values: Features, name: str = "x") -> View:
    """Return rows (n, dim) of anything that holds them, without copying what need not be copied.

    Taken are (n, dim) NumPy arrays of any float or integer type, PyTorch tensors (on any device, with or
    without gradient), pandas tables, Zarr arrays and HDF5 datasets (read in blocks), stored layers
    (``FeatureStore.frames_view``), other arrays that NumPy can read, and lists or tuples with one such
    (frames, dim) array per utterance. Of one dimension: floats (n,) are a single column; integers, booleans,
    strings and categories (n,) are labels and become one-hot rows, one column for each class that occurs,
    in sorted order. Numbers that only look like labels must be floats.

    Raises AnalysisError, saying what was expected and what ``name`` is, for any other shape or type, for
    missing labels, a single class, and utterances of different dimensions. Values are checked when they are
    read.
    """
    try:
        return _read(name, values).view
    except AnalysisError as error:
        raise AnalysisError(f"{error}; {name} is {describe(values)}") from None


def as_views(x: Features, y: Features) -> ViewsGiven:
    """Return two views of the same rows; x and y as for ``as_view``.

    Raises AnalysisError as ``as_view`` does, and if rows or utterances of x and y differ in number.
    """
    described = f"x is {describe(x)}, y is {describe(y)}"
    try:
        left, right = _read("x", x), _read("y", y)
        _check_same_rows(left, right)
    except AnalysisError as error:
        raise AnalysisError(f"{error}; {described}") from None
    lengths = left.lengths if left.lengths is not None else right.lengths
    return ViewsGiven(left.view, right.view, right.labels, lengths, described)


def describe(values: Features) -> str:
    """Say what a value is: its type, shape and number format."""
    kind = type(values)
    if isinstance(values, list | tuple):
        return f"a {kind.__name__} of {len(values)}" + (
            f", the first {describe(values[0])}" if values else ""
        )
    if getattr(values, "shape", None) is None:
        return kind.__name__
    library = kind.__module__.partition(".")[0]
    home = "" if library in ("builtins", "layerwise") else f"{library}."
    text = f"{home}{kind.__name__} {tuple(values.shape)}"
    return text + (f" {values.dtype}" if hasattr(values, "dtype") else "")


def _read(name: str, values: Features) -> _Given:
    if isinstance(values, list | tuple):
        given = _read_list(name, values)
    elif _is(values, "h5py", "Dataset") or _is(values, "zarr", "Array"):
        given = _read_stored(name, values)
    elif hasattr(values, "toarray"):
        raise AnalysisError(f"{name} is sparse: give {name}.toarray()")
    elif hasattr(values, "shape") and hasattr(values, "__getitem__") and not hasattr(values, "__array__"):
        given = _Given(values)  # a stored layer
    else:
        given = _read_array(name, _plain(values))
    if len(given.view.shape) != 2:
        raise AnalysisError(f"{name} has {len(given.view.shape)} dimensions: {EXPECTED}")
    if 0 in given.view.shape:
        raise AnalysisError(f"{name} has no {'rows' if not given.view.shape[0] else 'columns'}: {EXPECTED}")
    return given


def _read_array(name: str, array: NDArray[Any]) -> _Given:
    if array.ndim not in (1, 2):
        hint = "; a batch of utterances of one length is given as list(...)" if array.ndim == 3 else ""
        raise AnalysisError(f"{name} has {array.ndim} dimensions: {EXPECTED}{hint}")
    if array.ndim == 1 and array.dtype.kind != "f":
        labels = _names(name, array)
        return _Given(OneHot(labels), labels)
    if array.dtype.kind not in "fiub":
        raise AnalysisError(f"{name} must hold real numbers, not {array.dtype}: convert it with astype")
    return _Given(array if array.ndim == 2 else array[:, None])


def _read_stored(name: str, array: Any) -> _Given:
    if len(array.shape) != 1:
        if array.dtype.kind not in "fiub":
            raise AnalysisError(f"{name} must hold real numbers, not {array.dtype}")
        return _Given(StoredArray(array))
    values = np.asarray(array[:])
    if values.dtype == object and len(values) and isinstance(values[0], bytes):  # strings of HDF5
        values = np.array([text.decode() for text in values])
    return _read_array(name, values)


def _read_list(name: str, values: Sequence[Any]) -> _Given:
    holds_arrays = [bool(getattr(item, "shape", ())) for item in values]
    if not any(holds_arrays):
        try:
            return _read_array(name, np.asarray(values))
        except ValueError:
            raise AnalysisError(f"{name} has rows of different lengths: {EXPECTED}") from None
    if not all(holds_arrays):
        number = holds_arrays.index(False)
        raise AnalysisError(f"utterance {number} of {name} is {describe(values[number])}: {EXPECTED}")
    if any(len(item.shape) == 2 and not item.shape[0] for item in values):
        raise AnalysisError(f"utterances without frames in {name}: leave them out of x and y")
    parts = [_read_utterance(f"utterance {number} of {name}", item) for number, item in enumerate(values)]
    lengths = np.array([part.view.shape[0] for part in parts], np.int64)
    labels = [part.labels for part in parts if part.labels is not None]
    if len(labels) == len(parts):
        joined = np.concatenate(labels)
        return _Given(OneHot(joined), joined, lengths)
    for number, part in enumerate(parts):
        if part.view.shape[1] != parts[0].view.shape[1] or labels:
            raise AnalysisError(
                f"utterances of {name} differ: utterance 0 is {describe(values[0])} and "
                f"utterance {number} is {describe(values[number])}"
            )
    return _Given(Utterances([part.view for part in parts], lengths), None, lengths)


def _read_utterance(name: str, values: Features) -> _Given:
    given = _read(name, values)
    if len(values.shape) == 1 and given.labels is None:
        raise AnalysisError(
            f"{name} has one dimension and may be one row or one column: np.stack the list if each is a "
            "row, or give columns as values[:, None]"
        )
    return given


def _plain(values: Features) -> NDArray[Any]:
    """Return values in memory as they are, as a NumPy array."""
    if _is(values, "torch", "Tensor"):
        values = values.detach().cpu()
        return np.asarray(values.float() if str(values.dtype) == "torch.bfloat16" else values)
    if isinstance(values, pd.DataFrame):
        return _table(values)
    if isinstance(values, pd.Series | pd.Index | pd.Categorical):
        if isinstance(values.dtype, pd.CategoricalDtype):
            return np.asarray(values, dtype=object)
        if pd.api.types.is_float_dtype(values.dtype):
            numpy_has_it = isinstance(values.dtype, np.dtype)
            return values.to_numpy() if numpy_has_it else values.to_numpy(np.float64, na_value=np.nan)
    if np.ma.is_masked(values):
        raise AnalysisError("values are masked: fill them or leave their rows out")
    return np.asarray(values)


def _table(table: pd.DataFrame) -> NDArray[Any]:
    for column, dtype in table.dtypes.items():
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
            raise AnalysisError(f"column {column!r} is {dtype} and not numbers: leave it out")
    values = table.to_numpy()
    return values if values.dtype != object else table.to_numpy(np.float64, na_value=np.nan)


def _names(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return labels or groups (n,) of one type that can be sorted."""
    if values.ndim != 1:
        raise AnalysisError(f"{name} must be (n,), not {values.shape}")
    missing = np.flatnonzero(pd.isna(values))
    if missing.size:
        raise AnalysisError(f"value {int(missing[0])} of {name} is missing: leave the row out")
    if values.dtype == object:
        kinds = sorted({type(value).__name__ for value in values})
        if len(kinds) > 1:
            raise AnalysisError(f"{name} mixes {' and '.join(kinds)}: make them all strings")
        values = np.array(values.tolist())
    if values.ndim != 1 or values.dtype.kind not in "iubfUSTM":
        raise AnalysisError(f"{name} must hold strings or integers, not {values.dtype}")
    return values


def _check_same_rows(x: _Given, y: _Given) -> None:
    for name, given in (("x", x), ("y", y)):
        if given.labels is not None and given.view.shape[1] == 1:
            raise AnalysisError(f"{name} has the one class {given.labels[0]!s}: nothing to tell apart")
    if x.lengths is not None and y.lengths is not None:
        if len(x.lengths) != len(y.lengths):
            raise AnalysisError(f"x has {len(x.lengths)} utterances and y has {len(y.lengths)}")
        different = np.flatnonzero(x.lengths != y.lengths)
        if different.size:
            first = int(different[0])
            raise AnalysisError(
                f"utterance {first} has {x.lengths[first]} frames in x and {y.lengths[first]} in y "
                f"({different.size} of {len(x.lengths)} utterances differ): cut or pair them first"
            )
    n_x, n_y = x.view.shape[0], y.view.shape[0]
    if n_x == n_y:
        return
    hint = "row i of both must be the same frame, segment or utterance"
    lengths = x.lengths if x.lengths is not None else y.lengths
    for name, given, other in (("x", x, n_y), ("y", y, n_x)):
        if given.lengths is None and given.labels is None and given.view.shape[1] == other:
            hint = f"{name} looks transposed, rows come first: give {name}.T"
    if lengths is not None and len(lengths) in (n_x, n_y):
        hint = "one of them has a row per utterance: average the frames of the other, or repeat its rows"
    raise AnalysisError(
        f"x has {n_x} rows and y has {n_y}, expected (n, dx) and (n, dy) of the same n: {hint}"
    )


def _is(values: Any, library: str, name: str) -> bool:
    """Whether a value is of a library's class, without importing the library."""
    module = sys.modules.get(library)
    return module is not None and isinstance(values, getattr(module, name))
