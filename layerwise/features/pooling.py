"""From segments in seconds to frames and their means, in exact arithmetic."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from layerwise.features.source import SegmentKind

if TYPE_CHECKING:
    import torch


def frame_range(
    start: float, end: float, stride: Fraction, frames: int, kind: SegmentKind = "word"
) -> tuple[int, int]:
    """Return the half-open range of a segment's frames, as the paper's code counts them.

    Words: floor(start/stride) to ceil(end/stride). Phones: without offset = floor((n + 1) / 3) of those n
    frames on either side, the middle third. Clipped to the ``frames`` available; at least one frame. Times
    are taken as the decimal numbers they print as: 0.58 s at 20 ms is frame 29, not 28.999999999999996.
    """
    if frames < 1:
        raise ValueError("no frames to pool")
    first = floor(exact_seconds(start) / stride)
    last = ceil(exact_seconds(end) / stride)
    if kind == "phone":
        offset = (last - first + 1) // 3
        first, last = first + offset, last - offset
    first = min(max(first, 0), frames - 1)
    return first, max(min(last, frames), first + 1)


def pooling_weights(
    segments: Mapping[SegmentKind, Sequence[tuple[float, float]]],
    frames: int,
    stride: Fraction,
    device: "torch.device | str" = "cpu",
) -> "torch.Tensor":
    """Return the matrix (segments + 1, frames) whose product with (frames, dim) are the means.

    One row per segment (start, end in seconds), kind after kind, and a last row: the mean of all frames.
    """
    import torch  # here, because ``frame_range`` serves those who have features and no PyTorch as well

    ranges = [
        frame_range(start, end, stride, frames, kind)
        for kind, bounds in segments.items()
        for start, end in bounds
    ]
    bounds = torch.tensor([*ranges, (0, frames)], device=device)
    first, last = bounds[:, :1], bounds[:, 1:]
    position = torch.arange(frames, device=device)
    return ((position >= first) & (position < last)).float() / (last - first)


def grid_10ms(stride: int | Fraction, receptive_field: int | Fraction) -> tuple[int, int]:
    """Return the (kernel, stride) that average a layer to 10 ms frames of 400 samples' receptive field.

    ``stride`` and ``receptive_field`` are in samples at 16 kHz. For the standard conv stem: (79, 32),
    (39, 16), (19, 8), (9, 4), (4, 2), (2, 1), as in Pasad et al. Layers slower than 10 ms, and those whose
    stride does not divide 10 ms, keep their own grid: (1, 1).
    """
    if stride > 160 or 160 % stride:
        return 1, 1
    return max(1, int((400 - receptive_field) // stride) + 1), int(160 // stride)


def average(hidden: "torch.Tensor", kernel: int, stride: int) -> "torch.Tensor":
    """Average (frames, dim) over windows of ``kernel`` frames every ``stride``; fewer frames: one window."""
    if kernel == stride == 1:
        return hidden
    import torch

    kernel = min(kernel, len(hidden))
    return torch.nn.functional.avg_pool1d(hidden.float().T[None], kernel, stride)[0].T


def averaged_frames(frames: int, kernel: int, stride: int) -> int:
    """Return how many frames ``average`` makes of that many (at least one)."""
    return (frames - min(kernel, frames)) // stride + 1


def exact_seconds(seconds: float) -> Fraction:
    """Return the decimal number that a time prints as."""
    return Fraction(Decimal(repr(float(seconds))))
