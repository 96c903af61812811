"""One forward pass per utterance for everything the analyses and tasks read."""

import errno
import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.errors import StoreError
from layerwise.features import writer
from layerwise.features.background import Background, read_ahead
from layerwise.features.encode import Encoded, Encoder, LayerOverflowError, checked
from layerwise.features.partial import PartialStore, partial_store
from layerwise.features.plan import Plan, PlannedUtterance, plan_blocks, plan_utterances
from layerwise.features.store import StoreHeader
from layerwise.files import write_text
from layerwise.models.base import SpeechModel, Waveform
from layerwise.options.extraction import ExtractionOptions
from layerwise.progress import progress

log = logging.getLogger(__name__)

DEFAULTS = ExtractionOptions()
BLOCK_BATCHES = 20
COMMIT_SECONDS = 60.0
DTYPES = {"float16": torch.float16, "float32": torch.float32}
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def extract(
    model: SpeechModel,
    manifest: pd.DataFrame,
    segments: pd.DataFrame,
    frame_utterances: Sequence[str],
    store_path: Path | str,
    *,
    name: str,
    layers: Sequence[str] | None = None,
    dtype: str = DEFAULTS.store_dtype,
    batch_seconds: float = DEFAULTS.batch_seconds,
    block_seconds: float | None = None,
    commit_seconds: float = COMMIT_SECONDS,
    shard_chunks: int = writer.SHARD_CHUNKS,
    provenance: dict[str, Any] | None = None,
    read: Callable[[str], Waveform] = read_audio,
) -> None:
    """Encode a corpus and write the store of a model; go on where a killed extraction stopped.

    A layer with a value that overflows float16 is stored as float32, by itself: the extraction says so and
    begins anew.

    ``manifest`` and ``segments`` are tables of corpus/manifest.parquet and samples/segments.parquet; frames
    are stored for ``frame_utterances``, means for every utterance of the manifest, both of ``layers`` (None:
    all). ``name`` is the model's name in the run, ``dtype`` float16 or float32, ``provenance`` goes into the
    attributes as it is.
    Utterances are encoded in blocks of ``block_seconds`` (default: 20 batches) in stored order, inside a
    block in batches of ``batch_seconds`` sorted by duration, so memory does not grow with the corpus and a
    resumed extraction forms the same batches. What is finished is made durable after each block, and inside
    one after the first batch that ends ``commit_seconds`` (by the clock) later; it is gone on with from
    there, provided that model, tables, provenance and options are the same. ``provenance`` should hold
    digests of all that the model object is made from.
    Raises AudioError for an utterance that the model cannot encode, ModelError for a value that is not
    finite or an utterance that does not fit in memory, StoreError for a full disk, or tables that do not
    belong together.
    """
    if dtype not in DTYPES:
        raise StoreError(f"store dtype {dtype!r} is unknown; use one of {', '.join(DTYPES)}")
    plan = Plan(model, name, DTYPES[dtype], plan_utterances(manifest, segments, frame_utterances), layers)
    block_seconds = block_seconds or BLOCK_BATCHES * batch_seconds
    sizes = _Sizes(batch_seconds, block_seconds, shard_chunks)
    store_path = Path(store_path)
    known = _WideLayers(store_path, _key(plan, plan.header(provenance or {}), sizes))
    while True:
        plan = replace(plan, wide=known.layers)
        try:
            _extract(plan, plan.header(provenance or {}), sizes, store_path, read, commit_seconds)
        except LayerOverflowError as error:
            if error.layer in plan.wide or plan.dtype == torch.float32:
                raise
            log.warning("%s; the layer is stored as float32, and the extraction begins anew", error)
            known.add(error.layer)
        else:
            known.forget()
            return


@dataclass(frozen=True)
class _Sizes:
    """How an extraction is cut into pieces."""

    batch_seconds: float
    block_seconds: float
    shard_chunks: int


class _WideLayers:
    """Layers found to overflow, noted beside a store in the making for when its job is killed."""

    def __init__(self, store_path: Path, key: str) -> None:
        self._path, self._key = store_path.with_name(f".{store_path.name}.wide.json"), key
        self.layers: frozenset[str] = frozenset()
        with suppress(OSError, ValueError, KeyError):
            noted = json.loads(self._path.read_text(encoding="utf-8"))
            if noted["key"] == key:
                self.layers = frozenset(noted["layers"])

    def add(self, layer: str) -> None:
        self.layers |= {layer}
        write_text(json.dumps({"key": self._key, "layers": sorted(self.layers)}), self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)


def _extract(
    plan: Plan,
    header: StoreHeader,
    sizes: _Sizes,
    store_path: Path,
    read: Callable[[str], Waveform],
    commit_seconds: float,
) -> None:
    """Write the store of a plan, going on with what is there of it."""
    blocks = list(plan_blocks(plan.utterances, sizes.block_seconds))
    done = 0
    try:
        with partial_store(
            store_path,
            _key(plan, header, sizes),
            lambda path: writer.create_store(path, header, plan.dims, sizes.shard_chunks),
        ) as store:
            try:
                budget = store.budget or round(sizes.batch_seconds * SAMPLE_RATE)
                _fill(store, plan, blocks, Encoder(plan, budget), read, commit_seconds)
            finally:
                done = len(store.samples) + len(store.done)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise StoreError(
            f"{store_path}: no space left on the disk ({error.strerror}) with {done} of "
            f"{len(plan.utterances)} utterances stored; the store needs about {plan.size() / 1e9:.2g} GB. "
            "Free space and run again: the extraction goes on where it stopped"
        ) from error


def store_bytes(
    model: SpeechModel,
    manifest: pd.DataFrame,
    segments: pd.DataFrame,
    frame_utterances: Sequence[str],
    *,
    layers: Sequence[str] | None = None,
    dtype: str = DEFAULTS.store_dtype,
) -> int:
    """Return about how many bytes the store takes that `extract` makes of the same."""
    utterances = plan_utterances(manifest, segments, frame_utterances)
    return Plan(model, "", DTYPES[dtype], utterances, layers).size()


def _fill(
    store: PartialStore,
    plan: Plan,
    blocks: Sequence[list[PlannedUtterance]],
    encoder: Encoder,
    read: Callable[[str], Waveform],
    commit_seconds: float,
) -> None:
    """Encode the blocks that are not in the store yet."""
    left = _blocks_left(blocks, len(store.samples))
    done = set(store.done)  # of the first block that is left
    if store.samples or done:
        finished = len(store.samples) + len(done)
        log.info("Resuming: %d of %d utterances are stored", finished, len(plan.utterances))
    rows = np.zeros(len(plan.dims), dtype=np.int64)
    for utterance, samples in zip(plan.utterances, store.samples, strict=False):
        rows += plan.rows(utterance, samples)
    output = writer.StoreWriter(store.store, store.spool, _named(plan, rows), more=bool(done))
    total = sum(utterance.seconds for block in left for utterance in block)
    total -= sum(left[0][index].seconds for index in done)
    noted = time.monotonic()
    with Background() as background, progress(f"Encoding with {plan.name}", total) as advance:
        for block, waveforms in read_ahead(left, lambda utterance: read(utterance.audio_path)):
            lengths = [len(waveform) for waveform in waveforms]
            spans = _Spans(plan, block, lengths, rows)
            _check_done(output, spans, done, store.folder)
            for encoded in encoder.encode(block, waveforms, frozenset(done)):
                background.submit(partial(_write, output, spans, encoded))
                advance(sum(block[index].seconds for index in encoded.batch))
                done.update(encoded.batch)
                if time.monotonic() - noted >= commit_seconds and len(done) < len(block):
                    background.submit(partial(_commit_part, output, store, list(done), encoder.budget))
                    noted = time.monotonic()
            rows, done = spans.end(), set()
            background.submit(partial(_commit, output, store, lengths, _named(plan, rows), encoder.budget))
            noted = time.monotonic()
    output.finish(_named(plan, rows), plan.offsets(store.samples))


class _Spans:
    """Where the rows of each utterance of a block lie; the block's first rows are ``rows`` (arrays,)."""

    def __init__(
        self, plan: Plan, block: Sequence[PlannedUtterance], lengths: Sequence[int], rows: NDArray[np.int64]
    ) -> None:
        self.plan, self.block = plan, block
        self.counts = np.stack([plan.rows(*each) for each in zip(block, lengths, strict=True)])
        self.first = rows + np.cumsum(self.counts, axis=0) - self.counts

    def end(self) -> NDArray[np.int64]:
        """Rows (arrays,) after the block."""
        return np.asarray(self.first[-1] + self.counts[-1])


def _check_done(output: writer.StoreWriter, spans: _Spans, done: set[int], folder: Path) -> None:
    """Raise StoreError unless the rows of finished utterances of a block are there."""
    for column, array in enumerate(spans.plan.dims):
        for index in done:
            if not output.holds(array, int(spans.first[index, column]), int(spans.counts[index, column])):
                raise StoreError(f"{folder}: rows of {array} are missing; delete it and run again")


def _write(output: writer.StoreWriter, spans: _Spans, encoded: Encoded) -> None:
    """Write one batch of a block."""
    batch = encoded.batch
    parts = checked(spans.plan, [spans.block[index] for index in batch], spans.counts[batch], encoded)
    for column, (array, values) in enumerate(parts.items()):
        for index, part in zip(batch, values, strict=True):
            output.write(array, int(spans.first[index, column]), part)


def _commit_part(output: writer.StoreWriter, store: PartialStore, done: list[int], budget: int) -> None:
    output.sync()
    store.commit_part(done, budget)


def _commit(
    output: writer.StoreWriter,
    store: PartialStore,
    lengths: Sequence[int],
    rows: dict[str, int],
    budget: int,
) -> None:
    output.sync()
    store.commit(lengths, budget)
    output.flush(rows)


def _blocks_left(blocks: Sequence[list[PlannedUtterance]], done: int) -> list[list[PlannedUtterance]]:
    """Return the blocks after the first ``done`` utterances, which are whole blocks."""
    ends = np.cumsum([len(block) for block in blocks])
    return list(blocks[int(np.searchsorted(ends, done, side="right")) :])


def _named(plan: Plan, rows: NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(plan.dims, rows.tolist(), strict=True))


def _key(plan: Plan, header: StoreHeader, sizes: _Sizes) -> str:
    """Digest of all that determines the store's bytes."""
    options = [sizes.batch_seconds, sizes.block_seconds, sizes.shard_chunks, writer.CHUNK_BYTES]
    utterances = [
        (utterance.utt_id, utterance.audio_path, utterance.seconds, utterance.segments)
        for utterance in plan.utterances
    ]
    content = json.dumps(
        [header.to_attributes(), str(plan.model.device), options, utterances], sort_keys=True, default=str
    )
    return hashlib.sha256(content.encode()).hexdigest()
