"""Tokens of an item table: which frames each has, and which have none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.errors import AnalysisError
from layerwise.measures.abx_tokens import Tokens
from layerwise.measures.slices import SliceRule, frame_slices

Index = NDArray[np.int64]
PastEnd = Literal["clip", "drop", "error"]
NO_FRAME = "have no frame"
PAST = "reach past the last frame of their utterance and are left out"
CUT = "are cut at the last frame of their utterance"


@dataclass(frozen=True)
class Sliced:
    """Tokens of items: ``items`` are those that have frames; ``left_out`` counts others, and those cut."""

    tokens: Tokens
    items: pd.DataFrame
    left_out: dict[str, int]


def slice_items(
    features: Mapping[Any, ArrayLike],
    items: pd.DataFrame,
    rate: Any = 50,
    *,
    slices: SliceRule = "closed",
    past_end: PastEnd = "clip",
) -> Sliced:
    """Cut the tokens of items from features; arguments and errors as for `layerwise.measures.abx`."""
    missing = [name for name in ("utt_id", "start", "end") if name not in items]
    if missing:
        raise AnalysisError(f"the items have no column {', '.join(missing)}")
    utterances = list(pd.unique(items["utt_id"]))
    if not utterances:
        raise AnalysisError("the table of items has no rows")
    frames = [_frames(features, utterance) for utterance in utterances]
    _alike(utterances, frames)
    offsets = np.cumsum([0, *(len(values) for values in frames)])
    return cut_items(np.concatenate(frames), utterances, offsets, items, rate, slices, past_end)


def cut_items(
    frames: NDArray[Any],
    utterances: Sequence[Any],
    offsets: Index,
    items: pd.DataFrame,
    rate: Any,
    slices: SliceRule = "closed",
    past_end: PastEnd = "clip",
) -> Sliced:
    """Cut the tokens of items from frames of utterances one after the other; frames are not copied.

    ``offsets`` (utterances + 1) are where each utterance begins and ends; the rest is as in `slice_items`.
    """
    if past_end not in get_args(PastEnd):
        raise AnalysisError(f"past_end={past_end!r}: choose from {', '.join(get_args(PastEnd))}")
    first, stop = frame_slices(items["start"].to_numpy(), items["end"].to_numpy(), rate, slices)
    place = pd.Index(utterances).get_indexer(items["utt_id"])
    size = np.diff(offsets)[place]
    if (first < 0).any():
        raise AnalysisError(f"{_name(items, first < 0)} starts before its utterance")
    empty = stop <= first
    past = (stop > size) & ~empty
    if past_end == "error" and past.any():
        at = int(np.flatnonzero(past)[0])
        raise AnalysisError(
            f"{_name(items, past)} needs frames up to {stop[at] - 1} and its utterance ends with frame "
            f"{size[at] - 1}: pad the audio, or choose another past_end"
        )
    cut = np.minimum(stop, size)
    lost = past & ((past_end == "drop") | (cut <= first))
    keep = ~(empty | lost)
    if not keep.any():
        raise AnalysisError(f"none of {len(items)} items has frames: check `rate` and the times")
    counts = {NO_FRAME: empty.sum(), PAST: lost.sum(), CUT: (past & ~lost).sum()}
    return Sliced(
        Tokens(frames, (offsets[place] + first)[keep], (cut - first)[keep]),
        items[keep].reset_index(drop=True),
        {reason: int(number) for reason, number in counts.items() if number},
    )


def _frames(features: Mapping[Any, ArrayLike], utterance: Any) -> NDArray[Any]:
    if utterance not in features:
        raise AnalysisError(
            f"utterance {utterance} of the items has no features: extract them, or leave it out"
        )
    given: Any = features[utterance]
    if hasattr(given, "detach"):  # a tensor
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    values = np.asarray(given)
    if values.ndim == 1 and values.dtype.kind not in "iu":
        raise AnalysisError(
            f"features of {utterance}: one number per frame must be an integer, a discrete unit"
        )
    if values.ndim not in (1, 2) or values.dtype.kind not in "iuf":
        raise AnalysisError(f"features of {utterance}: give numbers (frames, dim), not {values.shape}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise AnalysisError(f"features of {utterance} have NaN or infinity")
    return values


def _alike(utterances: Sequence[Any], frames: Sequence[NDArray[Any]]) -> None:
    for utterance, values in zip(utterances, frames, strict=True):
        if values.shape[1:] != frames[0].shape[1:]:
            raise AnalysisError(
                f"features of {utterance} are {values.shape}, those of {utterances[0]} {frames[0].shape}"
            )


def _name(items: pd.DataFrame, wanted: NDArray[np.bool_]) -> str:
    item = items[wanted].iloc[0]
    return f"item {items.index[wanted][0]} ({item['utt_id']}, {item['start']} to {item['end']} s)"
