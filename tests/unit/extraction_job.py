"""An extraction in a process of its own, for tests that kill it or measure it."""

import multiprocessing
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from layerwise.features import writer
from layerwise.features.extract import extract
from layerwise.models.base import Grid, Layer, SpeechModel, Waveform

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["layerwise.features.extract"])


class Rows(SpeechModel):
    """Frames of 20 ms are the samples under them, scaled per layer; every batch is noted in a file."""

    source = "rows"
    device = torch.device("cpu")

    def __init__(self, log: Path, limit: float = float("inf")) -> None:
        self.log, self.limit = log, limit
        layer = Layer(320, Grid.unpadded(320, 320), "samples")
        self.table = {"T0": layer, "T1": layer}

    def num_frames(self, samples: int, layer: str) -> int:
        return samples // 320

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        with self.log.open("a") as stream:
            stream.write("".join(f"{len(waveform)}\n" for waveform in waveforms))
        padded = torch.zeros(len(waveforms), -(-max(map(len, waveforms)) // 320), 320)
        if padded.numel() > self.limit:
            raise RuntimeError("MPS backend out of memory")
        for row, waveform in zip(padded, waveforms, strict=True):
            row.view(-1)[: len(waveform)] = torch.from_numpy(waveform)
        return {"T0": padded, "T1": 0.5 * padded}


def corpus(samples: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest and segments of utterances named by their number; ``read`` makes their noise."""
    utt_ids = [f"{index:05d}" for index in range(len(samples))]
    paths = [f"{utt_id}:{count}" for utt_id, count in zip(utt_ids, samples, strict=True)]
    manifest = pd.DataFrame(
        {"utt_id": utt_ids, "audio_path": paths, "samples": list(samples), "sample_rate": 16_000}
    )
    segments = [
        (kind, utt_id, 0.04 * k, 0.04 * k + 0.1)
        for kind in ("phone", "word")
        for utt_id, count in zip(utt_ids, samples, strict=True)
        for k in range(count // 8000)
    ]
    return manifest, pd.DataFrame(segments, columns=["kind", "utt_id", "start", "end"])


def read(path: str) -> Waveform:
    seed, samples = map(int, path.split(":"))
    return np.random.default_rng(seed).standard_normal(samples, dtype=np.float32)


def job(target: Path, samples: Sequence[int], options: Mapping[str, object] = {}) -> None:
    """Extract a corpus of noise with small chunks and shards; batches are noted beside the target."""
    writer.CHUNK_BYTES = 320 * 4 * 16
    manifest, segments = corpus(samples)
    arguments: dict[str, Any] = {
        "frame_utterances": manifest["utt_id"].tolist(),
        "name": "rows",
        "dtype": "float32",
        "batch_seconds": 2,
        "block_seconds": 6,
        "shard_chunks": 16,
        "read": read,
        **options,
    }
    extract(Rows(target.with_suffix(".log")), manifest, segments, store_path=target, **arguments)


def started(
    target: Path, samples: Sequence[int], options: Mapping[str, object] = {}
) -> multiprocessing.process.BaseProcess:
    """Start the job in a process of its own."""
    process = PROCESSES.Process(target=job, args=(target, samples, options))
    process.start()
    return process


def limited_job(target: Path, samples: Sequence[int], file_bytes: int) -> None:
    """Run the job under a limit on the size of files, as a quota would set it; the error goes to a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    try:
        job(target, samples, {"shard_chunks": 50})
    except Exception as error:
        target.with_suffix(".error").write_text(f"{type(error).__name__}: {error}")


def measured_job(target: Path, samples: Sequence[int]) -> None:
    """Run the job with shards of an ordinary size and write its peak memory in MiB to a file."""
    job(target, samples, {"batch_seconds": 10, "block_seconds": 60, "shard_chunks": 64})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    target.with_suffix(".peak").write_text(str(peak / (1024 if sys.platform == "linux" else 1024**2)))
