"""Features made while the heads train: one forward pass of the frozen encoder feeds all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.errors import TaskError
from layerwise.features.background import read_ahead
from layerwise.models.base import SpeechModel, Waveform
from layerwise.models.batching import plan_batches
from layerwise.progress import progress
from layerwise.tasks.sources.base import Block, Features, Means
from layerwise.tasks.sources.stored import frames_joined, joined_length

# Samples at 16 kHz that one forward pass takes: 80 s.
PASS_SAMPLES = 80 * 16000
MEAN_BATCH = 32


@dataclass(frozen=True)
class LiveEncoder:
    """A frozen encoder and the utterances that it is to encode.

    Attributes:
        model: name of the model in the run's config.
        encoder: the encoder; features stay on its device.
        audio: the audio file of each utterance.
        samples: their numbers of samples at 16 kHz.
    """

    model: str
    encoder: SpeechModel
    audio: Mapping[str, Path | str]
    samples: Mapping[str, int]

    @classmethod
    def of(cls, model: str, encoder: SpeechModel, manifest: pd.DataFrame) -> "LiveEncoder":
        """Make it for the utterances of a manifest: utt_id, audio_path, samples, sample_rate."""
        utt_ids = manifest["utt_id"].tolist()
        # As many samples as resampling gives.
        samples = np.ceil(manifest["samples"] * SAMPLE_RATE / manifest["sample_rate"]).astype(int)
        return cls(
            model,
            encoder,
            dict(zip(utt_ids, manifest["audio_path"], strict=True)),
            dict(zip(utt_ids, samples.tolist(), strict=True)),
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, from the input upwards."""
        return self.encoder.layers

    @property
    def utterances(self) -> tuple[str, ...]:
        """Ids of the utterances that are long enough for the encoder."""
        return tuple(utt_id for utt_id, samples in self.samples.items() if not self.encoder.refusal(samples))

    @property
    def mean_utterances(self) -> tuple[str, ...]:
        """The same: each of them has a mean frame."""
        return self.utterances

    def stride(self, layer: str) -> Fraction:
        """Seconds between frames of a layer."""
        return self.encoder.grid(layer).stride_seconds

    def dim(self, layer: str) -> int:
        """Number of dimensions of a layer."""
        return self.encoder.dim(layer)


class LiveFrames(Features):
    """Frames from one forward pass per batch; audio is read ahead. Frames are joined as stored ones are."""

    def __init__(self, source: LiveEncoder, layers: tuple[str, ...], utt_ids: Sequence[str]) -> None:
        self.source, self.model, self.layers = source, source.model, layers
        encoder = source.encoder
        self.joined = frames_joined(encoder.grid(layers[0]).stride_seconds)
        self.frame_seconds = float(encoder.grid(layers[0]).stride_seconds * self.joined)
        self.dim = encoder.dim(layers[0]) * self.joined
        self.lengths = {
            utt_id: joined_length(encoder.num_frames(source.samples[utt_id], layers[0]), self.joined)
            for utt_id in utt_ids
        }

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield batches, on the encoder's device."""
        batches = ([*batch] for block in blocks for batch in block)
        for batch, waveforms in read_ahead(batches, self._read):
            yield self._encode(batch, waveforms)

    def _read(self, utt_id: str) -> Waveform:
        return read_audio(self.source.audio[utt_id])

    def _encode(self, batch: Sequence[str], waveforms: Sequence[Waveform]) -> Tensor:
        encoder = self.source.encoder
        longest = max(self.lengths[utt_id] for utt_id in batch)
        values = torch.zeros(len(self.layers), longest, len(batch), self.dim, device=encoder.device)
        sizes = list(map(len, waveforms))
        plan = plan_batches(
            [encoder.cost(n) for n in sizes], PASS_SAMPLES, [encoder.batch_key(n) for n in sizes]
        )
        for some in plan:
            activations = encoder.forward([waveforms[item] for item in some])
            for position, item in enumerate(some):
                for number, layer in enumerate(self.layers):
                    frames = activations.utterance(layer, position).float()
                    joined = _join(frames, self.joined)
                    if len(joined) != self.lengths[batch[item]]:
                        raise TaskError(
                            f"model {self.model}, layer {layer}: utterance {batch[item]} gives {len(joined)} "
                            f"frames, not {self.lengths[batch[item]]}; the manifest is not that of the audio"
                        )
                    values[number, : len(joined), item] = joined
        if not torch.isfinite(values.sum()):
            self._blame(batch, values)
        return values

    def _blame(self, batch: Sequence[str], values: Tensor) -> None:
        bad = ~torch.isfinite(values).all(dim=-1).all(dim=1)
        for number, item in torch.nonzero(bad).tolist():
            raise TaskError(
                f"model {self.model}, layer {self.layers[number]}: features of utterance {batch[item]} "
                "are not "
                "finite; use extraction.precision: float32 or check the checkpoint"
            )


def live_means(source: LiveEncoder, layers: tuple[str, ...], utt_ids: Sequence[str]) -> Means:
    """Mean frames of utterances, each encoded once."""
    encoder = source.encoder
    order = sorted(utt_ids, key=lambda utt_id: (source.samples[utt_id], utt_id))
    batches = [order[start : start + MEAN_BATCH] for start in range(0, len(order), MEAN_BATCH)]
    row = {utt_id: number for number, utt_id in enumerate(utt_ids)}
    values = torch.empty(len(layers), len(utt_ids), encoder.dim(layers[0]))
    frames = LiveFrames(source, layers, utt_ids)
    per_frame = frames.joined
    total = sum(source.samples.values()) / 16000
    with progress(f"Encoding for means, {source.model}", total) as advance:
        for batch, batch_values in zip(batches, frames.load([batches_of(batches)]), strict=True):
            for item, utt_id in enumerate(batch):
                count = encoder.num_frames(source.samples[utt_id], layers[0])
                own = batch_values[:, : frames.lengths[utt_id], item]
                own = own.reshape(len(layers), -1, own.shape[-1] // per_frame)[:, :count]
                values[:, row[utt_id]] = own.mean(dim=1).cpu()
                advance(source.samples[utt_id] / 16000)
    return Means(source.model, layers, utt_ids, values)


def batches_of(batches: Sequence[Sequence[str]]) -> Block:
    """Lists of ids as a block."""
    return [tuple(batch) for batch in batches]


def _join(frames: Tensor, joined: int) -> Tensor:
    """As `join_frames`, on the device."""
    if joined == 1:
        return frames
    length = joined_length(len(frames), joined)
    rows = torch.arange(length * joined, device=frames.device).clamp(max=len(frames) - 1)
    return frames[rows].reshape(length, -1)
