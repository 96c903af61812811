"""Tokens of one layer, and the distances between them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import AnalysisError
from layerwise.measures.abx_dtw import angles, warp

Array = NDArray[np.float64]
Index = NDArray[np.int64]
TILE = 512  # frames: a tile of the lattice is 2 MB, the size of a core's cache
MOST_CODES = 2048  # distinct frames up to which all their distances are kept in one table


class Tokens:
    """Slices of frames (n tokens), compared by angular distance and dynamic time warping.

    Equal frames are equally far from any other wherever they stand if there are few different ones
    (discrete units, codebooks): their distances come from one table, and ties are exact.

    Args:
        frames: (frames, dim) numbers, or (frames,) integers: discrete units, at distance 0 or 1.
        first: first frame of each token, (n,).
        length: number of its frames, at least 1.
    """

    def __init__(self, frames: NDArray[Any], first: Index, length: Index) -> None:
        self.first, self.length = first, length
        self._frames = frames
        self._codes: Index | None = None
        self._table: Array | None = None
        if frames.ndim == 1:
            self._codes = np.unique(frames, return_inverse=True)[1]
            return
        norms = np.sqrt(np.einsum("ij,ij->i", frames, frames, dtype=np.float64))
        # As in fastabx and Libri-light, a frame of zeros has the direction of a vector of ones.
        self._zero = np.flatnonzero(norms == 0)
        self._scale = 1 / np.where(norms == 0, 1, norms)
        codes = _codes(frames)
        if codes is not None:
            self._codes, examples = codes
            unit = self._unit(examples)
            table = unit @ unit.T
            angles(table)
            self._table = np.triu(table, 1)
            self._table += self._table.T

    def __len__(self) -> int:
        return len(self.first)

    def pooled(self) -> "Tokens":
        """Return the means of the raw frames of each token as tokens of one frame."""
        if self._frames.ndim == 1:
            raise AnalysisError("discrete units have no mean: pooled ABX needs vectors")
        means = [
            self._frames[first : first + length].mean(axis=0, dtype=np.float64)
            for first, length in zip(self.first, self.length, strict=True)
        ]
        count = np.arange(len(self), dtype=np.int64)
        return Tokens(np.array(means).reshape(len(self), -1), count, np.ones_like(count))

    def distances(self, rows: Index, columns: Index) -> Array:
        """Distances (rows, columns) of tokens; those of the rows are the first (X)."""
        found = np.empty((len(rows), len(columns)))
        tiles = list(self._tiles(columns))
        for tile in self._tiles(rows):
            left = self._rows(rows[tile])
            for other in tiles:
                forward, _ = self._warp(left, rows[tile], columns[other])
                found[tile[:, None], other] = forward
        return found

    def square(self, members: Index) -> Array:
        """Distances (n, n) between all tokens of a set, each pair warped once; rows are the first (X)."""
        found = np.empty((len(members), len(members)))
        tiles = list(self._tiles(members))
        for number, tile in enumerate(tiles):
            left = self._rows(members[tile])
            for other in tiles[number:]:
                forward, backward = self._warp(left, members[tile], members[other])
                found[other[:, None], tile] = backward.T
                found[tile[:, None], other] = forward
        return found

    def _tiles(self, members: Index) -> Iterator[Index]:
        """Positions in ``members``, sorted by length of the token, cut where a tile is full."""
        order = np.argsort(self.length[members], kind="stable")
        full = np.cumsum(self.length[members][order]) // TILE
        yield from np.split(order, np.flatnonzero(np.diff(full)) + 1)

    def _rows(self, tokens: Index) -> tuple[NDArray[Any], Index]:
        """Frames of tokens one after the other, and the first row of each token."""
        length = self.length[tokens]
        ends = np.cumsum(length)
        begin = ends - length
        at = np.arange(ends[-1]) + np.repeat(self.first[tokens] - begin, length)
        return self._of(at), begin

    def _warp(self, left: tuple[NDArray[Any], Index], rows: Index, columns: Index) -> tuple[Array, Array]:
        """Distances (rows, columns) with the row and with the column as first; columns sorted by length."""
        length, size = np.unique(self.length[columns], return_counts=True)
        ends = np.cumsum(size)
        at = [
            (self.first[columns[end - many : end]] + np.arange(frames)[:, None]).ravel()
            for end, many, frames in zip(ends, size, length, strict=True)
        ]
        lattice = self._lattice(left[0], self._of(np.concatenate(at)))
        if len(length) == 1 == length[0] and (self.length[rows] == 1).all():
            return lattice, lattice
        group_first = np.cumsum(length * size) - length * size
        forward = np.empty((len(rows), len(columns)))
        backward = np.empty_like(forward)
        warp(lattice, left[1], self.length[rows], group_first, length, size, forward, backward)
        return forward, backward

    def _of(self, at: Index) -> NDArray[Any]:
        """What the lattice needs of frames: unit vectors, or codes."""
        return self._unit(at) if self._codes is None else self._codes[at]

    def _unit(self, at: Index) -> Array:
        unit = self._frames[at].astype(np.float64)
        unit *= self._scale[at, None]
        if self._zero.size:
            unit[np.isin(at, self._zero)] = unit.shape[1] ** -0.5
        return unit

    def _lattice(self, left: NDArray[Any], right: NDArray[Any]) -> Array:
        if self._table is not None:
            found: Array = self._table[left[:, None], right]
            return found
        if self._codes is not None:
            return np.asarray(left[:, None] != right, np.float64)
        lattice: Array = left @ right.T
        angles(lattice)
        return lattice


def _codes(frames: NDArray[Any]) -> tuple[Index, Index] | None:
    """Number of each frame among the different ones, and where each of these is; None if they are many."""
    seen: dict[bytes, int] = {}
    codes = np.empty(len(frames), np.int64)
    examples: list[int] = []
    for at, frame in enumerate(frames):
        code = seen.setdefault(frame.tobytes(), len(seen))
        if code == len(examples):
            examples.append(at)
        if len(seen) > MOST_CODES:
            return None
        codes[at] = code
    return codes, np.array(examples, np.int64)
