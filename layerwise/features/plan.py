"""What an extraction writes: utterances, arrays, and how many rows each utterance adds to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import StoreError
from layerwise.features.pooling import averaged_frames, grid_10ms
from layerwise.features.source import SegmentKind
from layerwise.features.store import ARRAY_GROUPS, GROUPS, StoredLayer, StoreHeader
from layerwise.layers import is_conv
from layerwise.models.base import SpeechModel

UNKNOWN = "00" * 32  # in place of a SHA-256


@dataclass(frozen=True)
class PlannedUtterance:
    """What to compute for one utterance: its segments in seconds, and whether its frames are stored.

    ``samples`` is its length at 16 kHz, None where that is known once it has been resampled; ``sha256`` that
    of its audio, empty where it is not known.
    """

    utt_id: str
    audio_path: str
    seconds: float
    segments: dict[SegmentKind, list[tuple[float, float]]]
    store_frames: bool
    samples: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Plan:
    """What stays the same for all utterances of an extraction.

    ``only`` these layers are stored (None: all), those of ``wide`` as float32 whatever ``dtype`` is.
    ``before`` are the utterances, in stored order, whose rows come first and are stored elsewhere.
    """

    model: SpeechModel
    name: str
    dtype: torch.dtype
    utterances: Sequence[PlannedUtterance]
    only: Sequence[str] | None = None
    wide: frozenset[str] = frozenset()
    before: Sequence[PlannedUtterance] = ()

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Layers that are stored, from the input upwards."""
        return tuple(layer for layer in self.model.layers if self.only is None or layer in self.only)

    @cached_property
    def dims(self) -> dict[str, int]:
        """Dimensions of each array ``group/layer``; ``rows`` counts in this order."""
        return {f"{group}/{layer}": self.model.dim(layer) for layer in self.layers for group in ARRAY_GROUPS}

    def dtype_of(self, array: str) -> torch.dtype:
        """Return the number format of an array ``group/layer``."""
        return torch.float32 if array.partition("/")[2] in self.wide else self.dtype

    def kernel(self, layer: str) -> tuple[int, int]:
        """Return the (kernel, stride) that average a layer for storage; (1, 1): stored as it is."""
        grid = self.model.grid(layer)
        return grid_10ms(grid.stride, grid.receptive_field) if is_conv(layer) else (1, 1)

    def frames(self, layer: str, samples: int) -> int:
        """Return how many frames of a layer are stored for a waveform of that many samples."""
        return averaged_frames(self.model.num_frames(samples, layer), *self.kernel(layer))

    def rows(self, utterance: PlannedUtterance, samples: int) -> NDArray[np.int64]:
        """Return how many rows an utterance of that many samples adds to each array of ``dims``."""
        segments = [len(utterance.segments[kind]) for kind in GROUPS]
        counts = [
            count
            for layer in self.layers
            for count in (self.frames(layer, samples) if utterance.store_frames else 0, *segments, 1)
        ]
        return np.array(counts, dtype=np.int64)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Number of the first row (arrays,) of each array of ``dims``; 0 if nothing comes before.

        Of an utterance that must be resampled, the length is reckoned, and may be one sample off.
        """
        rows = np.zeros(len(self.dims), dtype=np.int64)
        for utterance in self.before:
            rows += self.rows(utterance, utterance.samples or round(utterance.seconds * SAMPLE_RATE))
        return rows

    @cached_property
    def first_rows(self) -> dict[str, int]:
        """``first`` by array."""
        return dict(zip(self.dims, self.first.tolist(), strict=True))

    def offsets(self, samples: Sequence[int]) -> dict[str, NDArray[np.int64]]:
        """Return ``offsets/layer`` of the utterances whose frames are stored, given the samples of all."""
        stored = [
            count for utterance, count in zip(self.utterances, samples, strict=True) if utterance.store_frames
        ]
        return {
            f"offsets/{layer}": np.cumsum(
                [self.first_rows[f"frames/{layer}"], *(self.frames(layer, count) for count in stored)],
                dtype=np.int64,
            )
            for layer in self.layers
        }

    def tables(self, samples: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Return the small arrays of the store: offsets, and what was encoded, given the samples of all."""
        sha256 = bytes.fromhex("".join(utterance.sha256 or UNKNOWN for utterance in self.utterances))
        encoded: dict[str, NDArray[Any]] = {
            "encoded/sha256": np.frombuffer(sha256, dtype=np.uint8).reshape(-1, len(UNKNOWN) // 2),
            "encoded/samples": np.array(samples, dtype=np.int64),
            "encoded/first_rows": self.first,
        }
        for kind, group in GROUPS.items():
            bounds = [bound for utterance in self.utterances for bound in utterance.segments[kind]]
            counts = [len(utterance.segments[kind]) for utterance in self.utterances]
            encoded[f"encoded/{group}"] = np.array(bounds, dtype=np.float64).reshape(-1, 2)
            encoded[f"encoded/{group}_counts"] = np.array(counts, dtype=np.int64)
        return self.offsets(samples) | encoded

    def size(self) -> int:
        """Return about how many bytes the store will have."""
        row_bytes = np.array([dim * self.dtype_of(array).itemsize for array, dim in self.dims.items()])
        samples = [round(utterance.seconds * SAMPLE_RATE) for utterance in self.utterances]
        rows = map(self.rows, self.utterances, samples)
        return int(sum(row_bytes @ count for count in rows))

    def header(self, provenance: dict[str, Any]) -> StoreHeader:
        """Return the attributes of the store."""
        model = self.model
        layers = []
        for layer in self.layers:
            description = model.table[layer]
            kernel, step = self.kernel(layer)
            grid = description.grid
            centre = grid.first_centre + Fraction((kernel - 1) * grid.stride, 2)
            meaning = description.meaning
            if kernel > 1 or step > 1:
                meaning += (
                    f"; frames averaged over {kernel} every {step}, segments from the layer's own frames"
                )
            stride = Fraction(grid.stride * step, SAMPLE_RATE)
            own = "float32" if layer in self.wide else ""
            layers.append(
                StoredLayer(layer, description.dim, str(stride), str(centre / SAMPLE_RATE), meaning, own)
            )
        return StoreHeader(
            model=self.name,
            source=model.source,
            revision=model.revision,
            dtype=str(self.dtype).removeprefix("torch."),
            layers=tuple(layers),
            frame_utterances=tuple(
                utterance.utt_id for utterance in self.utterances if utterance.store_frames
            ),
            mean_utterances=tuple(utterance.utt_id for utterance in self.utterances),
            provenance=provenance,
        )


def plan_utterances(
    manifest: pd.DataFrame, segments: pd.DataFrame, frame_utterances: Sequence[str]
) -> list[PlannedUtterance]:
    """Return the utterances in stored order, each with its segments in the order of their rows.

    Raises StoreError if the tables are not sorted or do not belong together.
    """
    utt_ids = manifest["utt_id"].tolist()
    for what, wanted in (("segments", segments["utt_id"]), ("frame utterances", frame_utterances)):
        if unknown := sorted(set(wanted) - set(utt_ids)):
            raise StoreError(f"{what}: {len(unknown)} utterances are not in the manifest, e.g. {unknown[0]}")
    if (
        utt_ids != sorted(set(utt_ids))
        or not segments["utt_id"]
        .groupby(segments["kind"])
        .apply(lambda column: column.is_monotonic_increasing)
        .all()
    ):
        raise StoreError("manifest and segments must be sorted by utt_id, and utt_ids be unique")
    bounds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    columns = (segments[column] for column in ("utt_id", "kind", "start", "end"))
    for utt_id, kind, start, end in zip(*columns, strict=True):
        bounds.setdefault((utt_id, kind), []).append((float(start), float(end)))
    stored = set(frame_utterances)
    sha256 = manifest["sha256"] if "sha256" in manifest else [""] * len(manifest)
    audio = (manifest[column] for column in ("audio_path", "samples", "sample_rate"))
    return [
        PlannedUtterance(
            utt_id,
            audio_path,
            samples / rate,
            {kind: bounds.get((utt_id, kind), []) for kind in GROUPS},
            utt_id in stored,
            int(samples) if rate == SAMPLE_RATE else None,
            content,
        )
        for utt_id, audio_path, samples, rate, content in zip(utt_ids, *audio, sha256, strict=True)
    ]


def plan_blocks(utterances: Sequence[PlannedUtterance], seconds: float) -> Iterator[list[PlannedUtterance]]:
    """Yield the utterances in blocks of at most ``seconds`` (a longer utterance: one of its own)."""
    block: list[PlannedUtterance] = []
    filled = 0.0
    for utterance in utterances:
        if block and filled + utterance.seconds > seconds:
            yield block
            block, filled = [], 0.0
        block.append(utterance)
        filled += utterance.seconds
    if block:
        yield block


def plan_part(
    utterances: Sequence[PlannedUtterance], block_seconds: float, number: int, parts: int
) -> tuple[list[PlannedUtterance], list[PlannedUtterance]]:
    """Return the utterances before part ``number`` (from 0) of so many ``parts``, and those of the part.

    Parts are whole blocks, as equal in number as can be, so that batches are those of the whole; of more
    parts than blocks some are empty.
    """
    blocks = list(plan_blocks(utterances, block_seconds))
    first, end = number * len(blocks) // parts, (number + 1) * len(blocks) // parts
    return list(chain.from_iterable(blocks[:first])), list(chain.from_iterable(blocks[first:end]))
