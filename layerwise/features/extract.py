"""One forward pass per utterance for everything the analyses and tasks read."""

import errno
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.errors import StoreError
from layerwise.features import writer
from layerwise.features.carry import Carrier
from layerwise.features.encode import Encoder, LayerOverflowError
from layerwise.features.fill import fill
from layerwise.features.partial import PartialStore, partial_store
from layerwise.features.plan import Plan, plan_blocks, plan_part, plan_utterances
from layerwise.features.reuse import Carried, gather, gathered
from layerwise.features.store import StoreHeader
from layerwise.files import write_text
from layerwise.models.base import SpeechModel, Waveform
from layerwise.options.extraction import ExtractionOptions

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
    reuse: Sequence[Path | str] = (),
    part: tuple[int, int] | None = None,
    read: Callable[[str], Waveform] = read_audio,
) -> list[Carried]:
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
    Utterances that one of the stores ``reuse`` holds whole are carried over and not encoded: the same audio
    (column ``sha256`` of the manifest), encoded by the same model from the same files by the same code (all
    that ``provenance`` says but ``selection`` and ``segments``), and all segments and frames that are wanted.
    Returns what was taken from which store; one that is damaged is passed over with a warning.
    With ``part`` (number from 0, of how many) only that share of the blocks is encoded and stored, rows
    under the numbers that they have in the whole store. An extraction that is given all parts as ``reuse``
    encodes nothing, links their shards, and makes the bytes of one that was not divided.
    Raises AudioError for an utterance that the model cannot encode, ModelError for a value that is not
    finite or an utterance that does not fit in memory, StoreError for a full disk, or tables that do not
    belong together.
    """
    if dtype not in DTYPES:
        raise StoreError(f"store dtype {dtype!r} is unknown; use one of {', '.join(DTYPES)}")
    block_seconds = block_seconds or BLOCK_BATCHES * batch_seconds
    utterances = plan_utterances(manifest, segments, frame_utterances)
    before, own = plan_part(utterances, block_seconds, *(part or (0, 1)))
    plan = Plan(model, name, DTYPES[dtype], own, layers, before=before)
    sizes = _Sizes(batch_seconds, block_seconds, shard_chunks)
    store_path = Path(store_path)
    known = _WideLayers(store_path, _key(plan, plan.header(provenance or {}), sizes))
    while True:
        plan = replace(plan, wide=known.layers)
        job = _Job(plan, plan.header(provenance or {}), sizes, store_path, [Path(path) for path in reuse])
        try:
            carried = _extract(job, read, commit_seconds)
        except LayerOverflowError as error:
            if error.layer in plan.wide or plan.dtype == torch.float32:
                raise
            log.warning("%s; the layer is stored as float32, and the extraction begins anew", error)
            known.add(error.layer)
        else:
            known.forget()
            return carried


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


@dataclass(frozen=True)
class _Job:
    """What is written where, and the stores that may hold part of it."""

    plan: Plan
    header: StoreHeader
    sizes: _Sizes
    store_path: Path
    reuse: Sequence[Path]

    def create(self, store: PartialStore) -> None:
        """Make the empty store, and link into it what is there already."""
        plan = self.plan
        gather(plan.utterances, self.header, self.reuse, store.sources)
        writer.create_store(store.store, self.header, plan.dims, self.sizes.shard_chunks)
        writer.begin_at(store.store, store.spool, plan.first_rows)
        carrier = Carrier(plan, gathered(store.sources))
        carrier.link(store.store, writer.shard_rows(store.store, plan.dims), store.links)


def _extract(job: _Job, read: Callable[[str], Waveform], commit_seconds: float) -> list[Carried]:
    """Write the store of a plan, going on with what is there of it; return what was carried over."""
    plan, sizes, store_path = job.plan, job.sizes, job.store_path
    blocks = list(plan_blocks(plan.utterances, sizes.block_seconds))
    done = 0
    try:
        with partial_store(store_path, _key(plan, job.header, sizes), job.create) as store:
            try:
                carrier = Carrier(plan, gathered(store.sources))
                for carried in carrier.stores:
                    log.info(
                        "%d of %d utterances are carried over from %s",
                        *(carried.utterances, len(plan.utterances), carried.store),
                    )
                budget = store.budget or round(sizes.batch_seconds * SAMPLE_RATE)
                fill(store, plan, blocks, Encoder(plan, budget), carrier, read, commit_seconds)
            finally:
                done = len(store.samples) + len(store.done)
            return carrier.stores
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


def _key(plan: Plan, header: StoreHeader, sizes: _Sizes) -> str:
    """Digest of all that determines the store's bytes."""
    options = [sizes.batch_seconds, sizes.block_seconds, sizes.shard_chunks, writer.CHUNK_BYTES]
    utterances = [
        (utterance.utt_id, utterance.audio_path, utterance.seconds, utterance.segments)
        for utterance in plan.utterances
    ]
    first = plan.first.tolist()
    content = json.dumps(
        [header.to_attributes(), str(plan.model.device), options, first, utterances],
        sort_keys=True,
        default=str,
    )
    return hashlib.sha256(content.encode()).hexdigest()
