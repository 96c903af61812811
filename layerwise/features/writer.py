"""Write the arrays of a store, whole shards at a time, from rows that come in any order."""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import google_crc32c
import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import Crc32cCodec

from layerwise.errors import StoreError
from layerwise.features.store import StoreHeader

CHUNK_BYTES = 1_500_000
SHARD_CHUNKS = 64
CRC_BYTES = 4
EMPTY = np.iinfo(np.uint64).max  # index entry of a chunk that is not there


def create_store(
    path: Path, header: StoreHeader, dims: Mapping[str, int], shard_chunks: int = SHARD_CHUNKS
) -> None:
    """Create a store with an empty array (0, dim) for each name ``group/layer`` of ``dims``.

    Every chunk carries its CRC-32C, so that a flipped bit is an error when it is read.
    """
    group = zarr.open_group(path, mode="w-", zarr_format=3, attributes=header.to_attributes())
    own = {layer.name: layer.dtype or header.dtype for layer in header.layers}
    for name, dim in dims.items():
        dtype = own[name.partition("/")[2]]
        chunk_rows = max(1, CHUNK_BYTES // (dim * np.dtype(dtype).itemsize))
        group.create_array(
            name,
            shape=(0, dim),
            dtype=dtype,
            chunks=(chunk_rows, dim),
            shards=(chunk_rows * shard_chunks, dim),
            compressors=Crc32cCodec(),
            config={"write_empty_chunks": True},
        )


def shard_rows(store: Path, names: Iterable[str]) -> dict[str, int]:
    """Return how many rows make a shard, for arrays of a store."""
    group = zarr.open_group(store, mode="r")
    arrays = {name: cast("zarr.Array[Any]", group[name]) for name in names}
    return {name: (array.shards or array.chunks)[0] for name, array in arrays.items()}


def begin_at(store: Path, spool: Path, rows: Mapping[str, int]) -> None:
    """Leave room for the first ``rows`` of each array, which are stored elsewhere."""
    for name, size in shard_rows(store, rows).items():
        array = cast("zarr.Array[Any]", zarr.open_group(store, mode="r")[name])
        shard, rest = divmod(rows[name], size)
        if rest:
            path = spool / name / str(shard)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.truncate(rest * array.shape[1] * array.dtype.itemsize)


class StoreWriter:
    """Fills the arrays of a store; memory does not grow with it.

    Rows wait in spool files of one shard each. Shards are written once, from rows that ``sync`` has made
    durable only, so a killed writer loses at most what it wrote after the last ``sync``.
    """

    def __init__(
        self,
        store: Path,
        spool: Path,
        rows: Mapping[str, int],
        *,
        more: bool = False,
        linked: Mapping[str, Collection[int]] = {},
    ) -> None:
        """Open a created store whose arrays have ``rows`` durable rows, and forget all later ones.

        With ``more`` some of the later ones are durable as well and stay, up to the next `flush`.
        ``linked`` shards of an array are whole already: what is written to them is passed over.
        Raises StoreError if durable rows are missing.
        """
        for leftover in store.rglob("*.partial"):  # files are written aside under such names
            leftover.unlink()
        self._group = zarr.open_group(store, mode="r+")
        self._arrays = {
            name: _Rows(
                cast("zarr.Array[Any]", self._group[name]),
                store / name,
                spool / name,
                count,
                more,
                frozenset(linked.get(name, ())),
            )
            for name, count in rows.items()
        }

    def needs(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of these rows of an array are in no linked shard."""
        return self._arrays[name].needs(rows)

    def write(self, name: str, first: int, rows: NDArray[Any]) -> None:
        """Write rows (n, dim) of an array, the first of them row ``first``."""
        self._arrays[name].write(first, rows)

    def holds(self, name: str, first: int, count: int) -> bool:
        """Return whether the spool files of an array reach over ``count`` rows from row ``first``."""
        return self._arrays[name].holds(first, count)

    def sync(self) -> None:
        """Make all written rows durable."""
        for array in self._arrays.values():
            array.sync()

    def flush(self, rows: Mapping[str, int]) -> None:
        """Write the shards that are full now that the arrays have so many durable rows."""
        for name, count in rows.items():
            self._arrays[name].flush(count)

    def finish(self, rows: Mapping[str, int], tables: Mapping[str, NDArray[Any]]) -> None:
        """Write the last shards and the small arrays of ``tables``."""
        for name, count in rows.items():
            self._arrays[name].finish(count)
        for name, values in tables.items():
            array = self._group.create_array(
                name,
                shape=values.shape,
                dtype=values.dtype,
                chunks=tuple(max(1, length) for length in values.shape),
                compressors=Crc32cCodec(),
                config={"write_empty_chunks": True},
                overwrite=True,
            )
            array[:] = values


class _Rows:
    """One growing array and its spool files, numbered like its shards."""

    def __init__(
        self,
        array: "zarr.Array[Any]",
        folder: Path,
        spool: Path,
        rows: int,
        more: bool,
        linked: frozenset[int],
    ) -> None:
        self._array = array
        self._linked = linked
        self._folder = folder
        self._spool = spool
        self._shard_rows = (array.shards or array.chunks)[0]
        self._dirty: set[Path] = set()
        spool.mkdir(parents=True, exist_ok=True)
        self._rewind(rows, more)
        self.flush(rows)

    def _rewind(self, rows: int, more: bool) -> None:
        shard, rest = divmod(rows, self._shard_rows)
        current, size = self._file(shard), rest * self._row_bytes
        if shard not in self._linked and size > (current.stat().st_size if current.exists() else 0):
            raise StoreError(f"{current}: rows are missing; delete {self._spool.parents[2]} and run again")
        if more:
            return
        for path in self._spool.iterdir():
            if int(path.name) > shard:
                path.unlink()
        if current.exists():
            os.truncate(current, size)

    def write(self, first: int, rows: NDArray[Any]) -> None:
        while len(rows):
            shard, at = divmod(first, self._shard_rows)
            part = rows[: self._shard_rows - at]
            if shard not in self._linked:
                self._spool_rows(shard, at, part)
            first, rows = first + len(part), rows[len(part) :]

    def _spool_rows(self, shard: int, at: int, rows: NDArray[Any]) -> None:
        path = self._file(shard)
        with path.open("r+b" if path.exists() else "wb") as stream:
            stream.seek(at * self._row_bytes)
            stream.write(np.ascontiguousarray(rows).data)
        self._dirty.add(path)

    def needs(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return ~np.isin(rows // self._shard_rows, list(self._linked))

    def holds(self, first: int, count: int) -> bool:
        while count:
            shard, at = divmod(first, self._shard_rows)
            part = min(count, self._shard_rows - at)
            path = self._file(shard)
            there = path.stat().st_size if path.exists() else 0
            if shard not in self._linked and there < (at + part) * self._row_bytes:
                return False
            first, count = first + part, count - part
        return True

    def sync(self) -> None:
        for path in self._dirty:
            _fsync(path)
        self._dirty.clear()

    def flush(self, rows: int) -> None:
        full = rows // self._shard_rows
        for shard in sorted(int(path.name) for path in self._spool.iterdir() if int(path.name) < full):
            self._write_shard(shard, self._shard_rows)
            self._file(shard).unlink()

    def finish(self, rows: int) -> None:
        shard, rest = divmod(rows, self._shard_rows)
        if rest and shard not in self._linked:
            self._write_shard(shard, rest)
        self._grow(rows)

    def _write_shard(self, shard: int, count: int) -> None:
        """Copy a spool file into a shard chunk by chunk, in the layout of Zarr's sharding codec.

        Each chunk is followed by its CRC-32C; at the end comes the index, (offset, size) of each chunk, all
        ones for those after the array's end, and its CRC-32C. Zarr itself would hold three copies of the
        shard in memory.
        """
        first = shard * self._shard_rows
        self._grow(first + count)
        chunk_bytes = self._array.chunks[0] * self._row_bytes
        index = np.full((self._shard_rows // self._array.chunks[0], 2), EMPTY, dtype="<u8")
        target = self._folder / "c" / str(shard) / "0"
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name("0.partial")
        with self._file(shard).open("rb") as spool, aside.open("wb") as stream:
            for chunk in range(-(-count // self._array.chunks[0])):
                content = spool.read(min(chunk_bytes, count * self._row_bytes - spool.tell()))
                content = content.ljust(chunk_bytes, b"\0")
                index[chunk] = stream.tell(), chunk_bytes + CRC_BYTES
                stream.write(content + _crc(content))
            stream.write(index.tobytes() + _crc(index.tobytes()))
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(target)

    def _grow(self, rows: int) -> None:
        there, dim = self._array.shape
        if there < rows:
            self._array.resize((rows, dim))

    def _file(self, shard: int) -> Path:
        return self._spool / str(shard)

    @property
    def _row_bytes(self) -> int:
        return int(self._array.shape[1] * self._array.dtype.itemsize)


def _crc(content: bytes) -> bytes:
    return int(google_crc32c.value(content)).to_bytes(CRC_BYTES, "little")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
