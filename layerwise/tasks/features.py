"""The features that a task trains on: layers and utterances, stored or live, standardised or raw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from layerwise.contracts.columns import SPLITS
from layerwise.errors import TaskError
from layerwise.features.source import FeatureSource
from layerwise.layers import on_curve
from layerwise.options.training import LayerChoice
from layerwise.seeds import derive_seed
from layerwise.tasks.batches import make_blocks
from layerwise.tasks.data import Notes, Split, Task
from layerwise.tasks.sources.base import Features, Kept, Standardised
from layerwise.tasks.sources.live import LiveEncoder, LiveFrames, live_means
from layerwise.tasks.sources.stored import StoredFrames, stored_means

# Features of all utterances of a task that need no more than this stay in memory.
KEEP_BYTES = 2**30
# Statistics of frames are taken from so many training utterances at most.
STATISTICS_UTTERANCES = 500
STATISTICS_BATCH = 8

Source = FeatureSource | LiveEncoder


def task_layers(source: Source, choice: LayerChoice | tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return the layers of a task: of T0 ... TL and TL+ln all, every n-th and the last, or a list.

    A layer with frames of another length than T0 (Qwen2-Audio's TL+ln, which is pooled) is none of them: it
    has no place in a sum over layers.

    Raises:
        TaskError: there are none, a listed one is not there, or their dimensions differ.
    """
    blocks = tuple(layer for layer in source.layers if on_curve(layer))
    there = tuple(layer for layer in blocks if source.stride(layer) == source.stride(blocks[0]))
    if not there:
        raise TaskError(f"{source.model}: no layer T0 ... TL among {', '.join(source.layers)}")
    layers = there
    if isinstance(choice, str) and choice.startswith("every-"):
        step = int(choice.removeprefix("every-"))
        layers = tuple(layer for row, layer in enumerate(there) if row % step == 0 or row == len(there) - 1)
    elif choice and not isinstance(choice, str):
        missing = [layer for layer in choice if layer not in there]
        if missing:
            raise TaskError(f"{source.model}: `layers` names {missing[0]}; there are {', '.join(there)}")
        layers = tuple(layer for layer in there if layer in choice)
    dims = {layer: source.dim(layer) for layer in layers}
    if len(set(dims.values())) > 1:
        raise TaskError(
            f"{source.model}: layers differ in dimension ({dims}); a weighted sum needs one dimension"
        )
    return layers


def usable_rows(source: Source, manifest: pd.DataFrame, notes: Notes, *, pooled: bool) -> pd.DataFrame:
    """Rows of the utterances in known splits that have features, sorted by id; the others are noted."""
    there = set(source.mean_utterances if pooled else source.utterances)
    manifest = manifest.sort_values("utt_id")
    keep = []
    for utt_id, split in zip(manifest["utt_id"], manifest["split"], strict=True):
        if split not in SPLITS:
            notes.exclude(utt_id, str(split), f"split is not one of {', '.join(SPLITS)}")
        elif utt_id not in there:
            notes.exclude(utt_id, split, f"no stored features of {source.model}")
        keep.append(split in SPLITS and utt_id in there)
    return manifest[np.array(keep, dtype=bool)].reset_index(drop=True)


def open_features(source: Source, task: Task, layers: tuple[str, ...], utt_ids: Sequence[str]) -> Features:
    """Return the raw features of utterances: their mean frames for a pooled task, else frames on demand."""
    if isinstance(source, LiveEncoder):
        return live_means(source, layers, utt_ids) if task.pooled else LiveFrames(source, layers, utt_ids)
    return stored_means(source, layers, utt_ids) if task.pooled else StoredFrames(source, layers, utt_ids)


def fits_memory(features: Features, splits: Mapping[str, Split]) -> bool:
    """Whether the features of all utterances of a task are small enough to stay in memory."""
    frames = sum(features.lengths[utt_id] for part in splits.values() for utt_id in part.utt_ids)
    return frames * features.frame_bytes() <= KEEP_BYTES


def training_features(
    features: Features,
    splits: Mapping[str, Split],
    *,
    normalise: bool,
    in_memory: bool,
    pooled: bool,
    seed: int,
) -> Features:
    """Return features as the heads get them: standardised on training utterances, kept where they fit."""
    if normalise:
        utt_ids = np.array(splits["train"].utt_ids)
        if not pooled and len(utt_ids) > STATISTICS_UTTERANCES:
            chosen = np.random.default_rng(derive_seed(seed, "statistics")).choice(
                len(utt_ids), STATISTICS_UTTERANCES, replace=False
            )
            utt_ids = utt_ids[np.sort(chosen)]
        blocks = make_blocks(
            utt_ids.tolist(), features.lengths, STATISTICS_BATCH, frame_bytes=features.frame_bytes()
        )
        features = Standardised(features, blocks)
    return Kept(features) if in_memory and not pooled else features
