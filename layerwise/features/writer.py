"""Append rows to the arrays of a store, whole shards at a time."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from layerwise.features.store import StoreHeader

CHUNK_BYTES = 1_500_000
SHARD_CHUNKS = 64
SPOOL = ".spool"


class StoreWriter:
    """Writes a new store row by row; memory does not grow with it.

    Rows gather in memory-mapped spool files of one shard per array until a shard is full and written
    once. Use as a context manager: a store is complete only after the block ended without an error.
    """

    def __init__(self, path: Path, header: StoreHeader, shard_chunks: int = SHARD_CHUNKS) -> None:
        self._group = zarr.open_group(path, mode="w-", zarr_format=3, attributes=header.to_attributes())
        self._spool = path / SPOOL
        self._spool.mkdir()
        self._shard_chunks = shard_chunks
        self._arrays: dict[str, _Appender] = {}

    def create(self, name: str, dim: int, dtype: str) -> None:
        """Create the empty array ``group/layer`` (0, dim)."""
        spool = self._spool / f"{len(self._arrays)}.bin"
        self._arrays[name] = _Appender(self._group, name, dim, np.dtype(dtype), spool, self._shard_chunks)

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Append rows (n, dim) to an array."""
        self._arrays[name].append(rows)

    def put(self, name: str, values: NDArray[Any]) -> None:
        """Write a small array whole."""
        array = self._group.create_array(name, shape=values.shape, dtype=values.dtype, compressors=None)
        array[:] = values

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for array in self._arrays.values():
                array.close()
            self._spool.rmdir()


class _Appender:
    """One growing array and its spool file."""

    def __init__(
        self, group: zarr.Group, name: str, dim: int, dtype: np.dtype[Any], spool: Path, shard_chunks: int
    ) -> None:
        chunk_rows = max(1, CHUNK_BYTES // (dim * dtype.itemsize))
        self._array = group.create_array(
            name,
            shape=(0, dim),
            dtype=dtype,
            chunks=(chunk_rows, dim),
            shards=(chunk_rows * shard_chunks, dim),
            compressors=None,
            config={"write_empty_chunks": True},
        )
        self._path = spool
        self._buffer = np.memmap(spool, dtype=dtype, mode="w+", shape=(chunk_rows * shard_chunks, dim))
        self._filled = 0

    def append(self, rows: NDArray[Any]) -> None:
        while len(rows):
            count = min(len(rows), len(self._buffer) - self._filled)
            self._buffer[self._filled : self._filled + count] = rows[:count]
            self._filled += count
            rows = rows[count:]
            if self._filled == len(self._buffer):
                self._flush()

    def _flush(self) -> None:
        if self._filled:
            self._array.append(np.asarray(self._buffer[: self._filled]))
            self._filled = 0

    def close(self) -> None:
        self._flush()
        del self._buffer
        self._path.unlink()
