"""Means of frames over the tokens of a table, with the slices of the public tools."""

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index
from layerwise.errors import AnalysisError
from layerwise.measures.slices import frame_slices


class Pooled(NamedTuple):
    """Means of tokens (kept, dim) in float64, the rows of the table that they are of, and how many are cut.

    A token without a frame of its own, or past the last frame, has no mean and is not kept. ``cut``: those
    kept that end after the last frame and are the mean of the frames that there are.
    """

    means: Array
    kept: Index
    cut: int


def pool_tokens(features: Mapping[Any, Any], items: pd.DataFrame, rate: Fraction | float) -> Pooled:
    """Average the raw frames of each token (`layerwise.measures.slices`).

    ``features`` holds (frames, dim) by utterance, ``items`` has columns utt_id, start, end (seconds), label.
    Raises AnalysisError for missing columns or utterances, frames that are not (frames, dim), and NaN or
    infinity.
    """
    check_items(items, ("utt_id", "start", "end", "label"))
    means, kept, cut = [], [], 0
    for utt_id, rows in items.reset_index(drop=True).groupby("utt_id", sort=False):
        frames = utterance(features, utt_id, 2)
        slices = frame_slices(rows["start"], rows["end"], rate)
        for row, first, stop in zip(rows.index, *slices, strict=True):
            first = max(first, 0)
            if first >= min(stop, len(frames)):
                continue
            mean = np.asarray(frames[first:stop]).mean(axis=0, dtype=np.float64)
            if not np.isfinite(mean).all():
                label, start, end = rows.loc[row, ["label", "start", "end"]]
                raise AnalysisError(
                    f"frames of {label!r} ({start:g} to {end:g} s) of {utt_id} hold NaN or infinity; extract "
                    "the features again"
                )
            means.append(mean)
            kept.append(row)
            cut += stop > len(frames)
    if not means:
        raise AnalysisError("no token has a frame: are times in seconds, and is the rate that of the frames?")
    order = np.argsort(kept)
    return Pooled(np.stack(means)[order], np.array(kept, np.int64)[order], cut)


def check_items(items: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise AnalysisError for a table of tokens that lacks columns, rows or times, or has impossible ones."""
    if missing := [name for name in columns if name not in items]:
        raise AnalysisError(f"the table of items lacks {', '.join(missing)}; it needs {', '.join(columns)}")
    if items.empty:
        raise AnalysisError("the table of items has no rows")
    for name in columns:
        if items[name].isna().any():
            row = int(np.flatnonzero(items[name].isna())[0])
            raise AnalysisError(f"row {row} of the table of items has no {name}: leave it out")
    times = items[["start", "end"]].to_numpy(np.float64)
    bad = np.flatnonzero(
        ~(np.isfinite(times).all(axis=1) & (times[:, 0] >= 0) & (times[:, 1] >= times[:, 0]))
    )
    if bad.size:
        start, end = times[bad[0]]
        utt_id = items["utt_id"].iloc[bad[0]]
        raise AnalysisError(
            f"row {bad[0]} of the table of items ({start:g} to {end:g} s of {utt_id}) is no interval: give "
            "times in seconds with 0 <= start <= end"
        )


def utterance(values: Mapping[Any, Any], utt_id: Hashable, dimensions: int) -> NDArray[Any]:
    """Return the frames or units of an utterance as an array.

    Raises AnalysisError where there are none, or they are not of so many dimensions.
    """
    if utt_id not in values:
        raise AnalysisError(f"there are no features of utterance {utt_id!r}: extract them or leave it out")
    found = values[utt_id]
    if hasattr(found, "detach"):
        found = found.detach().cpu()
        found = found.float() if str(found.dtype) == "torch.bfloat16" else found
    array = np.asarray(found)
    if array.ndim != dimensions:
        expected = "(frames, dim)" if dimensions == 2 else "(frames,)"
        raise AnalysisError(f"features of utterance {utt_id!r} must be {expected}, not {array.shape}")
    return array
