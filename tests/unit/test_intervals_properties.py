"""From seconds to frames, against an oracle that looks at each frame with exact fractions."""

from fractions import Fraction
from itertools import pairwise

import torch
from hypothesis import example, given
from hypothesis import strategies as st

from layerwise.features.pooling import frame_range, pooling_weights

FRAMES = st.integers(1, 400)
# 20, 10 and 40 ms, and a stride that is no finite decimal.
STRIDES = st.sampled_from([Fraction(1, 50), Fraction(1, 100), Fraction(1, 25), Fraction(441, 22050 * 3)])


@st.composite
def segments(draw):
    """Start and end as exact decimals of up to five places, start < end, mostly within 4 s."""
    unit = Fraction(1, 10 ** draw(st.integers(2, 5)))
    start = draw(st.integers(0, int(4 / unit)))
    length = draw(st.integers(1, int(2 / unit)) | st.integers(1, 30))
    return start * unit, (start + length) * unit


def touched(start, end, stride):
    """Numbers of the frames [i stride, (i + 1) stride) that share time with the segment, one by one."""
    frame, found = 0, []
    while frame * stride < end:
        if (frame + 1) * stride > start:
            found.append(frame)
        frame += 1
    return found


def oracle(start, end, stride, frames, kind):
    wanted = touched(start, end, stride)
    if kind == "phone":
        aside = (len(wanted) + 1) // 3
        middle = wanted[aside : len(wanted) - aside]
        wanted = middle or wanted[aside : aside + 1]
    available = [frame for frame in wanted if frame < frames]
    return available or [frames - 1]


@given(segments(), STRIDES, FRAMES, st.sampled_from(["word", "phone"]))
@example((Fraction("0.58"), Fraction("0.6")), Fraction(1, 50), 99, "word")
@example((Fraction("0.28"), Fraction("0.29")), Fraction(1, 100), 99, "phone")
@example((Fraction("1.15"), Fraction("1.16")), Fraction(1, 100), 200, "word")
def test_frames_are_those_that_share_time_with_the_segment(bounds, stride, frames, kind):
    start, end = bounds
    first, last = frame_range(float(start), float(end), stride, frames, kind)
    assert list(range(first, last)) == oracle(start, end, stride, frames, kind)


@given(segments(), STRIDES, FRAMES)
def test_the_middle_third_is_inside_centred_and_about_a_third(bounds, stride, frames):
    start, end = bounds
    whole = touched(start, end, stride)
    first, last = frame_range(float(start), float(end), stride, whole[-1] + 1, "phone")
    before, after = first - whole[0], whole[-1] + 1 - last
    assert before >= 0 and after >= 0 and last > first
    assert before - after in (0, 1)  # 1 only where two frames leave nothing and the second is taken
    assert abs((last - first) - Fraction(len(whole), 3)) <= Fraction(2, 3)


@given(st.lists(segments(), min_size=1, max_size=8), STRIDES, FRAMES, st.sampled_from(["word", "phone"]))
def test_pooling_is_the_mean_of_those_frames(bounds, stride, frames, kind):
    seconds = {kind: [(float(start), float(end)) for start, end in bounds]}
    hidden = torch.arange(frames, dtype=torch.float64)[:, None]
    means = pooling_weights(seconds, frames, stride).double() @ hidden
    expected = [oracle(start, end, stride, frames, kind) for start, end in bounds] + [list(range(frames))]
    for mean, numbers in zip(means[:, 0].tolist(), expected, strict=True):
        assert abs(mean - sum(numbers) / len(numbers)) < 1e-3 * frames


@given(st.lists(st.integers(1, 40), min_size=2, max_size=12), STRIDES)
def test_adjoining_segments_share_at_most_the_frame_of_their_boundary(lengths, stride):
    edges = [Fraction(sum(lengths[:number]), 100) for number in range(len(lengths) + 1)]
    frames = touched(edges[0], edges[-1], stride)[-1] + 1
    ranges = [frame_range(float(start), float(end), stride, frames) for start, end in pairwise(edges)]
    assert ranges[0][0] == 0 and ranges[-1][1] == frames
    for edge, left, right in zip(edges[1:-1], ranges[:-1], ranges[1:], strict=True):
        assert left[1] - right[0] == (0 if edge % stride == 0 else 1)
