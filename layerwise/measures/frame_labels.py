"""The phone of each step of time, from a table of intervals: one per frame, or every 10 ms."""

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.moments import Index
from layerwise.errors import AnalysisError
from layerwise.features.pooling import exact_seconds
from layerwise.measures.slices import frame_slices
from layerwise.measures.tokens import check_items

Rule = Literal["centre", "10ms"]
SILENCE = "SIL"
TEN_MS = 100  # steps per second
OVERHANG = 3  # frames after the last one where an interval may begin, as in `layerwise.features.segments`


class Steps(NamedTuple):
    """Labels of the steps of utterances, and how they meet frames.

    ``labels`` holds codes (steps,) by utterance, into ``names``; ``repeat`` is steps per frame.
    """

    labels: dict[Any, Index]
    names: NDArray[Any]
    repeat: int

    def meet(self, utt_id: Hashable, units: NDArray[Any]) -> tuple[NDArray[Any], Index]:
        """Return units (n,) and labels (n,) of the steps that have both."""
        repeated, labels = np.repeat(units, self.repeat), self.labels[utt_id]
        n = min(len(repeated), len(labels))
        return repeated[:n], labels[:n]


def label_steps(lengths: Mapping[Any, int], items: pd.DataFrame, rate: Fraction | float, rule: Rule) -> Steps:
    """Label each step of utterances with as many frames as ``lengths`` says.

    ``centre``: a step is a frame. ``10ms``: steps are 10 ms, so many to each frame. A step has the label of
    the interval that its centre stands in (both ends closed; of two that share the time, the later), or else
    is silence (``SIL``). As in discophon, labels of an utterance end where its last interval does if that is
    less than a frame before or after the last frame; where intervals end earlier, the rest is silence.

    Raises AnalysisError for a rule that does not fit the rate, tables that do not fit, intervals that
    overlap, and those that begin some frames after the last one.
    """
    if rule not in get_args(Rule):
        raise AnalysisError(f"labels {rule!r} is unknown: use {' or '.join(get_args(Rule))}")
    check_items(items, ("utt_id", "start", "end", "label"))
    per_second = rate if isinstance(rate, Fraction) else exact_seconds(rate)
    repeat = Fraction(1) if rule == "centre" else TEN_MS / per_second
    if repeat.denominator != 1:
        raise AnalysisError(
            f"a frame of {float(1 / per_second):g} s is not a multiple of 10 ms: use labels='centre'"
        )
    if missing := sorted(set(items["utt_id"]) - set(lengths), key=str):
        raise AnalysisError(f"there are no units of utterance {missing[0]!r}: add them or leave it out")
    names, codes = np.unique(np.append(items["label"].to_numpy(str), SILENCE), return_inverse=True)
    numbered = items.assign(code=codes[:-1])
    labels = {
        utt_id: _label(rows, lengths[utt_id], int(repeat), per_second, int(codes[-1]))
        for utt_id, rows in numbered.groupby("utt_id", sort=False)
    }
    return Steps(labels, names, int(repeat))


def _label(rows: pd.DataFrame, frames: int, repeat: int, rate: Fraction, silence: int) -> Index:
    rows = rows.sort_values(["start", "end"], kind="stable")
    starts, ends = rows["start"].to_numpy(), rows["end"].to_numpy()
    bounds = list(zip(*frame_slices(starts, ends, rate * repeat), strict=True))
    utt_id = rows["utt_id"].iloc[0]
    overlaps = np.flatnonzero(starts[1:] < ends[:-1])
    if overlaps.size:
        row = int(overlaps[0])
        raise AnalysisError(
            f"intervals of {utt_id} overlap: {starts[row]:g} to {ends[row]:g} s and {starts[row + 1]:g} to "
            f"{ends[row + 1]:g} s; a frame has one label"
        )
    if bounds[-1][0] > (frames + OVERHANG) * repeat:
        raise AnalysisError(
            f"an interval of {utt_id} begins at {starts[-1]:g} s, after the last of its {frames} frames: is "
            "the rate that of the units?"
        )
    end, available = max(stop for _, stop in bounds), frames * repeat
    labels = np.full(available if end < available - repeat else end, silence, np.int64)
    for (first, stop), code in zip(bounds, rows["code"], strict=True):
        labels[first:stop] = code
    return labels
