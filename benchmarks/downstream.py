"""All layers at once against one run per layer, live training of all heads against one, and peak memory.

    OMP_NUM_THREADS=1 python benchmarks/downstream.py joint pr
    OMP_NUM_THREADS=1 python benchmarks/downstream.py joint classification
    OMP_NUM_THREADS=1 python benchmarks/downstream.py live pr --model FOLDER
    OMP_NUM_THREADS=1 python benchmarks/downstream.py memory pr --minutes 12       and again with 120
    python benchmarks/downstream.py live pr --model FOLDER --device cuda --batch 32

``joint`` trains on random features, 13 layers of 768; ``live`` encodes noise with the model of a folder;
``memory`` stores so many minutes of random features, 8 layers of 192, and trains an epoch on them, each in a
process of its own, so that the peak is its own. Seconds are CPU seconds; with --device cuda, those of
the clock.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from layerwise.features.extract import extract
from layerwise.features.heap import give_back_freed_memory
from layerwise.features.store import FeatureStore
from layerwise.models import load_model
from layerwise.models.base import Grid, Layer, SpeechModel, Waveform
from layerwise.options.training import TrainingOptions
from layerwise.tasks.adam import Adam
from layerwise.tasks.batches import Batches
from layerwise.tasks.data import Notes, TaskCorpus
from layerwise.tasks.fit import train_steps
from layerwise.tasks.heads.base import Head, Shape
from layerwise.tasks.run import known_task, train_task
from layerwise.tasks.sources.base import Block, Features
from layerwise.tasks.train import make_bank

LAYERS, DIM, SECONDS, RATE = 13, 768, 6.0, 1e-3
SUM = LAYERS


class Noise(Features):
    """Random features, made once; or what a model makes of noise in each batch."""

    def __init__(
        self, utt_ids: Sequence[str], frames: int, layers: int, model: str, device: torch.device, batch: int
    ) -> None:
        self.model, self.dim = "noise", DIM
        self.layers = tuple(f"T{number}" for number in range(layers))
        self.lengths, self.pooled = dict.fromkeys(utt_ids, frames), frames == 1
        self.encoder = load_model(model, device=device.type) if model else None
        self.dim = self.encoder.dim("T0") if self.encoder else DIM
        self.values = torch.randn(layers, frames, batch, self.dim)
        self.waveform = np.random.default_rng(0).normal(0, 0.1, int(16000 * SECONDS + 80)).astype(np.float32)

    def load(self, blocks: Sequence[Block]) -> Iterator[Tensor]:
        """Yield each batch."""
        for batch in (batch for block in blocks for batch in block):
            if self.encoder:
                found = self.encoder.forward([self.waveform] * len(batch)).values
                frames = torch.stack([found[layer].transpose(0, 1).float() for layer in self.layers])
                yield frames.mean(1, keepdim=True) if self.pooled else frames
            else:
                yield self.values[:, :, : len(batch)]


def manifest_of(utterances: int) -> pd.DataFrame:
    """Utterances with 60 random letters and one of 20 classes."""
    random = np.random.default_rng(0)
    names = [f"u{number:04}" for number in range(utterances)]
    splits = ["dev" if n % 10 == 0 else "test" if n % 10 == 5 else "train" for n in range(utterances)]
    texts = ["".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), 60)) for _ in names]
    topics = random.integers(20, size=utterances).astype(str)
    return pd.DataFrame({"utt_id": names, "split": splits, "text": texts, "topic": topics})


def seconds(bank: Sequence[Head], layers: int, given: argparse.Namespace, model: str = "") -> float:
    """Seconds of ``given.steps`` steps of a bank of heads, after one to warm up."""
    kind, device = given.kind, torch.device(given.device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    pooled = kind == "classification"
    task = known_task("classification", label="topic") if pooled else known_task("asr")
    manifest = manifest_of(400)
    frames = 1 if pooled else int(50 * SECONDS)
    features = Noise(manifest["utt_id"].tolist(), frames, layers, model, device, given.batch)
    corpus = TaskCorpus("noise", manifest, features.lengths, pd.DataFrame(), Notes())
    data = task.prepare(corpus, task, "corrected")
    batches = Batches(data, features, given.batch, pooled=pooled, in_memory=True, seed=1, device=device)
    heads = task.heads(bank, Shape(layers, features.dim, data.outputs), seed=1, device=device)
    adam, rates = Adam(heads.parameters), torch.full((len(bank),), RATE, device=device)
    stream = batches.training(0)
    train_steps(data, heads, adam, islice(stream, 1), rates, 0)
    start = clock()
    train_steps(data, heads, adam, islice(stream, given.steps), rates, 1)
    return clock() - start


class Random(SpeechModel):
    """Random hidden states every 20 ms."""

    def __init__(self) -> None:
        self.source, self.device = "random", torch.device("cpu")
        self.table = {f"T{n}": Layer(192, Grid.unpadded(320, 320), "noise") for n in range(8)}
        self.generator = torch.Generator().manual_seed(0)

    def num_frames(self, samples: int, layer: str) -> int:
        """Return one for each 320 samples."""
        return samples // 320

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, Tensor]:
        shape = len(waveforms), max(map(len, waveforms)) // 320, 192
        return {layer: torch.randn(shape, generator=self.generator) for layer in self.layers}


def write_store(minutes: int, folder: str) -> None:
    """Write a store of random features, and its manifest."""
    samples = int(16000 * SECONDS)
    manifest = manifest_of(int(minutes * 60 / SECONDS)).assign(audio_path="", samples=samples)
    manifest = manifest.assign(sample_rate=16000, speaker="")
    manifest.to_parquet(f"{folder}/manifest.parquet")
    segments = pd.DataFrame(columns=["kind", "utt_id", "start", "end"])
    extract(
        Random(),
        manifest,
        segments,
        manifest["utt_id"].tolist(),
        f"{folder}/store.zarr",
        name="random",
        dtype="float16",
        read=lambda _: np.zeros(samples, np.float32),
    )


def peak(folder: str) -> float:
    """Peak memory of one epoch on a store, in MB."""
    give_back_freed_memory()
    options = TrainingOptions(epochs=1, bootstrap=0, device="cpu")
    manifest = pd.read_parquet(f"{folder}/manifest.parquet")
    train_task(FeatureStore(f"{folder}/store.zarr"), manifest, "asr", seed=1, options=options)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(minutes: int) -> None:
    """Print the peak of training on so many minutes."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(write_store, minutes, folder).result()
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            print(f"{minutes} minutes: {other.submit(peak, folder).result():.0f} MB")


def main() -> None:
    """Print CPU seconds and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["joint", "live", "memory"])
    parser.add_argument("kind", choices=["pr", "classification"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--model", default="random:resources/models/hubert-tiny")
    parser.add_argument("--minutes", type=int, default=12)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=8, help="utterances of a step")
    given = parser.parse_args()
    torch.set_flush_denormal(True)
    if given.what == "memory":
        memory(given.minutes)
    elif given.what == "joint":
        together = seconds(make_bank(LAYERS, (RATE,), 1), LAYERS, given)
        apart = LAYERS * seconds(make_bank(1, (RATE,), 1), 1, given)
        apart += seconds([Head(SUM, 1, RATE)], LAYERS, given)
        print(f"{given.kind}: together {together:.2f} s, apart {apart:.2f} s, {apart / together:.1f} times")
    else:
        layers = sum(layer[0] == "T" and "+" not in layer for layer in load_model(given.model).layers)
        layers = min(layers, LAYERS)
        many = seconds(make_bank(layers, (RATE,), 1), layers, given, given.model)
        one = seconds([Head(0, 1, RATE)], layers, given, given.model)
        print(f"{given.kind}, live: {layers + 1} heads {many:.2f} s, one {one:.2f} s, {many / one:.2f} times")


if __name__ == "__main__":
    main()
