"""Pre-training data: folders of audio packed into one stream of frames with MFCC and cluster targets.

Utterances are joined end to end on a grid of 20 ms frames, so that training can cut crops of one length
anywhere and needs no padding. Frame t of the stream looks at samples 320 t to 320 t + 400: the receptive
field of every model with the standard stem (wav2vec 2.0, HuBERT) and of the small one in ``model``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor
from torchaudio.compliance import kaldi
from torchaudio.functional import compute_deltas

from layerwise.corpus.audio import SAMPLE_RATE, read_audio
from layerwise.corpus.entries import AUDIO_SUFFIXES
from layerwise.errors import AudioError, CorpusError
from layerwise.files import files_below, write_aside, write_csv
from layerwise.seeds import derive_seed

FRAME_SAMPLES = 320
RECEPTIVE_FIELD = 400
MFCC_DIM = 39
EPSILON = 1e-5


@dataclass(frozen=True)
class MaskedBatch:
    """Crops: waveforms (b, 320 f + 80), their MFCC (b, f, 39), clusters (b, f) and mask (b, f)."""

    waveforms: Tensor
    mfcc: Tensor
    clusters: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Masking:
    """Spans of ``length`` frames, as many as start at a fraction ``probability / length`` of the frames."""

    probability: float = 0.65
    length: int = 10

    def draw(self, crops: int, frames: int, seed: int) -> NDArray[np.bool_]:
        """Return a mask (crops, frames); every crop has the same number of spans, which may overlap."""
        generator = np.random.default_rng(seed)
        places = frames - self.length + 1
        spans = max(1, round(self.probability * frames / self.length))
        mask = np.zeros((crops, frames), dtype=np.bool_)
        for row in mask:
            for start in generator.choice(places, spans, replace=False):
                row[start : start + self.length] = True
        return mask


@dataclass(frozen=True)
class PackedSpeech:
    """A stream of frames: waveform (320 n + 80,), MFCC (n, 39) and cluster of each frame (n,)."""

    waveform: NDArray[np.float16]
    mfcc: NDArray[np.float16]
    clusters: NDArray[np.int16]

    @property
    def hours(self) -> float:
        """Hours of unique audio."""
        return len(self.clusters) * FRAME_SAMPLES / SAMPLE_RATE / 3600

    @property
    def cluster_count(self) -> int:
        """Number of clusters."""
        return int(self.clusters.max()) + 1

    def random_batch(self, crops: int, frames: int, masking: Masking, seed: int) -> MaskedBatch:
        """Cut crops at uniformly random frames and mask them; the same seed gives the same batch."""
        last = len(self.clusters) - frames
        if last < 0:
            raise CorpusError(
                f"pre-training data has {len(self.clusters)} frames, fewer than one crop of {frames}: "
                "add audio"
            )
        starts = np.random.default_rng(seed).integers(0, last, size=crops, endpoint=True)
        rows = starts[:, None] + np.arange(frames)
        samples = starts[:, None] * FRAME_SAMPLES + np.arange((frames - 1) * FRAME_SAMPLES + RECEPTIVE_FIELD)
        mask = masking.draw(crops, frames, derive_seed(seed, "mask"))
        return MaskedBatch(
            torch.from_numpy(self.waveform[samples].astype(np.float32)),
            torch.from_numpy(self.mfcc[rows].astype(np.float32)),
            torch.from_numpy(self.clusters[rows].astype(np.int64)),
            torch.from_numpy(mask),
        )


def load_packed(folder: Path | str) -> PackedSpeech:
    """Open what ``pack_speech`` wrote, memory-mapped."""
    waveform, mfcc, clusters = (
        np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in ("waveform", "mfcc", "clusters")
    )
    return PackedSpeech(waveform, mfcc, clusters)


def pack_speech(
    folders: Sequence[Path | str], target: Path | str, clusters: int, seed: int, max_fit_frames: int = 200_000
) -> None:
    """Pack every audio file below ``folders`` into the folder ``target`` and cluster its MFCC.

    Writes waveform.npy (each utterance at zero mean and unit variance, as preprocessors of these models
    do), mfcc.npy (39 dimensions, normalised per utterance), clusters.npy (k-means of the MFCC, Hsu et al.
    2021, section III-A), and utterances.csv: path, seconds, first_frame, frames, excluded (reason or empty).
    Raises CorpusError if the folders hold no usable audio.
    """
    paths = sorted(path for folder in folders for path in files_below(folder, AUDIO_SUFFIXES))
    waveforms, mfccs, rows, first = [], [], [], 0
    for path in paths:
        try:
            samples = read_audio(path)
        except AudioError as error:
            rows.append((path.as_posix(), 0.0, first, 0, str(error)))
            continue
        mfcc = utterance_mfcc(samples)
        waveforms.append(_normalise(samples)[: len(mfcc) * FRAME_SAMPLES].astype(np.float16))
        mfccs.append(mfcc.astype(np.float16))
        rows.append((path.as_posix(), len(samples) / SAMPLE_RATE, first, len(mfcc), ""))
        first += len(mfcc)
    if not mfccs:
        raise CorpusError(f"no usable audio below {', '.join(map(str, folders))}: check `pretrain.data`")
    tail = np.zeros(RECEPTIVE_FIELD - FRAME_SAMPLES, dtype=np.float16)
    frames = np.concatenate(mfccs)
    with write_aside(target) as partial:
        partial.mkdir()
        np.save(partial / "waveform.npy", np.concatenate([*waveforms, tail]))
        np.save(partial / "mfcc.npy", frames)
        np.save(partial / "clusters.npy", cluster_frames(frames, clusters, max_fit_frames, seed))
        columns = ["path", "seconds", "first_frame", "frames", "excluded"]
        write_csv(pd.DataFrame(rows, columns=columns), partial / "utterances.csv")


def utterance_mfcc(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """13 MFCC with first and second differences every 20 ms, zero mean and unit variance: (frames, 39)."""
    waveform = torch.from_numpy(samples)[None] * (1 << 15)
    static = kaldi.mfcc(waveform, sample_frequency=SAMPLE_RATE).T
    velocity = compute_deltas(static)
    features = torch.cat([static, velocity, compute_deltas(velocity)]).T
    return _normalise(features.numpy())[::2]


def cluster_frames(
    features: NDArray[np.float16], clusters: int, max_fit_frames: int, seed: int
) -> NDArray[np.int16]:
    """Cluster of each frame (n,) by k-means fitted to at most ``max_fit_frames`` random frames."""
    if len(features) < clusters:
        raise CorpusError(f"{len(features)} frames cannot make {clusters} clusters: add audio")
    generator = np.random.default_rng(derive_seed(seed, "cluster-frames"))
    chosen = generator.permutation(len(features))[:max_fit_frames]
    means = MiniBatchKMeans(
        clusters, batch_size=8192, max_iter=50, n_init=3, random_state=derive_seed(seed, "k-means")
    )
    means.fit(features[np.sort(chosen)].astype(np.float32))
    return np.asarray(means.predict(features.astype(np.float32)), dtype=np.int16)


def _normalise(features: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = features - features.mean(axis=0)
    normalised: NDArray[np.float32] = centred / (centred.std(axis=0) + EPSILON)
    return normalised
