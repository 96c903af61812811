"""Speed and memory of feature extraction, with random-initialised models and synthetic audio.

    python benchmarks/extract.py                                   # base and large, 90 s of audio each
    python benchmarks/extract.py --models base --seconds 3600 --batch-seconds 60 --device cuda
    python benchmarks/extract.py --memory                          # peak memory, 2 h against 12 min

Speed, in seconds of audio per second, of four ways side by side in one run, repeated in turn; the median
counts: the plain loop (one utterance at a time through transformers, all hidden states to the host), our
batches through the model alone, our extraction with the rows thrown away, and the whole extraction with its
store. Utterances last 2 to 30 s as in LibriSpeech, with 2 phones and 0.7 words sampled per second. With
``--peak-tflops`` also the share of that peak that the floating-point operations of the model make up.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import AutoModel, Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.features.encode import Encoder
from layerwise.features.extract import BLOCK_BATCHES, DTYPES, extract
from layerwise.features.heap import give_back_freed_memory
from layerwise.features.plan import Plan, plan_blocks, plan_utterances
from layerwise.models import SpeechModel, load_model
from layerwise.models.base import Waveform
from layerwise.models.batching import padding_waste, plan_batches

GFLOP_PER_SECOND = {"base": 15.3, "large": 39.6}
TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
    "conv_bias": True,
}
CONFIGS: dict[str, dict[str, Any]] = {"tiny": TINY, "base": {}, "large": LARGE}


def save_model(size: str, folder: Path) -> Path:
    """Save a random-initialised wav2vec 2.0 model of a published size."""
    torch.manual_seed(0)
    config = Wav2Vec2Config(**CONFIGS[size])
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(
        do_normalize=True, return_attention_mask=config.feat_extract_norm == "layer"
    ).save_pretrained(folder)
    return folder


def corpus(seconds: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest and segments of utterances of 2 to 30 s, log-normal about 7 s, that last so long in all."""
    random = np.random.default_rng(0)
    durations: list[float] = []
    while sum(durations) < seconds:
        durations.append(float(np.clip(random.lognormal(1.85, 0.65), 2, 30)))
    utt_ids = [f"{index:06d}" for index in range(len(durations))]
    samples = [round(duration * SAMPLE_RATE) for duration in durations]
    paths = [f"{utt_id}:{count}" for utt_id, count in zip(utt_ids, samples, strict=True)]
    manifest = pd.DataFrame(
        {"utt_id": utt_ids, "audio_path": paths, "samples": samples, "sample_rate": SAMPLE_RATE}
    )
    segments = [
        (kind, utt_id, start, start + length)
        for kind, length, step in (("phone", 0.08, 0.5), ("word", 0.3, 1.5))
        for utt_id, duration in zip(utt_ids, durations, strict=True)
        for start in np.arange(0, duration - length, step).round(2)
    ]
    return manifest, pd.DataFrame(segments, columns=["kind", "utt_id", "start", "end"])


def read(path: str) -> Waveform:
    """Return the noise of an utterance."""
    seed, samples = map(int, path.split(":"))
    return 0.1 * np.random.default_rng(seed).standard_normal(samples, dtype=np.float32)


class Ways:
    """The four ways to encode a corpus."""

    def __init__(self, folder: Path, seconds: float, batch_seconds: float, device: str, dtype: str) -> None:
        self.model: SpeechModel = load_model(str(folder), device=device)
        self.plain = AutoModel.from_pretrained(folder).to(self.model.device).eval()
        self.manifest, self.segments = corpus(seconds)
        self.wanted = self.manifest["utt_id"].tolist()
        self.batch_seconds, self.dtype = batch_seconds, dtype
        plan = plan_utterances(self.manifest, self.segments, self.wanted)
        self.plan = Plan(self.model, "benchmark", DTYPES[dtype], plan)
        self.blocks = list(plan_blocks(plan, BLOCK_BATCHES * batch_seconds))
        self.waveforms = {path: read(path) for path in self.manifest["audio_path"]}
        self.seconds = sum(utterance.seconds for utterance in plan)

    def loop(self) -> None:
        """One utterance at a time through transformers."""
        with torch.inference_mode():
            for waveform in self.waveforms.values():
                values = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
                inputs = torch.from_numpy(values)[None].to(self.model.device)
                for hidden in self.plain(inputs, output_hidden_states=True).hidden_states:
                    hidden.cpu()

    def batches(self) -> None:
        """Our batches through the model alone."""
        for block, planned in zip(self.blocks, self.planned(), strict=True):
            for batch in planned:
                self.model.forward([self.waveforms[block[index].audio_path] for index in batch])
        self.synchronise()

    def unstored(self) -> None:
        """Everything but writing."""
        encoder = Encoder(self.plan, round(self.batch_seconds * SAMPLE_RATE))
        for block in self.blocks:
            for encoded in encoder.encode(block, [self.waveforms[each.audio_path] for each in block]):
                encoded.wait()

    def stored(self) -> None:
        """The whole extraction."""
        with tempfile.TemporaryDirectory() as folder:
            extract(
                self.model,
                self.manifest,
                self.segments,
                self.wanted,
                Path(folder) / "s.zarr",
                name="benchmark",
                dtype=self.dtype,
                batch_seconds=self.batch_seconds,
                read=self.waveforms.__getitem__,
            )

    def planned(self) -> list[list[list[int]]]:
        """The batches of each block."""
        budget = round(self.batch_seconds * SAMPLE_RATE)
        return [plan_batches(lengths, budget) for lengths in self.lengths()]

    def lengths(self) -> list[list[int]]:
        """Samples of the utterances of each block."""
        return [[len(self.waveforms[each.audio_path]) for each in block] for block in self.blocks]

    def waste(self) -> float:
        """Share of padding in all batches."""
        true = sum(map(sum, self.lengths()))
        padded = sum(
            sum(sum(lengths[index] for index in batch) for batch in batches)
            / (1 - padding_waste(lengths, batches))
            for lengths, batches in zip(self.lengths(), self.planned(), strict=True)
        )
        return 1 - true / padded

    def synchronise(self) -> None:
        """Wait for the GPU."""
        if self.model.device.type == "cuda":
            torch.cuda.synchronize()


def median_seconds(ways: Sequence[Callable[[], None]], repeats: int) -> list[float]:
    """Time each way in turn, ``repeats`` times, and return the median of each."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for taken, way in zip(times, ways, strict=True):
            start = time.perf_counter()
            way()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def speed(size: str, arguments: argparse.Namespace) -> None:
    """Print the speed of the four ways for one model."""
    with tempfile.TemporaryDirectory() as folder:
        path = save_model(size, Path(folder) / size)
        ways = Ways(path, arguments.seconds, arguments.batch_seconds, arguments.device, arguments.dtype)
        ways.model.forward([next(iter(ways.waveforms.values()))])
        names = ["plain loop", "batches, model alone", "extraction, not stored", "extraction, stored"]
        calls = [ways.loop, ways.batches, ways.unstored, ways.stored]
        times = median_seconds(calls, arguments.repeats)
    print(
        f"{size}, {ways.model.device}, {torch.get_num_threads()} threads: {len(ways.manifest)} utterances, "
        f"{ways.seconds:.0f} s of audio, padding {100 * ways.waste():.1f} %"
    )
    for name, taken in zip(names, times, strict=True):
        rate = ways.seconds / taken
        line = f"  {name:24}{rate:10.2f} s of audio per s{times[0] / taken:8.2f} x the loop"
        if arguments.peak_tflops and size in GFLOP_PER_SECOND:
            line += f"{rate * GFLOP_PER_SECOND[size] / 10 / arguments.peak_tflops:8.1f} % of the peak"
        print(line)
    print(f"  storing costs {100 * (times[3] / times[2] - 1):.1f} % of the time without it", flush=True)


def peak_memory(folder: str, seconds: float, peak: "multiprocessing.Queue[float]") -> None:
    """Extract a corpus with the tiny model and report the peak memory of the process in MiB."""
    torch.set_num_threads(1)
    give_back_freed_memory()
    manifest, segments = corpus(seconds)
    model = load_model(folder, device="cpu")
    wanted = manifest["utt_id"].tolist()
    with tempfile.TemporaryDirectory() as target:
        extract(model, manifest, segments, wanted, Path(target) / "s.zarr", name="tiny", read=read)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak.put(used / (1024 if sys.platform == "linux" else 1024**2))


def memory() -> None:
    """Print the peak memory of extractions of 12 minutes and of 2 hours, in processes of their own."""
    processes = multiprocessing.get_context("spawn")
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        path = save_model("tiny", Path(folder) / "tiny")
        for minutes in (12, 120):
            queue: multiprocessing.Queue[float] = processes.Queue()
            process = processes.Process(target=peak_memory, args=(str(path), 60 * minutes, queue))
            process.start()
            peaks.append(queue.get())
            process.join()
            print(f"{minutes} min of audio: peak {peaks[-1]:.0f} MiB", flush=True)
    print(f"ratio {peaks[1] / peaks[0]:.3f}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(CONFIGS), default=["base", "large"])
    parser.add_argument("--seconds", type=float, default=90, help="audio to encode")
    parser.add_argument("--batch-seconds", type=float, default=30)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", choices=list(DTYPES), default="float16", help="of the store")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peak-tflops", type=float, help="what the device can do, for its share")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    arguments = parser.parse_args()
    if arguments.memory:
        memory()
        return
    for size in arguments.models:
        speed(size, arguments)


if __name__ == "__main__":
    main()
