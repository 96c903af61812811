"""What a layer is compared with: labels as one-hot vectors, and frames of another layer or of log-mel."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Index
from layerwise.errors import AnalysisError

Protocol = Literal["corrected", "paper"]


def one_hot(labels: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[np.float32], list[Any]]:
    """Return one-hot rows (n, classes) and the classes, sorted; only classes that occur get a column."""
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    return np.eye(len(classes), dtype=np.float32)[codes], classes.tolist()


class Grid(NamedTuple):
    """Frames of concatenated utterances: offsets (U + 1), and when they are, in seconds."""

    offsets: Index
    stride: Fraction
    first_centre: Fraction


class FramePairs(NamedTuple):
    """Rows of paired frames in two grids, and the utterance (0..U-1) of each pair; all (n,).

    ``dropped``: layer frames whose partner the target does not have.
    """

    layer: Index
    target: Index
    utterance: Index
    dropped: int


def pair_frames(layer: Grid, target: Grid, protocol: Protocol = "corrected") -> FramePairs:
    """Pair each frame of a layer with one frame of a target of the same or a smaller stride.

    ``corrected``: the target frame whose centre is nearest (ties: the later), in exact fractions.
    ``paper``: target frame i * step for layer frame i, whatever their centres. Utterances are cut to what
    both grids have. Raises AnalysisError if the grids have different utterances or the layer's
    stride is no multiple of the target's.
    """
    if len(layer.offsets) != len(target.offsets):
        raise AnalysisError(
            f"the layer has {len(layer.offsets) - 1} utterances and the target {len(target.offsets) - 1}; "
            "extract both from the same manifest"
        )
    step = layer.stride / target.stride
    if step.denominator != 1:
        raise AnalysisError(
            f"frames every {layer.stride} s cannot be paired with frames every {target.stride} s: "
            "the first must be a multiple of the second"
        )
    lead = Fraction(0)
    if protocol == "corrected":
        lead = (layer.first_centre - target.first_centre) / target.stride
    first = floor(lead + Fraction(1, 2))
    rows, partners, utterances, dropped = [], [], [], 0
    for utterance, (start, stop) in enumerate(zip(layer.offsets[:-1], layer.offsets[1:], strict=True)):
        begin, end = target.offsets[utterance], target.offsets[utterance + 1]
        own = np.arange(stop - start)
        partner = own * int(step) + first
        inside = (partner >= 0) & (partner < end - begin)
        rows.append(start + own[inside])
        partners.append(begin + partner[inside])
        utterances.append(np.full(int(inside.sum()), utterance))
        dropped += int((~inside).sum())
    return FramePairs(np.concatenate(rows), np.concatenate(partners), np.concatenate(utterances), dropped)
