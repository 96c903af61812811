"""Views that are read as they are indexed: arrays in files, lists of utterances, one-hot labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import BLOCK_ROWS, Index, View


class StoredArray:
    """Rows (n, dim) of a Zarr array or HDF5 dataset, read in runs of neighbouring chunks.

    These libraries read a slice fast; a list of rows they read slowly (Zarr) or only sorted and without
    repetition (h5py). No more than BLOCK_ROWS rows are held beside those that are returned.
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape: tuple[int, ...] = tuple(array.shape)
        self._chunk = int(array.chunks[0]) if array.chunks else 1

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        far = np.diff(ordered // self._chunk) > 1
        breaks = np.flatnonzero(far | (np.diff(ordered // BLOCK_ROWS) > 0)) + 1
        out = np.empty((len(rows), self.shape[1]), self._array.dtype)
        for run in np.split(np.arange(len(rows)), breaks) if len(rows) else []:
            first, last = int(ordered[run[0]]), int(ordered[run[-1]]) + 1
            out[order[run]] = np.asarray(self._array[first:last])[ordered[run] - first]
        return out


class Utterances:
    """The rows of several views, one after the other, without copying them together."""

    def __init__(self, views: Sequence[View], lengths: Index) -> None:
        self._views = views
        self._ends = np.concatenate([[0], np.cumsum(lengths)])
        self.shape: tuple[int, ...] = (int(self._ends[-1]), views[0].shape[1])

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        order = np.argsort(rows, kind="stable")
        places = np.searchsorted(rows[order], self._ends)
        used = np.flatnonzero(np.diff(places))
        parts = [
            self._views[number][rows[order[places[number] : places[number + 1]]] - self._ends[number]]
            for number in used.tolist()
        ]
        joined = np.concatenate(parts) if parts else np.empty((0, self.shape[1]))
        out = np.empty_like(joined)
        out[order] = joined
        return out


class OneHot:
    """Labels (n,) as rows (n, classes) of zeros and a one; only classes that occur have a column, sorted."""

    def __init__(self, labels: NDArray[Any]) -> None:
        self.classes, self._codes = np.unique(labels, return_inverse=True)
        self.shape: tuple[int, ...] = (len(labels), len(self.classes))

    def __getitem__(self, rows: Index, /) -> NDArray[Any]:
        return np.equal.outer(self._codes[rows], np.arange(len(self.classes))).astype(np.float32)
