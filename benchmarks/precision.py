"""What bfloat16 and TF32 do to the layers of a model and to its phone score.

    snakemake results/ci/samples/segments.parquet --cores 2 --configfile configs/ci.yaml
    python benchmarks/precision.py results/ci resources/models/hubert-tiny [more models] [--utterances 60]

Encodes utterances of a run in float32 and in each other precision, on CUDA where there is one, else on the
CPU (no TF32 there). Prints one row per model, precision and layer: ``error`` is the root mean square
difference from float32 over the root mean square deviation of the float32 layer from its mean; ``score`` the
cca-phone score (PWCCA of phone means with phone identity, cross-validated over utterances) in float32, and
``change`` that of the other precision minus it. Both use the same splits; ``sd``, the standard deviation
over test parts, is there to judge the change by.
"""

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from layerwise.cca import cross_validate
from layerwise.corpus.audio import read_audio
from layerwise.features.pooling import pooling_weights
from layerwise.models import load_model

BATCH_SAMPLES = 60 * 16_000
PARTS = 5


def encode(source: str, precision: str, audio: list[NDArray[np.float32]]) -> list[dict[str, torch.Tensor]]:
    """Return the layers of each utterance in a precision."""
    model = load_model(source, dtype=precision)
    encoded = model.encode(audio, BATCH_SAMPLES)
    return [{layer: torch.from_numpy(frames) for layer, frames in layers.items()} for layers in encoded]


def phone_means(
    bounds: list[list[tuple[float, float]]], frames: list[torch.Tensor], stride: Fraction
) -> NDArray[np.float32]:
    """Return the mean of each phone's middle third (segments, dim), utterance after utterance."""
    means = [
        (pooling_weights({"phone": phones}, len(values), stride) @ values)[:-1]
        for phones, values in zip(bounds, frames, strict=True)
    ]
    return torch.cat(means).numpy()


def phone_scores(means: NDArray[np.float32], segments: pd.DataFrame) -> pd.Series:
    """Return the cca-phone score of each test part."""
    return cross_validate(
        means,
        pd.get_dummies(segments["label"]).to_numpy(np.float32),
        groups=segments["utt_id"].to_numpy(),
        labels=segments["label"].to_numpy(),
        parts=PARTS,
        permutations=0,
    )["score"]


def main() -> None:
    """Print the table as CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--utterances", type=int, default=60)
    arguments = parser.parse_args()
    manifest = pd.read_parquet(arguments.run / "corpus" / "manifest.parquet").set_index("utt_id")
    segments = pd.read_parquet(arguments.run / "samples" / "segments.parquet").query("kind == 'phone'")
    chosen = np.random.default_rng(0).permutation(segments["utt_id"].unique())[: arguments.utterances]
    segments = segments[segments["utt_id"].isin(chosen)].sort_values("utt_id", kind="stable")
    # Phones of a few utterances cannot be in all parts.
    segments = segments[segments.groupby("label")["utt_id"].transform("nunique") >= PARTS]
    parts = dict(list(segments.groupby("utt_id")))
    bounds = [list(zip(part["start"], part["end"], strict=True)) for part in parts.values()]
    audio = [read_audio(str(manifest["audio_path"][utt_id])) for utt_id in parts]
    print("model,precision,layer,error,score,sd,change")
    for source in arguments.models:
        model = load_model(source)
        exact = encode(source, "float32", audio)
        for precision in ["tf32", "bfloat16"] if torch.cuda.is_available() else ["bfloat16"]:
            other = encode(source, precision, audio)
            for layer in model.layers:
                before, after = ([layers[layer] for layers in encoded] for encoded in (exact, other))
                frames, changed = torch.cat(before), torch.cat(after)
                deviation = (frames - frames.mean(dim=0)).square().mean().sqrt()
                error = (changed - frames).square().mean().sqrt() / deviation
                stride = model.grid(layer).stride_seconds
                score, new = (
                    phone_scores(phone_means(bounds, values, stride), segments) for values in (before, after)
                )
                print(
                    f"{Path(source).name},{precision},{layer},{error:.1e},{score.mean():.4f},"
                    f"{score.std():.4f},{new.mean() - score.mean():+.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
