"""Pairing of frame grids and one-hot targets."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.analyses.frames import FrameTimes, pair_frames
from layerwise.analyses.labels import one_hot
from layerwise.errors import AnalysisError

MS = Fraction(1, 1000)


def grid(lengths, stride_ms, first_ms):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return FrameTimes(offsets, stride_ms * MS, first_ms * MS)


def test_one_hot_has_a_column_for_each_class_that_occurs():
    rows, classes = one_hot(np.array(["IY", "AA", "IY", "T"]))
    assert classes == ["AA", "IY", "T"]
    np.testing.assert_array_equal(rows, [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(("stride", "step"), [(10, 1), (20, 2), (40, 4)])
def test_paper_takes_every_step_th_mel_frame(stride, step):
    pairs = pair_frames(grid([3, 2], stride, 12), grid([4 * step, 2 * step], 10, 0), "paper")
    np.testing.assert_array_equal(pairs.layer, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(pairs.target, [0, step, 2 * step, 4 * step, 5 * step])
    np.testing.assert_array_equal(pairs.utterance, [0, 0, 0, 1, 1])
    assert pairs.dropped == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=4),
    st.sampled_from([4, 10, 16, 20, 25, 40]),
    st.fractions(0, 60, max_denominator=16),
    st.fractions(0, 60, max_denominator=16),
)
def test_corrected_pairs_the_nearest_centres(lengths, stride, first, mel_first):
    layer = grid([a for a, _ in lengths], stride, first)
    mel = grid([b for _, b in lengths], 10, mel_first)
    pairs = pair_frames(layer, mel)
    found = dict(zip(pairs.layer.tolist(), pairs.target.tolist(), strict=True))
    assert len(found) + pairs.dropped == layer.offsets[-1]
    for utterance, (own, other) in enumerate(lengths):
        start, begin = int(layer.offsets[utterance]), int(mel.offsets[utterance])
        for frame in range(own):
            centre = first + frame * stride
            # The ideal grid goes on for ever; a frame whose nearest is not in the utterance has no partner.
            nearest = min(range(-7, 50), key=lambda m: (abs(mel_first + 10 * m - centre), -m))
            assert found.get(start + frame) == (begin + nearest if 0 <= nearest < other else None)
    assert (np.diff(pairs.utterance) >= 0).all()


def test_grids_that_do_not_fit_are_refused():
    with pytest.raises(AnalysisError, match="2 utterances and the target 1"):
        pair_frames(grid([3, 3], 20, 0), grid([6], 10, 0))


def test_paper_rounds_where_strides_have_no_whole_ratio():
    pairs = pair_frames(grid([5], 16, 0), grid([9], 10, 0), "paper")
    assert pairs.target.tolist() == [0, 2, 3, 5, 6]  # 0, 1.6, 3.2, 4.8, 6.4
