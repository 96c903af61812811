"""Rows that are carried over from other stores: whole shards by a link, the others one by one."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray

from layerwise.features.encode import LayerOverflowError
from layerwise.features.held import Held, Place, spans
from layerwise.features.plan import Plan, PlannedUtterance
from layerwise.features.reuse import Carried, link_file
from layerwise.features.source import SegmentKind
from layerwise.features.store import GROUPS
from layerwise.features.writer import StoreWriter
from layerwise.files import write_json

PIECE_ROWS = 8192
KINDS: dict[str, SegmentKind] = {group: kind for kind, group in GROUPS.items()}


class Given(NamedTuple):
    """An utterance that a store holds."""

    held: Held
    place: Place


class Carrier:
    """What other stores hold of a plan, and how it gets into the store in the making."""

    def __init__(self, plan: Plan, stores: Sequence[tuple[Held, Carried]]) -> None:
        self.plan = plan
        self.given: dict[str, Given] = {}
        self._runs: dict[tuple[object, ...], Any] = {}
        self.stores = [carried for _, carried in stores]
        for utterance in plan.utterances:
            for held, _ in stores:
                if place := held.place(utterance):
                    self.given[utterance.utt_id] = Given(held, place)
                    break

    def samples(self, utterance: PlannedUtterance) -> int | None:
        """Return the length of an utterance that is carried over, in samples at 16 kHz as encoded."""
        given = self.given.get(utterance.utt_id)
        return None if given is None else int(given.held.samples[given.place.number])

    def link(self, store: Path, shard_rows: dict[str, int], note: Path) -> None:
        """Link the shards whose rows lie in a whole shard of one other store, and note which they are."""
        linked: dict[str, list[int]] = {}
        for array, size in shard_rows.items() if self.given else ():
            for shard, held in self._whole_shards(array, size):
                source = held.path / array / "c" / str(shard) / "0"
                link_file(source, store / array / "c" / str(shard) / "0")
                linked.setdefault(array, []).append(shard)
        write_json(linked, note)

    def copy(
        self, output: StoreWriter, utterances: Sequence[PlannedUtterance], first: NDArray[np.int64]
    ) -> None:
        """Write the rows of utterances of which ``first`` (utterances, arrays) are the first rows.

        Raises LayerOverflowError for a value that the layer's number format does not hold.
        """
        for column, array in enumerate(self.plan.dims):
            for held in {given.held for given in map(self._given, utterances)}:
                pairs = [
                    (self._rows(array, utterance), int(first[row, column]))
                    for row, utterance in enumerate(utterances)
                    if self._given(utterance).held is held
                ]
                sources = np.concatenate([rows for rows, _ in pairs])
                targets = np.concatenate([np.arange(at, at + len(rows)) for rows, at in pairs])
                wanted = output.needs(array, targets)
                self._copy_rows(output, array, held, sources[wanted], targets[wanted])

    def _copy_rows(
        self,
        output: StoreWriter,
        array: str,
        held: Held,
        sources: NDArray[np.int64],
        targets: NDArray[np.int64],
    ) -> None:
        layer = array.partition("/")[2]
        dtype = np.dtype(str(self.plan.dtype_of(array)).removeprefix("torch."))
        for start in range(0, len(sources), PIECE_ROWS):
            with np.errstate(over="ignore"):
                rows = held.rows(array)[sources[start : start + PIECE_ROWS]].astype(dtype)
            if not np.isfinite(rows).all():
                raise LayerOverflowError(f"{held.path}, layer {layer}: a value overflows {dtype}", layer)
            piece = targets[start : start + PIECE_ROWS]
            for begin, end in spans(piece):
                output.write(array, int(piece[begin]), rows[begin:end])

    def _given(self, utterance: PlannedUtterance) -> Given:
        return self.given[utterance.utt_id]

    def _rows(self, array: str, utterance: PlannedUtterance) -> NDArray[np.int64]:
        """Return the numbers of an utterance's rows in the store that holds it."""
        held, place = self._given(utterance)
        group, _, layer = array.partition("/")
        if group in KINDS:
            return place.segments[KINDS[group]] + held.first_rows[array]
        if group == "utterances":
            return np.array([place.number + held.first_rows[array]])
        if place.frames is None:
            return np.empty(0, dtype=np.int64)
        first, end = held.offsets(layer)[place.frames : place.frames + 2]
        return np.arange(first, end)

    def _whole_shards(self, array: str, size: int) -> list[tuple[int, Held]]:
        """Return the shards of ``size`` rows that another store has with the same rows in the same place."""
        group, _, layer = array.partition("/")
        key = (group, *(self._pace(layer) if group == "frames" else ()))
        if key not in self._runs:
            self._runs[key] = self._runs_of(array)
        begins, ends, keepers, whole = self._runs[key]
        start, total = self.plan.first_rows[array], int(ends[-1]) if len(ends) else 0
        found = []
        for shard in range(-(-start // size), -(-total // size)):
            first, last = shard * size, min((shard + 1) * size, total)
            if last < first + size and not whole:
                continue  # rows may follow whose number is not known yet
            low, high = np.searchsorted(ends, first, "right"), np.searchsorted(begins, last, "left")
            held, *others = set(keepers[low:high])
            if held and not others and self._same_shard(held.array(array), array, size, last):
                found.append((shard, held))
        return found

    def _runs_of(self, array: str) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Held | None], bool]:
        """Return first row and end of each utterance that adds rows, who has them under the same numbers.

        Last, whether these are all: rows of an utterance whose length is not known yet end them.
        """
        counts, whole = self._counts(array)
        begins = self.plan.first_rows[array] + np.cumsum(counts) - counts
        some = np.flatnonzero(counts)
        keepers = [
            self._keeper(array, self.plan.utterances[at], begins[at], counts[at]) for at in some.tolist()
        ]
        return begins[some], begins[some] + counts[some], keepers, whole

    def _pace(self, layer: str) -> tuple[object, ...]:
        """What the number of a layer's frames depends on."""
        return (self.plan.model.grid(layer), *self.plan.kernel(layer))

    def _same_shard(self, theirs: "zarr.Array[Any]", array: str, size: int, last: int) -> bool:
        """Return whether a store's shard that ends at row ``last`` here has the same form and end there."""
        here = str(self.plan.dtype_of(array)).removeprefix("torch.")
        end = min(-(-last // size) * size, theirs.shape[0])
        return (theirs.shards or theirs.chunks)[0] == size and str(theirs.dtype) == here and end == last

    def _keeper(self, array: str, utterance: PlannedUtterance, begin: int, count: int) -> Held | None:
        """Return the store that has the rows of an utterance under the same numbers."""
        if utterance.utt_id not in self.given:
            return None
        rows = self._rows(array, utterance)
        same = rows[0] == begin and rows[-1] == begin + count - 1 and len(rows) == count
        return self._given(utterance).held if same and bool((np.diff(rows) == 1).all()) else None

    def _counts(self, array: str) -> tuple[NDArray[np.int64], bool]:
        """Return how many rows each utterance adds, up to the first of unknown length; if none is."""
        group, _, layer = array.partition("/")
        if group in KINDS:
            return np.array([len(each.segments[KINDS[group]]) for each in self.plan.utterances]), True
        if group == "utterances":
            return np.ones(len(self.plan.utterances), dtype=np.int64), True
        counts: list[int] = []
        for utterance, samples in zip(self.plan.utterances, self._lengths, strict=True):
            if samples is None and utterance.store_frames:
                return np.array(counts, dtype=np.int64), False
            counts.append(self.plan.frames(layer, samples) if samples and utterance.store_frames else 0)
        return np.array(counts, dtype=np.int64), True

    @cached_property
    def _lengths(self) -> list[int | None]:
        known = (self.samples(utterance) for utterance in self.plan.utterances)
        return [
            samples or utterance.samples
            for samples, utterance in zip(known, self.plan.utterances, strict=True)
        ]


def noted_links(note: Path) -> dict[str, list[int]]:
    """Return the shards of each array that `Carrier.link` linked."""
    links: dict[str, list[int]] = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    return links


def silence(samples: int) -> NDArray[np.float32]:
    """A waveform of a length, for an utterance that is not encoded: it takes no memory."""
    return np.broadcast_to(np.float32(0), (samples,))
