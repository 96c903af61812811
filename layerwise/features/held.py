"""What another store holds already, by utterance, and whether it is what a plan wants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray

from layerwise.errors import StoreError
from layerwise.features.plan import UNKNOWN, PlannedUtterance
from layerwise.features.source import SegmentKind
from layerwise.features.store import ARRAY_GROUPS, GROUPS, FeatureStore, StoredRows, StoreHeader

# What a header says of the choice of utterances and segments; all else is what an encoding depends on.
OF_THE_CHOICE = ("selection", "segments")


@dataclass(frozen=True)
class Place:
    """Where a store holds an utterance: its number, that of its frames, and the rows of wanted segments."""

    number: int
    frames: int | None
    segments: dict[SegmentKind, NDArray[np.int64]]


class Held:
    """A finished store, opened to see what it holds. Raises StoreError if it cannot be read as one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._group = zarr.open_group(path, mode="r")
            self.header = StoreHeader.from_attributes(self._group.attrs.asdict())
            self._sha256 = self._table("encoded/sha256")
            self.samples = self._table("encoded/samples")
            self._bounds = {kind: self._table(f"encoded/{group}") for kind, group in GROUPS.items()}
            first_rows = self._table("encoded/first_rows").tolist()
            counts = {kind: self._table(f"encoded/{group}_counts") for kind, group in GROUPS.items()}
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StoreError(f"{path}: not a store to carry over from ({error})") from error
        self._ends = {kind: np.concatenate([[0], np.cumsum(count)]) for kind, count in counts.items()}
        self._numbers = {utt_id: number for number, utt_id in enumerate(self.header.mean_utterances)}
        names = [f"{group}/{layer.name}" for layer in self.header.layers for group in ARRAY_GROUPS]
        self.first_rows: dict[str, int] = dict(zip(names, first_rows, strict=True))
        self._frames = {utt_id: number for number, utt_id in enumerate(self.header.frame_utterances)}

    def place(self, utterance: PlannedUtterance) -> Place | None:
        """Return where all rows of an utterance are; None if one is missing or the audio is another."""
        number = self._numbers.get(utterance.utt_id)
        if number is None or utterance.sha256 in ("", UNKNOWN):
            return None
        frames = self._frames.get(utterance.utt_id)
        if self._sha256[number].tobytes().hex() != utterance.sha256:
            return None
        if utterance.store_frames and frames is None:
            return None
        segments: dict[SegmentKind, NDArray[np.int64]] = {}
        for kind, wanted in utterance.segments.items():
            first, last = self._ends[kind][number : number + 2]
            rows = {tuple(bound): row for row, bound in enumerate(self._bounds[kind][first:last], int(first))}
            if not all(bound in rows for bound in wanted):
                return None
            segments[kind] = np.array([rows[bound] for bound in wanted], dtype=np.int64)
        return Place(number, frames if utterance.store_frames else None, segments)

    def array(self, name: str) -> "zarr.Array[Any]":
        """Return an array ``group/layer``."""
        return cast("zarr.Array[Any]", self._group[name])

    def rows(self, name: str) -> StoredRows:
        """Return the rows of an array ``group/layer``, to be read on demand."""
        return StoredRows(self.path / name, self.array(name))

    def offsets(self, layer: str) -> NDArray[np.int64]:
        """Return the first frame of each utterance whose frames are stored, and the end of the last."""
        return self._offsets[layer]

    @cached_property
    def _offsets(self) -> dict[str, NDArray[np.int64]]:
        return {layer.name: self._table(f"offsets/{layer.name}") for layer in self.header.layers}

    def _table(self, name: str) -> NDArray[Any]:
        return np.asarray(self.array(name)[:])


def fits(path: Path, header: StoreHeader) -> bool:
    """Return whether a store's values are those that an extraction with this header would store.

    Model, files, code, environment, device and precision must be the same, and layers be there in a number
    format that is not coarser; the name of the model and the choice of utterances may differ. Raises
    StoreError: it is no store.
    """
    there = FeatureStore(path).header
    held = {layer.name: replace(layer, dtype=layer.dtype or there.dtype) for layer in there.layers}
    wanted = [replace(layer, dtype=layer.dtype or header.dtype) for layer in header.layers]
    return _made_from(there) == _made_from(header) and all(
        held.get(layer.name) in (layer, replace(layer, dtype="float32")) for layer in wanted
    )


def _made_from(header: StoreHeader) -> tuple[Any, ...]:
    provenance = {key: value for key, value in header.provenance.items() if key not in OF_THE_CHOICE}
    return header.format, header.source, header.revision, provenance


def spans(rows: Sequence[int] | NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut row numbers into runs of consecutive ones; return first and end of each, as positions."""
    breaks = np.flatnonzero(np.diff(np.asarray(rows, dtype=np.int64)) != 1) + 1
    edges = [0, *breaks.tolist(), len(rows)]
    return [(first, end) for first, end in pairwise(edges) if end > first]
