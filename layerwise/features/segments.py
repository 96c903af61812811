"""Means of frames over intervals in seconds, for features of any origin."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import AnalysisError
from layerwise.features.pooling import exact_seconds, frame_range
from layerwise.features.source import SegmentKind

Part = Literal["all", "middle third"]
_KINDS: dict[str, SegmentKind] = {"all": "word", "middle third": "phone"}
# An utterance may last longer than its frames say, by what the last frame sees beyond its stride.
OVERHANG = 3


def pool(
    frames: Any,
    intervals: "pd.DataFrame | Sequence[tuple[float, float]] | NDArray[Any]",
    *,
    stride: Fraction | float,
    part: Part = "all",
) -> NDArray[Any]:
    """Average the frames of each interval, as the workflow does: (intervals, dim), in their order.

    ``frames`` are those of one utterance, (frames, dim): an array, tensor, table, Zarr array or HDF5
    dataset; or of several, by utterance id or in a list. ``intervals`` are (start, end) in seconds, or a
    table with columns start and end and, for several utterances, utt_id: their ids, or their places in the
    list. ``stride`` is the time between frames in seconds (``model.grid(layer).stride_seconds``).

    Frames floor(start/stride) to ceil(end/stride) are averaged, with ``part="middle third"`` those without
    the outer thirds, in exact arithmetic (``layerwise.features.pooling.frame_range``). In Pasad et al. words
    are ``all`` of their frames and phones the ``middle third``. The result is float32, or float64 if frames
    are.

    The workflow first averages conv layers faster than 10 ms to frames of 10 ms; this function does not.
    Raises AnalysisError for frames that are not (frames, dim), intervals without frames to fit, and
    utterances that are not there.
    """
    if part not in _KINDS:
        raise AnalysisError(f"part {part!r} is unknown: use one of {', '.join(_KINDS)}")
    step = stride if isinstance(stride, Fraction) else exact_seconds(stride)
    if step <= 0:
        raise AnalysisError(f"stride must be positive seconds, not {stride}")
    means = [
        _mean(utterance, start, end, step, part, f"interval {number}{where}")
        for number, (utterance, start, end, where) in enumerate(_pair(frames, intervals))
    ]
    if not means:
        first = next(iter(_utterances(frames).values()), None) if _several(frames) else _frames(frames, "")
        return np.empty((0, 0 if first is None else first.shape[1]), np.float32)
    return np.stack(means)


def _pair(frames: Any, intervals: Any) -> Iterator[tuple[Any, float, float, str]]:
    """Yield the frames of each interval, its start and end, and which utterance it is of, for messages."""
    table = isinstance(intervals, pd.DataFrame)
    if table and (missing := {"start", "end"} - set(intervals.columns)):
        raise AnalysisError(f"the table of intervals lacks {' and '.join(sorted(missing))} (in seconds)")
    bounds = np.asarray(intervals[["start", "end"]] if table else intervals, dtype=np.float64)
    if bounds.size == 0:
        return
    if bounds.ndim != 2 or bounds.shape[1] != 2:
        raise AnalysisError(f"intervals must be (start, end) in seconds, not an array {bounds.shape}")
    ids = intervals["utt_id"].tolist() if table and "utt_id" in intervals else None
    if not _several(frames):
        if ids is not None and len(set(ids)) > 1:
            raise AnalysisError(
                f"intervals are of {len(set(ids))} utterances and frames of one: give frames as "
                "{utt_id: (frames, dim)}"
            )
        utterance = _frames(frames, "")
        for start, end in bounds.tolist():
            yield utterance, start, end, ""
        return
    if ids is None:
        raise AnalysisError("frames of several utterances need a table of intervals with the column utt_id")
    utterances = _utterances(frames)
    for utt_id, (start, end) in zip(ids, bounds.tolist(), strict=True):
        if utt_id not in utterances:
            raise AnalysisError(f"there are no frames of utterance {utt_id!r}: extract them or leave it out")
        yield utterances[utt_id], start, end, f" of {utt_id}"


def _mean(frames: Any, start: float, end: float, stride: Fraction, part: Part, name: str) -> NDArray[Any]:
    count = frames.shape[0]
    interval = f"{name} ({start:g} to {end:g} s)"
    if not (isfinite(start) and isfinite(end) and 0 <= start <= end):
        raise AnalysisError(f"{interval} is none: give times in seconds with 0 <= start <= end")
    if exact_seconds(start) > (count + OVERHANG) * stride:
        raise AnalysisError(
            f"{interval} begins after the {count} frames of {float(stride):g} s: is the utterance another, "
            "or are times not in seconds?"
        )
    first, last = frame_range(start, end, stride, count, _KINDS[part])
    values = np.asarray(frames[first:last])
    mean: NDArray[Any] = values.mean(axis=0, dtype=np.float64)
    return mean.astype(np.result_type(values.dtype, np.float32))


def _several(frames: Any) -> bool:
    return isinstance(frames, Mapping | list | tuple)


def _utterances(frames: Any) -> dict[Any, Any]:
    by_id = frames if isinstance(frames, Mapping) else dict(enumerate(frames))
    return {utt_id: _frames(values, f" of utterance {utt_id}") for utt_id, values in by_id.items()}


def _frames(values: Any, where: str) -> Any:
    """Return frames (frames, dim) that can be sliced and read by NumPy."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()
    if isinstance(values, pd.DataFrame):
        values = values.to_numpy()
    shape = getattr(values, "shape", None)
    if shape is None or len(shape) != 2 or not shape[0]:
        found = type(values).__name__ if shape is None else f"{type(values).__name__} {tuple(shape)}"
        raise AnalysisError(f"frames{where} must be (frames, dim) with at least one frame, not {found}")
    return values
