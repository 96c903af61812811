"""From waveforms to the rows of the arrays: batches, pooling, the way to the host, and finite-checks."""

import logging
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.errors import AudioError, ModelError, StoreError
from layerwise.features.plan import Plan, PlannedUtterance
from layerwise.features.pooling import average, pooling_weights
from layerwise.features.store import GROUPS
from layerwise.models.base import Waveform
from layerwise.models.batching import padded_size, plan_batches

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Encoded:
    """The rows of one batch, on the host once ``ready``.

    ``rows[array]`` holds those of all utterances of the batch in turn, in the store's dtype; ``peaks`` the
    largest absolute value of each array before it was rounded to that dtype (NaN if there is one).
    """

    batch: list[int]
    rows: dict[str, torch.Tensor]
    peaks: torch.Tensor
    ready: torch.cuda.Event | None

    def wait(self) -> None:
        """Wait until the rows are on the host."""
        if self.ready is not None:
            self.ready.synchronize()


class LayerOverflowError(StoreError):
    """A value of a layer is too large for the number format that the layer is stored in."""

    def __init__(self, message: str, layer: str) -> None:
        super().__init__(message)
        self.layer = layer


class Encoder:
    """Encodes blocks of utterances in batches of at most ``batch_samples`` padded samples."""

    def __init__(self, plan: Plan, batch_samples: int) -> None:
        self.plan = plan
        self.budget = batch_samples
        self._device = plan.model.device
        self._copies: torch.cuda.Stream | None = None
        if self._device.type == "cuda":
            self._copies = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]

    def encode(
        self,
        block: Sequence[PlannedUtterance],
        waveforms: Sequence[Waveform],
        done: Collection[int] = frozenset(),
    ) -> Iterator[Encoded]:
        """Yield the rows of a block batch by batch, largest first; ``batch`` counts within the block.

        Utterances at the positions ``done`` are left out. Where these are whole batches, the others are the
        same as without them: `plan_batches` closes a batch by its longest item and their number.

        If a batch does not fit in memory, it and those after it are planned anew under half its size.
        Raises AudioError for an utterance that the model cannot encode, ModelError for one that does not
        fit even alone.
        """
        for utterance, waveform in zip(block, waveforms, strict=True):
            if reason := self.plan.model.refusal(len(waveform)):
                raise AudioError(f"utterance {utterance.utt_id} ({utterance.audio_path}): {reason}")
        costs = [self.plan.model.cost(len(waveform)) for waveform in waveforms]
        keys = [self.plan.model.batch_key(len(waveform)) for waveform in waveforms]
        pending = self._planned(costs, keys, [index for index in range(len(block)) if index not in done])
        while pending:
            batch = pending.pop(0)
            utterances = [block[index] for index in batch]
            rows = self._try(utterances, [waveforms[index] for index in batch])
            if rows is not None:
                yield self._to_host(batch, rows)
                continue
            if len(batch) == 1:
                raise ModelError(
                    f"utterance {utterances[0].utt_id} ({utterances[0].seconds:.1f} s) does not fit in the "
                    f"memory of {self._device} even alone with model {self.plan.name}; use a device with "
                    "more memory, or leave the utterance out"
                )
            self.budget = padded_size(costs, batch) // 2
            log.warning(
                "%s: a batch of %d utterances did not fit in the memory of %s; going on with batches of "
                "%.1f s (set extraction.batch_seconds to it)",
                *(self.plan.name, len(batch), self._device, self.budget / SAMPLE_RATE),
            )
            left = sorted(index for each in (batch, *pending) for index in each)
            pending = self._planned(costs, keys, left)

    def _planned(
        self, costs: Sequence[int], keys: Sequence[Hashable], left: Sequence[int]
    ) -> list[list[int]]:
        """Batches of the utterances that are left, by their positions."""
        batches = plan_batches([costs[index] for index in left], self.budget, [keys[index] for index in left])
        return [[left[position] for position in batch] for batch in batches]

    def _try(
        self, utterances: Sequence[PlannedUtterance], waveforms: Sequence[Waveform]
    ) -> dict[str, torch.Tensor] | None:
        """Return the rows of a batch on the device in float32, or None if memory runs out."""
        try:
            return self._rows(utterances, waveforms)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()
        return None

    def _rows(
        self, utterances: Sequence[PlannedUtterance], waveforms: Sequence[Waveform]
    ) -> dict[str, torch.Tensor]:
        activations = self.plan.model.forward(waveforms)
        parts: dict[str, list[torch.Tensor]] = {array: [] for array in self.plan.dims}
        for position, utterance in enumerate(utterances):
            segments = [*map(len, utterance.segments.values()), 1]
            shared: tuple[int, Fraction] | None = None
            for layer in self.plan.layers:
                grid = self.plan.model.grid(layer)
                hidden = activations.utterance(layer, position).float()
                stride = grid.stride_seconds
                if shared != (len(hidden), stride):  # all transformer layers share the weights
                    shared = (len(hidden), stride)
                    weights = pooling_weights(utterance.segments, len(hidden), stride, hidden.device)
                pooled = torch.split(weights @ hidden, segments)
                for group, means in zip((*GROUPS.values(), "utterances"), pooled, strict=True):
                    parts[f"{group}/{layer}"].append(means)
                if utterance.store_frames:
                    parts[f"frames/{layer}"].append(average(hidden, *self.plan.kernel(layer)))
        return {
            array: torch.cat(tensors)
            if tensors
            else torch.zeros(0, self.plan.dims[array], device=self._device)
            for array, tensors in parts.items()
        }

    def _to_host(self, batch: list[int], rows: dict[str, torch.Tensor]) -> Encoded:
        """Start the copy to the host; on CUDA it runs beside the next batch, into pinned memory."""
        peaks = torch.stack(
            [
                values.abs().amax() if values.numel() else torch.zeros((), device=self._device)
                for values in rows.values()
            ]
        )
        stored = {array: values.to(self.plan.dtype_of(array)) for array, values in rows.items()}
        if self._copies is None:
            return Encoded(
                batch, {array: values.cpu() for array, values in stored.items()}, peaks.cpu(), None
            )
        self._copies.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._copies):
            host = {array: values.to("cpu", non_blocking=True) for array, values in stored.items()}
            host_peaks = peaks.to("cpu", non_blocking=True)
            for values in (peaks, *stored.values()):
                values.record_stream(self._copies)
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(self._copies)
        return Encoded(batch, host, host_peaks, ready)


def checked(
    plan: Plan, utterances: Sequence[PlannedUtterance], counts: NDArray[np.int64], encoded: Encoded
) -> dict[str, list[NDArray[np.generic]]]:
    """Return for each array the rows of each utterance of a batch, once they are there and finite.

    ``counts`` is (utterances, arrays). Raises ModelError for NaN or an infinite value, LayerOverflowError for
    one that overflows the layer's number format, both with model, layer and utterance.
    """
    encoded.wait()
    formats = map(plan.dtype_of, encoded.rows)
    peaks = zip(encoded.peaks, formats, strict=True)
    finite = [bool(torch.isfinite(peak.to(dtype))) for peak, dtype in peaks]
    parts: dict[str, list[NDArray[np.generic]]] = {}
    for column, (array, values) in enumerate(encoded.rows.items()):
        if len(values) != counts[:, column].sum():
            raise ModelError(
                f"model {plan.name}, array {array}: {len(values)} rows for a batch that must have "
                f"{counts[:, column].sum()}; num_frames of {type(plan.model).__name__} is wrong"
            )
        split = torch.split(values, counts[:, column].tolist())
        if not finite[column]:
            worst = next(i for i, part in enumerate(split) if not torch.isfinite(part).all())
            raise _not_finite(plan, array, utterances[worst], float(encoded.peaks[column]))
        parts[array] = [part.numpy() for part in split]
    return parts


def _not_finite(plan: Plan, array: str, utterance: PlannedUtterance, peak: float) -> ModelError | StoreError:
    layer = array.partition("/")[2]
    where = f"model {plan.name}, layer {layer}, utterance {utterance.utt_id}"
    if np.isfinite(peak):
        dtype = str(plan.dtype_of(array)).removeprefix("torch.")
        return LayerOverflowError(f"{where}: the value {peak:.4g} overflows {dtype}", layer)
    return ModelError(
        f"{where}: NaN or infinite value; use extraction.precision: float32 or check the checkpoint"
    )


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        "out of memory" in text or "can't allocate memory" in text
    )
