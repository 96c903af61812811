"""The feature store of one model: a Zarr v3 group of plain arrays.

``frames/<layer>`` (frames, dim) with ``offsets/<layer>`` (utterances + 1), ``phones/<layer>`` and
``words/<layer>`` (segments, dim), ``utterances/<layer>`` (utterances, dim). The group's attributes say what
they are: see :class:`StoreHeader`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray

from layerwise.errors import StoreError
from layerwise.features.source import SegmentKind

FORMAT = 1
GROUPS: dict[SegmentKind, str] = {"phone": "phones", "word": "words"}
ARRAY_GROUPS = ("frames", *GROUPS.values(), "utterances")  # of each layer, in this order


@dataclass(frozen=True)
class StoredLayer:
    """A layer as stored: strides and centres in seconds as exact fractions ("1/50").

    ``dtype`` is its own number format; empty: that of the store.
    """

    name: str
    dim: int
    stride: str
    first_centre: str
    meaning: str
    dtype: str = ""


@dataclass(frozen=True)
class StoreHeader:
    """Attributes of a store."""

    model: str
    source: str
    revision: str | None
    dtype: str
    layers: tuple[StoredLayer, ...]
    frame_utterances: tuple[str, ...]
    mean_utterances: tuple[str, ...]
    provenance: dict[str, Any]
    format: int = FORMAT

    def to_attributes(self) -> dict[str, Any]:
        """Return the header as JSON-like attributes."""
        return asdict(self)

    @classmethod
    def from_attributes(cls, attributes: dict[str, Any]) -> "StoreHeader":
        """Return the header of a group's attributes."""
        layers = tuple(StoredLayer(**layer) for layer in attributes["layers"])
        frame_utterances = tuple(attributes["frame_utterances"])
        mean_utterances = tuple(attributes["mean_utterances"])
        lists = {"layers": layers, "frame_utterances": frame_utterances, "mean_utterances": mean_utterances}
        return cls(**{**attributes, **lists})


class FeatureStore:
    """Read access to a store; implements :class:`layerwise.features.source.FeatureSource`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._group = zarr.open_group(self.path, mode="r")
            self.header = StoreHeader.from_attributes(self._group.attrs.asdict())
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"{self.path}: missing or not a feature store ({error}); extract the features again"
            ) from error
        if self.header.format != FORMAT:
            raise StoreError(
                f"{self.path}: store format {self.header.format}, this version reads {FORMAT}; extract again"
            )
        self._layers = {layer.name: layer for layer in self.header.layers}
        self._frame_rows = {utt_id: i for i, utt_id in enumerate(self.header.frame_utterances)}
        self._mean_rows = {utt_id: i for i, utt_id in enumerate(self.header.mean_utterances)}

    @property
    def model(self) -> str:
        """Name of the model in the run's config."""
        return self.header.model

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the stored layers, from the input upwards."""
        return tuple(self._layers)

    @property
    def utterances(self) -> tuple[str, ...]:
        """Ids of the utterances whose frames are stored, in stored order."""
        return self.header.frame_utterances

    @property
    def mean_utterances(self) -> tuple[str, ...]:
        """Ids of the utterances whose mean frames are stored, in stored order."""
        return self.header.mean_utterances

    def stride(self, layer: str) -> Fraction:
        """Seconds between stored frames of a layer."""
        return Fraction(self._layer(layer).stride)

    def first_centre(self, layer: str) -> Fraction:
        """Seconds from the first sample to the centre of a layer's first stored frame."""
        return Fraction(self._layer(layer).first_centre)

    def dim(self, layer: str) -> int:
        """Number of dimensions of a layer."""
        return self._layer(layer).dim

    def frames(
        self, layer: str, utt_ids: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return frames (n, dim) of the given utterances (default: all) and offsets (len(utt_ids) + 1).

        Raises StoreError for an utterance whose frames are not stored.
        """
        rows = self.frame_offsets(layer, utt_ids)
        counts = rows[:, 1] - rows[:, 0]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        if utt_ids is None:
            return self._rows("frames", layer)[:], offsets
        wanted = np.arange(offsets[-1]) + np.repeat(rows[:, 0] - offsets[:-1], counts)
        return self._rows("frames", layer)[wanted], offsets

    def frame_offsets(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Return first and last-plus-one frame of each utterance in ``frames_view``: (len(utt_ids), 2).

        Default: the utterances of ``utterances``. Raises StoreError for an utterance whose frames are not
        stored.
        """
        array = self._array("offsets", layer)
        offsets = _read(self.path / "offsets" / layer, array, 0, len(self.utterances) + 1)
        bounds = np.stack([offsets[:-1], offsets[1:]], axis=1)
        return bounds if utt_ids is None else bounds[self._positions(self._frame_rows, utt_ids, "frames")]

    def frames_view(self, layer: str) -> "StoredRows":
        """Return the stored frames of a layer without reading them."""
        return self._rows("frames", layer)

    def segments(
        self, kind: SegmentKind, layer: str, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return pooled segments (len(rows), dim); phones: middle third, words: all frames."""
        stored = self._rows(GROUPS[kind], layer)
        return stored[:] if rows is None else stored[rows]

    def utterance_means(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return each utterance's mean over all its frames, (len(utt_ids), dim).

        Default: the utterances of ``utterances``; means of all utterances of the manifest are stored.
        """
        wanted = self.utterances if utt_ids is None else utt_ids
        rows = self._positions(self._mean_rows, wanted, "the mean")
        return self._rows("utterances", layer)[rows]

    def _layer(self, layer: str) -> StoredLayer:
        if layer not in self._layers:
            raise StoreError(f"{self.path}: no layer {layer!r}; stored layers: {', '.join(self._layers)}")
        return self._layers[layer]

    def _rows(self, group: str, layer: str) -> "StoredRows":
        return StoredRows(self.path / group / layer, self._array(group, layer))

    def _array(self, group: str, layer: str) -> "zarr.Array[Any]":
        self._layer(layer)
        try:
            return cast("zarr.Array[Any]", self._group[f"{group}/{layer}"])
        except (KeyError, ValueError, OSError) as error:
            raise StoreError(
                f"{self.path}: array {group}/{layer} is missing or damaged ({error}); "
                "extract the features again"
            ) from error

    def _positions(self, rows: dict[str, int], utt_ids: Sequence[str], what: str) -> NDArray[np.int64]:
        missing = [utt_id for utt_id in utt_ids if utt_id not in rows]
        if missing:
            raise StoreError(
                f"{self.path}: {what} of {len(missing)} utterances not stored, e.g. {missing[0]}; "
                "extract them or leave them out"
            )
        return np.array([rows[utt_id] for utt_id in utt_ids], dtype=np.int64)


class StoredRows:
    """Rows of one array of a store; implements :class:`layerwise.features.source.FrameView`."""

    def __init__(self, path: Path, array: "zarr.Array[Any]") -> None:
        self._path = path
        self._array = array
        self._shard = (array.shards or array.chunks)[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and dimensions."""
        rows, dim = self._array.shape
        return rows, dim

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the wanted rows (n, dim), and of the store no more than the chunks they lie in.

        An array of rows may be in any order and hold a row twice. Raises StoreError for rows that are not
        there and for chunks that do not match their checksum.
        """
        if isinstance(rows, slice):
            first, last, step = rows.indices(self.shape[0])
            if step == 1:
                return self._run(first, max(first, last))
            rows = np.arange(first, last, step, dtype=np.int64)
        return self._take(rows)

    def _run(self, first: int, last: int) -> NDArray[np.float32]:
        """Read consecutive rows, shard by shard."""
        out = np.empty((last - first, self.shape[1]), dtype=np.float32)
        start = first
        while start < last:
            stop = min(last, (start // self._shard + 1) * self._shard)
            out[start - first : stop - first] = _read(self._path, self._array, start, stop)
            start = stop
        return out

    def _take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read rows in any order, each needed run of chunks once."""
        total, dim = self.shape
        if len(rows) and (rows.min() < 0 or rows.max() >= total):
            raise StoreError(f"{self._path}: rows outside 0..{total - 1} wanted; extract again")
        out = np.empty((len(rows), dim), dtype=np.float32)
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        chunks = ordered // self._array.chunks[0]
        breaks = np.flatnonzero((np.diff(chunks) > 1) | (np.diff(ordered // self._shard) > 0)) + 1
        for part in np.split(np.arange(len(rows)), breaks) if len(rows) else []:
            first, last = int(ordered[part[0]]), int(ordered[part[-1]]) + 1
            out[order[part]] = _read(self._path, self._array, first, last)[ordered[part] - first]
        return out


def _read(path: Path, array: "zarr.Array[Any]", first: int, last: int) -> NDArray[Any]:
    """Read rows of one shard of the array at ``path``."""
    shard = first // (array.shards or array.chunks)[0]
    file = path.joinpath("c", str(shard), *["0"] * (array.ndim - 1))
    try:
        if not file.stat().st_size:  # zarr takes a missing or empty file for zeros
            raise ValueError("the file is empty")
        return np.asarray(array[first:last])
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreError(
            f"{file}: rows {first} to {last - 1} cannot be read ({error}); `snakemake verify` names what "
            "is damaged; delete the store's digest.json and run again to rebuild it"
        ) from error
