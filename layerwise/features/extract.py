"""One forward pass per utterance for everything the analyses and tasks read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.errors import AudioError, ModelError, StoreError
from layerwise.features.batching import plan_batches
from layerwise.features.pooling import average, grid_10ms, pooling_weights
from layerwise.features.progress import progress
from layerwise.features.source import SegmentKind
from layerwise.features.store import GROUPS, StoredLayer, StoreHeader
from layerwise.features.writer import SHARD_CHUNKS, StoreWriter
from layerwise.files import write_aside
from layerwise.models.base import Activations, SpeechModel, Waveform

BATCH_SECONDS = 30.0
BLOCK_SECONDS = 300.0
DTYPES = {"float16": torch.float16, "float32": torch.float32}


@dataclass(frozen=True)
class Utterance:
    """What to compute for one utterance: its segments in seconds, and whether its frames are stored."""

    utt_id: str
    audio_path: str
    seconds: float
    segments: dict[SegmentKind, list[tuple[float, float]]]
    store_frames: bool


@dataclass(frozen=True)
class _Job:
    """What stays the same for all utterances of an extraction."""

    model: SpeechModel
    name: str
    dtype: torch.dtype
    batch_samples: int
    read: Callable[[str], Waveform]

    def kernel(self, layer: str) -> tuple[int, int]:
        grid = self.model.grid(layer)
        return grid_10ms(grid.stride, grid.receptive_field) if layer.startswith("C") else (1, 1)


def extract(
    model: SpeechModel,
    manifest: pd.DataFrame,
    segments: pd.DataFrame,
    frame_utterances: Sequence[str],
    store_path: Path | str,
    *,
    name: str,
    dtype: str = "float16",
    batch_seconds: float = BATCH_SECONDS,
    block_seconds: float = BLOCK_SECONDS,
    shard_chunks: int = SHARD_CHUNKS,
    provenance: dict[str, Any] | None = None,
    read: Callable[[str], Waveform] = read_audio,
) -> None:
    """Encode a corpus and write the store of a model.

    ``manifest`` and ``segments`` are tables of samples/segments.parquet and corpus/manifest.parquet; frames
    are stored for ``frame_utterances``, means for every utterance of the manifest. ``name`` is the model's
    name in the run, ``dtype`` float16 or float32, ``provenance`` goes into the attributes as it is.
    Utterances are encoded in blocks of ``block_seconds`` in stored order, inside a block in batches of
    ``batch_seconds`` sorted by duration, so memory does not grow with the corpus.
    Raises AudioError for an utterance that the model cannot encode, ModelError for a value that is not
    finite, StoreError for one that overflows ``dtype`` or for tables that do not belong together.
    """
    if dtype not in DTYPES:
        raise StoreError(f"store dtype {dtype!r} is unknown; use one of {', '.join(DTYPES)}")
    utterances = _plan(manifest, segments, frame_utterances)
    job = _Job(model, name, DTYPES[dtype], round(batch_seconds * SAMPLE_RATE), read)
    counts: dict[str, list[int]] = {layer: [] for layer in model.layers}
    total = sum(utterance.seconds for utterance in utterances)
    with (
        write_aside(store_path) as partial,
        StoreWriter(partial, _header(job, utterances, provenance or {}), shard_chunks) as writer,
        progress(f"Encoding with {name}", total) as advance,
    ):
        for layer in model.layers:
            for group in ("frames", *GROUPS.values(), "utterances"):
                writer.create(f"{group}/{layer}", model.dim(layer), dtype)
        for block in _blocks(utterances, block_seconds):
            for utterance, arrays in zip(block, _encode_block(job, block, advance), strict=True):
                for array, rows in arrays.items():
                    writer.append(array, rows)
                if utterance.store_frames:
                    for layer in model.layers:
                        counts[layer].append(len(arrays[f"frames/{layer}"]))
        for layer in model.layers:
            writer.put(f"offsets/{layer}", np.cumsum([0, *counts[layer]], dtype=np.int64))


def _plan(manifest: pd.DataFrame, segments: pd.DataFrame, frame_utterances: Sequence[str]) -> list[Utterance]:
    """Return the utterances in stored order, each with its segments in the order of their rows."""
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
    return [
        Utterance(
            utt_id,
            audio_path,
            samples / rate,
            {kind: bounds.get((utt_id, kind), []) for kind in GROUPS},
            utt_id in stored,
        )
        for utt_id, audio_path, samples, rate in zip(
            utt_ids, manifest["audio_path"], manifest["samples"], manifest["sample_rate"], strict=True
        )
    ]


def _header(job: _Job, utterances: Sequence[Utterance], provenance: dict[str, Any]) -> StoreHeader:
    model = job.model
    layers = []
    for layer, description in model.table.items():
        kernel, step = job.kernel(layer)
        grid = description.grid
        centre = grid.first_centre + Fraction((kernel - 1) * grid.stride, 2)
        meaning = description.meaning
        if kernel > 1 or step > 1:
            meaning += f"; frames averaged over {kernel} every {step}, segments from the layer's own frames"
        stride = Fraction(grid.stride * step, SAMPLE_RATE)
        layers.append(StoredLayer(layer, description.dim, str(stride), str(centre / SAMPLE_RATE), meaning))
    return StoreHeader(
        model=job.name,
        source=model.source,
        revision=model.revision,
        dtype=str(job.dtype).removeprefix("torch."),
        layers=tuple(layers),
        frame_utterances=tuple(utterance.utt_id for utterance in utterances if utterance.store_frames),
        mean_utterances=tuple(utterance.utt_id for utterance in utterances),
        provenance=provenance,
    )


def _blocks(utterances: Sequence[Utterance], seconds: float) -> Iterator[list[Utterance]]:
    block: list[Utterance] = []
    filled = 0.0
    for utterance in utterances:
        if block and filled + utterance.seconds > seconds:
            yield block
            block, filled = [], 0.0
        block.append(utterance)
        filled += utterance.seconds
    if block:
        yield block


def _encode_block(
    job: _Job, block: Sequence[Utterance], advance: Callable[[float], None]
) -> list[dict[str, NDArray[Any]]]:
    """Return for each utterance of a block the rows that it adds to each array."""
    model = job.model
    waveforms = [job.read(utterance.audio_path) for utterance in block]
    lengths = [len(waveform) for waveform in waveforms]
    for utterance, samples in zip(block, lengths, strict=True):
        if reason := model.refusal(samples):
            raise AudioError(f"utterance {utterance.utt_id} ({utterance.audio_path}): {reason}")
    keys = [model.batch_key(samples) for samples in lengths]
    rows: list[dict[str, NDArray[Any]]] = [{} for _ in block]
    for batch in plan_batches([model.cost(samples) for samples in lengths], job.batch_samples, keys):
        activations = model.forward([waveforms[index] for index in batch])
        for position, index in enumerate(batch):
            rows[index] = _rows(job, block[index], activations, position)
            advance(block[index].seconds)
    return rows


def _rows(
    job: _Job, utterance: Utterance, activations: Activations, position: int
) -> dict[str, NDArray[Any]]:
    rows: dict[str, torch.Tensor] = {}
    weights: dict[tuple[int, Fraction], torch.Tensor] = {}
    for layer in job.model.layers:
        hidden = activations.utterance(layer, position).float()
        stride = job.model.grid(layer).stride_seconds
        key = (len(hidden), stride)
        if key not in weights:
            weights[key] = pooling_weights(utterance.segments, *key).to(hidden.device)
        parts = torch.split(weights[key] @ hidden, [*map(len, utterance.segments.values()), 1])
        for group, part in zip((*GROUPS.values(), "utterances"), parts, strict=True):
            rows[f"{group}/{layer}"] = part
        if utterance.store_frames:
            rows[f"frames/{layer}"] = average(hidden, *job.kernel(layer))
    return {array: _stored(job, utterance, array, values) for array, values in rows.items()}


def _stored(job: _Job, utterance: Utterance, array: str, values: torch.Tensor) -> NDArray[Any]:
    stored = values.to(job.dtype).cpu()
    if not torch.isfinite(stored).all():
        where = f"model {job.name}, layer {array.partition('/')[2]}, utterance {utterance.utt_id}"
        if torch.isfinite(values).all():
            raise StoreError(
                f"{where}: the value {values.abs().max():.4g} overflows {stored.dtype}; "
                "store this model as float32"
            )
        raise ModelError(f"{where}: NaN or infinite value; use dtype float32 or check the checkpoint")
    result: NDArray[Any] = stored.numpy()
    return result
