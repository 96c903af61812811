"""Fill a store in the making, block by block: with what is encoded and with what is carried over."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import StoreError
from layerwise.features import writer
from layerwise.features.background import Background, read_ahead
from layerwise.features.carry import Carrier, noted_links, silence
from layerwise.features.encode import Encoded, Encoder, checked
from layerwise.features.partial import PartialStore
from layerwise.features.plan import Plan, PlannedUtterance
from layerwise.models.base import Waveform
from layerwise.progress import progress

log = logging.getLogger(__name__)


def fill(
    store: PartialStore,
    plan: Plan,
    blocks: Sequence[list[PlannedUtterance]],
    encoder: Encoder,
    carrier: Carrier,
    read: Callable[[str], Waveform],
    commit_seconds: float,
) -> None:
    """Fill the blocks that are not in the store yet: carry over what ``carrier`` has, encode the others."""
    left = _blocks_left(blocks, len(store.samples))
    done = set(store.done)  # of the first block that is left
    if store.samples or done:
        finished = len(store.samples) + len(done)
        log.info("Resuming: %d of %d utterances are stored", finished, len(plan.utterances))
    rows = plan.first.copy()
    for utterance, samples in zip(plan.utterances, store.samples, strict=False):
        rows += plan.rows(utterance, samples)
    linked = noted_links(store.links)
    output = writer.StoreWriter(store.store, store.spool, _named(plan, rows), more=bool(done), linked=linked)
    total = sum(utterance.seconds for block in left for utterance in block)
    total -= sum(left[0][index].seconds for index in done)

    def waveform(utterance: PlannedUtterance) -> Waveform:
        samples = carrier.samples(utterance)
        return read(utterance.audio_path) if samples is None else silence(samples)

    noted = time.monotonic()
    with Background() as background, progress(f"Encoding with {plan.name}", total) as advance:
        for block, waveforms in read_ahead(left, waveform):
            lengths = [len(waveform) for waveform in waveforms]
            if linked:
                _check_lengths(block, lengths)
            spans = _Spans(plan, block, lengths, rows)
            _check_done(output, spans, done, store.folder)
            given = [at for at, each in enumerate(block) if each.utt_id in carrier.given and at not in done]
            if given:
                utterances = [block[index] for index in given]
                background.submit(partial(carrier.copy, output, utterances, spans.first[given]))
                advance(sum(utterance.seconds for utterance in utterances))
                done.update(given)
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
    output.finish(_named(plan, rows), plan.tables(store.samples))


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


def _check_lengths(block: Sequence[PlannedUtterance], lengths: Sequence[int]) -> None:
    """Raise StoreError if rows come to lie elsewhere than where linked shards expect them."""
    for utterance, length in zip(block, lengths, strict=True):
        if utterance.samples not in (None, length):
            raise StoreError(
                f"utterance {utterance.utt_id} ({utterance.audio_path}): {length} samples, and "
                f"{utterance.samples} in the manifest; make the manifest anew (snakemake --forcerun manifest)"
            )


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
