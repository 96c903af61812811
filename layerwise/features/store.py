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


@dataclass(frozen=True)
class StoredLayer:
    """A layer as stored: strides and centres in seconds as exact fractions ("1/50")."""

    name: str
    dim: int
    stride: str
    first_centre: str
    meaning: str


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
        wanted = None
        if utt_ids is not None:
            wanted = np.arange(offsets[-1]) + np.repeat(rows[:, 0] - offsets[:-1], counts)
        return _take(self._array("frames", layer), wanted), offsets

    def frame_offsets(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Return first and last-plus-one frame of each utterance in ``frames_view``: (len(utt_ids), 2).

        Default: the utterances of ``utterances``. Raises StoreError for an utterance whose frames are not
        stored.
        """
        offsets = np.asarray(self._array("offsets", layer)[:], dtype=np.int64)
        bounds = np.stack([offsets[:-1], offsets[1:]], axis=1)
        return bounds if utt_ids is None else bounds[self._positions(self._frame_rows, utt_ids, "frames")]

    def frames_view(self, layer: str) -> "StoredFrames":
        """Return the stored frames of a layer without reading them."""
        return StoredFrames(self._array("frames", layer))

    def segments(
        self, kind: SegmentKind, layer: str, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return pooled segments (len(rows), dim); phones: middle third, words: all frames."""
        return _take(self._array(GROUPS[kind], layer), rows)

    def utterance_means(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return each utterance's mean over all its frames, (len(utt_ids), dim).

        Default: the utterances of ``utterances``; means of all utterances of the manifest are stored.
        """
        wanted = self.utterances if utt_ids is None else utt_ids
        rows = self._positions(self._mean_rows, wanted, "the mean")
        return _take(self._array("utterances", layer), rows)

    def _layer(self, layer: str) -> StoredLayer:
        if layer not in self._layers:
            raise StoreError(f"{self.path}: no layer {layer!r}; stored layers: {', '.join(self._layers)}")
        return self._layers[layer]

    def _array(self, group: str, layer: str) -> "zarr.Array[Any]":
        self._layer(layer)
        try:
            return cast("zarr.Array[Any]", self._group[f"{group}/{layer}"])
        except KeyError as error:
            raise StoreError(
                f"{self.path}: array {group}/{layer} is missing; extract the features again"
            ) from error

    def _positions(self, rows: dict[str, int], utt_ids: Sequence[str], what: str) -> NDArray[np.int64]:
        missing = [utt_id for utt_id in utt_ids if utt_id not in rows]
        if missing:
            raise StoreError(
                f"{self.path}: {what} of {len(missing)} utterances not stored, e.g. {missing[0]}; "
                "extract them or leave them out"
            )
        return np.array([rows[utt_id] for utt_id in utt_ids], dtype=np.int64)


class StoredFrames:
    """The stored frames of one layer; implements :class:`layerwise.features.source.FrameView`."""

    def __init__(self, array: "zarr.Array[Any]") -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, int]:
        """Number of stored frames and dimensions."""
        frames, dim = self._array.shape
        return frames, dim

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the wanted rows (n, dim), and of the store no more than the chunks they lie in.

        An array of rows may be in any order and hold a row twice. Raises StoreError for rows that are not
        there.
        """
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(self.shape[0]), dtype=np.int64)
        return _take(self._array, rows)


def _take(array: "zarr.Array[Any]", rows: NDArray[np.int64] | None) -> NDArray[np.float32]:
    """Return rows of a stored array as float32, reading each needed run of chunks once, shard by shard."""
    total, dim = array.shape
    if rows is not None and len(rows) and (rows.min() < 0 or rows.max() >= total):
        raise StoreError(f"{array.store_path}: rows outside 0..{total - 1} wanted; extract again")
    size = total if rows is None else len(rows)
    out = np.empty((size, dim), dtype=np.float32)
    shard = (array.shards or array.chunks)[0]
    if rows is None:
        for start in range(0, total, shard):
            out[start : start + shard] = array[start : min(start + shard, total)]
        return out
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    chunks = ordered // array.chunks[0]
    breaks = np.flatnonzero((np.diff(chunks) > 1) | (np.diff(ordered // shard) > 0)) + 1
    for part in np.split(np.arange(size), breaks) if size else []:
        first, last = ordered[part[0]], ordered[part[-1]] + 1
        out[order[part]] = np.asarray(array[int(first) : int(last)])[ordered[part] - first]
    return out
