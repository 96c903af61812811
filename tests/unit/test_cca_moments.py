"""Second moments: one pass in blocks, on any device, of arrays or of a stored layer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import PLACES

from layerwise.cca.moments import BLOCK_ROWS, RowsOf, cross_moments, fixed_shift, part_moments, row_moments
from layerwise.errors import AnalysisError


class Watched:
    """A view that records which rows are read, and how many at once."""

    def __init__(self, rows):
        self.rows, self.shape, self.reads = rows, rows.shape, []

    def __getitem__(self, rows):
        self.reads.append(np.asarray(rows))
        return self.rows[rows]


def views(n, dx=4, dy=3, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, dx)) + 30).astype(np.float32), rng.standard_normal((n, dy))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 90), st.integers(1, 4))
@pytest.mark.parametrize("device", ["cpu", *PLACES])
def test_parts_are_those_of_the_rows_themselves(device, seed, n, parts):
    x, y = views(n, seed=seed)
    part = np.random.default_rng(seed).permutation(np.arange(n) % parts)
    for number, moments in enumerate(part_moments(x, y, part, fixed_shift(x, y), device)):
        z = np.column_stack([x, y])[part == number]
        assert moments.n == len(z)
        np.testing.assert_allclose(moments.mean, z.mean(axis=0), atol=1e-10)
        np.testing.assert_allclose(moments.covariance, np.cov(z.T, bias=True), atol=1e-10)


def test_cross_moments_are_those_of_reordered_rows(monkeypatch):
    monkeypatch.setattr("layerwise.cca.moments.BLOCK_ROWS", 16)
    (x, y), rng = views(90), np.random.default_rng(1)
    part = rng.integers(0, 3, 90)
    shift = fixed_shift(x, y)
    orders = []
    for _ in range(2):
        order = np.arange(90)
        for number in range(3):
            order[part == number] = rng.permutation(np.flatnonzero(part == number))
        orders.append(order)
    sums = cross_moments(x, y, part, orders, shift)
    assert sums.shape == (2, 3, 4, 3)
    for order, found in zip(orders, sums, strict=True):
        wrong = part_moments(x, y[order], part, shift)
        true = part_moments(x, y, part, shift)
        for number in range(3):
            replaced = true[number].with_cross(found[number])
            np.testing.assert_allclose(replaced.covariance, wrong[number].covariance, atol=1e-5)


def test_rows_are_read_once_in_order_and_a_block_at_a_time():
    x, y = map(Watched, views(2 * BLOCK_ROWS + 100))
    part = np.random.default_rng(0).integers(0, 3, x.shape[0])
    part_moments(x, y, part, np.zeros(7))
    for view in (x, y):
        assert max(map(len, view.reads)) <= BLOCK_ROWS
        np.testing.assert_array_equal(np.concatenate(view.reads), np.arange(x.shape[0]))


def test_rows_of_a_view_are_read_where_they_are_used():
    x, _ = views(50)
    watched = Watched(x)
    picked = RowsOf(watched, np.arange(10, 40))
    assert picked.shape == (30, 4) and not watched.reads
    np.testing.assert_array_equal(picked[np.array([0, 29])], x[[10, 39]])
    np.testing.assert_array_equal(watched.reads[0], [10, 39])


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bad_value_names_the_row_of_the_caller(device, value):
    x, y = views(BLOCK_ROWS + 200)
    y[BLOCK_ROWS + 17, 1] = value
    with pytest.raises(AnalysisError, match=f"row {BLOCK_ROWS + 17} of y holds NaN or infinity"):
        part_moments(x, y, np.zeros(len(x), np.int64), np.zeros(7), device=device)
    rows = np.array([3, BLOCK_ROWS + 17, 5])
    with pytest.raises(AnalysisError, match=f"row {BLOCK_ROWS + 17} of y"):
        row_moments(x, y, rows, np.zeros(7))


def test_opposite_infinities_do_not_hide_each_other():
    x, y = views(60)
    x[10, 0], x[40, 0] = np.inf, -np.inf
    with pytest.raises(AnalysisError, match="row 10 of x"):
        row_moments(x, y, np.arange(60), np.zeros(7))
