"""Batches and pooling: arithmetic that must be exact."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from layerwise.features.pooling import average, frame_range, grid_10ms, pooling_weights
from layerwise.models.batching import padding_waste, plan_batches

LENGTHS = st.lists(st.integers(1, 5000), max_size=60)


@given(LENGTHS, st.integers(1, 10_000), st.integers(1, 3))
def test_every_item_is_in_one_batch_within_the_budget(lengths: list[int], budget: int, kinds: int) -> None:
    keys = [length % kinds for length in lengths]
    batches = plan_batches(lengths, budget, keys)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    sizes = [len(batch) * max(lengths[index] for index in batch) for batch in batches]
    assert sizes == sorted(sizes, reverse=True)
    for batch, size in zip(batches, sizes, strict=True):
        assert size <= budget or len(batch) == 1
        assert len({keys[index] for index in batch}) == 1


def test_sorting_by_duration_wastes_little() -> None:
    lengths = list(np.random.default_rng(0).integers(8000, 80_000, 500))
    batches = plan_batches(lengths, 30 * 16_000)
    assert 0 < padding_waste(lengths, batches) < 0.05
    assert padding_waste([3, 3], [[0, 1]]) == 0
    assert padding_waste([1, 3], [[0, 1]]) == pytest.approx(1 / 3)
    assert padding_waste([], []) == 0


TICKS = st.integers(0, 3000)


@given(
    TICKS,
    TICKS,
    st.sampled_from([Fraction(1, 50), Fraction(1, 100), Fraction(1, 3200)]),
    st.integers(1, 9000),
)
def test_frame_range_is_exact_on_decimal_times(
    start: int, length: int, stride: Fraction, frames: int
) -> None:
    """Times are whole milliseconds here, so that integers are an independent oracle."""
    end = start + length
    per_stride = stride * 1000
    first, last = math.floor(start / per_stride), math.ceil(end / per_stride)
    got = frame_range(start / 1000, end / 1000, stride, frames)
    assert 0 <= got[0] < got[1] <= frames
    if last <= frames and first < last:
        assert got == (first, last)
    if first >= frames:
        assert got == (frames - 1, frames)


@given(TICKS, st.integers(1, 3000))
def test_phones_keep_their_middle_third(start: int, length: int) -> None:
    stride = Fraction(1, 50)
    word = frame_range(start / 1000, (start + length) / 1000, stride, 10_000)
    phone = frame_range(start / 1000, (start + length) / 1000, stride, 10_000, "phone")
    total, kept = word[1] - word[0], phone[1] - phone[0]
    assert word[0] <= phone[0] < phone[1] <= word[1]
    assert kept == max(1, total - 2 * ((total + 1) // 3))
    assert abs(kept - total / 3) <= 1


@pytest.mark.parametrize(
    ("bounds", "kind", "expected"),
    [
        ((0.06, 0.12), "word", (3, 6)),
        ((0.58, 0.6), "word", (29, 30)),  # 0.58 / 0.02 is 28.999999999999996
        ((0.0, 0.01), "word", (0, 1)),
        ((0.1, 0.1), "word", (5, 6)),
        ((0.02, 0.06), "phone", (2, 3)),
        ((0.0, 0.06), "phone", (1, 2)),
        ((0.0, 0.18), "phone", (3, 6)),
        ((1.9, 2.3), "word", (95, 99)),
        ((2.0, 2.3), "word", (98, 99)),
    ],
)
def test_examples_at_20_ms(bounds: tuple[float, float], kind: str, expected: tuple[int, int]) -> None:
    assert frame_range(*bounds, Fraction(1, 50), 99, kind) == expected  # type: ignore[arg-type]


def test_pooling_weights_average_each_segment_and_the_utterance() -> None:
    hidden = torch.randn(50, 7)
    segments = {"phone": [(0.0, 0.18)], "word": [(0.1, 0.2), (0.9, 1.4)]}
    means = pooling_weights(segments, 50, Fraction(1, 50)) @ hidden  # type: ignore[arg-type]
    expected = [hidden[3:6], hidden[5:10], hidden[45:50], hidden]
    torch.testing.assert_close(means, torch.stack([part.mean(0) for part in expected]))


def test_10_ms_grid_of_the_standard_stem() -> None:
    stem = [(5, 10), (10, 20), (20, 40), (40, 80), (80, 160), (160, 240), (320, 400)]
    assert [grid_10ms(*layer) for layer in stem] == [
        (79, 32), (39, 16), (19, 8), (9, 4), (4, 2), (2, 1), (1, 1),
    ]  # fmt: skip
    assert grid_10ms(160, 720) == (1, 1)  # Whisper's C1 sees more than 400 samples already
    assert grid_10ms(64, 100) == (1, 1)


@given(st.integers(1, 200), st.sampled_from([(79, 32), (4, 2), (2, 1), (1, 1)]))
def test_average_equals_a_loop(frames: int, grid: tuple[int, int]) -> None:
    kernel, stride = grid
    hidden = torch.arange(frames * 2, dtype=torch.float32).reshape(frames, 2)
    window = min(kernel, frames)
    expected = [hidden[k : k + window].mean(0) for k in range(0, frames - window + 1, stride)]
    torch.testing.assert_close(average(hidden, kernel, stride), torch.stack(expected))
