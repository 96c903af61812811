"""Permutations that are scored on another device than NumPy's."""

import numpy as np
import pytest
from places import PLACES

from layerwise.cca.folds import Partition
from layerwise.cca.permuted import _batches
from layerwise.cca.search import MODERATE, DevScores


@pytest.mark.parametrize("given", [False, True], ids=["plain", "given"])
@pytest.mark.parametrize("dims", [(12, 5), (4, 9)])
@pytest.mark.parametrize("device", PLACES)
def test_torch_scores_permutations_as_numpy_does(device: str, dims: tuple[int, int], given: bool) -> None:
    rng = np.random.default_rng(3)
    n = 240
    third = rng.normal(size=(n, 3)) if given else None
    y = rng.normal(size=(n, dims[1]))
    x = np.concatenate([y, y, y], axis=1)[:, : dims[0]] + rng.normal(size=(n, dims[0]))
    x[:, 0] = 2.5  # a constant dimension has no part
    part = np.arange(n) % 6
    partition = Partition(x, y, third, part, "corrected")
    folds = [partition.fold(dev, (dev + 1) % 6, np.arange(n), _moderate) for dev in range(6)]
    orders = [_within_parts(part, rng) for _ in range(7)]
    (host,) = _batches(partition, orders, folds, "cpu")
    (torch,) = _batches(partition, orders, folds, device)
    assert host.shape == (7, 6) and np.ptp(host) > 1e-3
    np.testing.assert_allclose(torch, host, rtol=0, atol=1e-10)


def _moderate(_: DevScores) -> tuple[float, float]:
    return MODERATE, MODERATE


def _within_parts(part: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    order = np.arange(len(part))
    for number in np.unique(part):
        rows = np.flatnonzero(part == number)
        order[rows] = rng.permutation(rows)
    return order
