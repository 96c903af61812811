"""Probes against scikit-learn, and online coding against a slow version of itself."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from layerwise.cca.moments import NotFiniteError, fixed_shift, row_moments
from layerwise.cca.splits import rotation
from layerwise.cca.views import OneHot
from layerwise.errors import AnalysisError
from layerwise.measures.probes import (
    SHARES,
    class_means,
    code_lengths,
    compression,
    nearest_mean_accuracy,
    ridge_r2,
    ridge_weights,
    standard,
)
from layerwise.seeds import derive_seed

pytestmark = pytest.mark.filterwarnings("ignore:self.within_class_std", "ignore:Only one sample")

CLASSES = np.array(["a", "b", "c", "d", "e"])


def problem(seed=0, n=300, dim=7, spread=1.0, utterances=30):
    """Rows of classes, with an offset, dimensions of different size, and a constant one."""
    rng = np.random.default_rng(seed)
    labels = CLASSES[np.append(rng.integers(0, 4, n - 20), rng.integers(0, 5, 20))]
    centres = rng.standard_normal((5, dim))[np.searchsorted(CLASSES, labels)]
    x = (centres + spread * rng.standard_normal((n, dim))) * np.geomspace(0.01, 100, dim) + 3
    x[:, 2] = 5
    units = np.array([f"u{number}" for number in rng.integers(0, utterances, n)])
    part = np.unique(units, return_inverse=True)[1] % 5
    return x, labels, units, part


def moments_of(x, y, rows):
    return row_moments(x, y, rows, fixed_shift(x, y))


def test_ridge_weights_are_those_of_scikit_learn():
    x, labels, *_ = problem()
    y, rows = OneHot(labels), np.arange(200)
    train = moments_of(x, y, rows)
    how = standard(train)
    scaler = StandardScaler().fit(x[rows])
    np.testing.assert_allclose(how(x), scaler.transform(x), atol=1e-9)
    for ridge, weights in zip((0.01, 1.0), ridge_weights(train, how, (0.01, 1.0)), strict=True):
        model = Ridge(alpha=ridge * len(rows)).fit(scaler.transform(x[rows]), y[rows].astype(float))
        np.testing.assert_allclose(weights, model.coef_.T, atol=1e-8)


def test_r2_is_that_of_scikit_learns_ridge_on_held_out_parts():
    x, labels, units, part = problem(1)
    y, error, variance = OneHot(labels), 0.0, 0.0
    for dev, test in rotation(5, 3):
        train, dev_rows, test_rows = (
            np.flatnonzero(rows) for rows in (~np.isin(part, (dev, test)), part == dev, part == test)
        )
        scaler = StandardScaler().fit(x[train])
        target = y[np.arange(len(x))].astype(float)
        models = [
            Ridge(alpha=ridge * len(train)).fit(scaler.transform(x[train]), target[train])
            for ridge in (0.001, 0.3)
        ]
        best = max(
            models, key=lambda model: -((target - model.predict(scaler.transform(x)))[dev_rows] ** 2).sum()
        )
        error += ((target - best.predict(scaler.transform(x)))[test_rows] ** 2).sum()
        variance += ((target - target[train].mean(axis=0))[test_rows] ** 2).sum()
    found = ridge_r2(x, y, part, units, 3, ridges=(0.001, 0.3))
    assert found.value == pytest.approx(1 - error / variance, abs=1e-9)
    assert found.low < found.value < found.high


def test_a_linear_target_is_predicted_and_noise_is_not():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 6))
    units = np.array([f"u{number}" for number in np.arange(400) // 10])
    part = np.arange(400) // 10 % 5
    linear = ridge_r2(x, x @ rng.standard_normal((6, 3)) + 4, part, units, 0)
    assert linear.value > 0.9999
    noise = ridge_r2(x, rng.standard_normal((400, 3)), part, units, 0)
    assert -0.1 < noise.value < 0.05


def test_class_means_are_those_of_scikit_learn():
    x, labels, units, part = problem(2)
    hits = []
    for test in range(5):
        train, rows = part != test, part == test
        scaler = StandardScaler().fit(x[train])
        model = NearestCentroid().fit(scaler.transform(x[train]), labels[train])
        moments = moments_of(x, OneHot(labels), np.flatnonzero(train))
        means = class_means(moments, standard(moments))
        there = means.counts > 0
        np.testing.assert_allclose(means.means[there], model.centroids_, atol=1e-9)
        np.testing.assert_array_equal(means.counts, [(labels[train] == name).sum() for name in CLASSES])
        hits.extend(model.predict(scaler.transform(x[rows])) == labels[rows])
    found = nearest_mean_accuracy(x, labels, part, units)
    assert found.value == pytest.approx(np.mean(hits), abs=1e-12)
    assert found.low < found.value < found.high


def test_a_class_of_which_nothing_is_known_is_never_named():
    x, labels, units, part = problem(3)
    labels = np.where(part == 0, "new", labels)
    found = nearest_mean_accuracy(x, labels, part, units)
    assert 0 < found.value < 1 - np.mean(part == 0)


@pytest.mark.parametrize("shrinkage", [0.001, 0.3])
def test_code_lengths_are_those_of_discriminant_analysis(shrinkage):
    x, labels, *_ = problem(4)
    codes = np.searchsorted(CLASSES, labels)
    train = np.flatnonzero((labels != "e") & (np.arange(len(labels)) < 200))  # the code knows of class e
    scaler = StandardScaler().fit(x[train])
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    model.fit(scaler.transform(x[train]), labels[train])
    probability = np.zeros((len(x), 5))
    probability[:, :4] = model.predict_proba(scaler.transform(x))
    mixed = (len(train) * probability + 1) / (len(train) + 5)
    np.testing.assert_allclose(mixed.sum(axis=1), 1)
    expected = -np.log2(mixed[np.arange(len(x)), codes])
    found = code_lengths(moments_of(x, OneHot(labels), train), x, codes, (shrinkage,))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def slow_online_code(x, labels, units, seed, shrinkages):
    """Bits of all labels, one block after the other, each shrinkage fitted by scikit-learn."""
    names = np.unique(units)
    order = [
        names[k] for k in np.random.default_rng(derive_seed(seed, "online coding")).permutation(len(names))
    ]
    by_share: dict[int, list[int]] = {}
    sent = 0
    for name in order:
        reached = sum(sent >= share * len(units) for share in SHARES)
        by_share.setdefault(reached, []).extend(np.flatnonzero(units == name).tolist())
        sent += int((units == name).sum())
    blocks, classes = list(by_share.values()), len(np.unique(labels))
    total, so_far = 0.0, np.zeros(len(shrinkages))
    known = list(blocks[0])
    total += len(known) * np.log2(classes)
    for rows in blocks[1:]:
        lengths = []
        for shrinkage in shrinkages:
            scaler = StandardScaler().fit(x[known])
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
            model.fit(scaler.transform(x[known]), labels[known])
            p = model.predict_proba(scaler.transform(x[rows]))
            seen = model.classes_.tolist()
            own = [p[i, seen.index(labels[row])] if labels[row] in seen else 0 for i, row in enumerate(rows)]
            lengths.append(-np.log2((len(known) * np.array(own) + 1) / (len(known) + classes)).sum())
        total += lengths[max(range(len(shrinkages)), key=lambda k: (-so_far[k], shrinkages[k]))]
        so_far += lengths
        known += rows
    return total


@pytest.mark.parametrize("seed", range(3))
def test_online_coding_is_its_slow_version(seed):
    x, labels, units, _ = problem(seed, n=240, spread=0.7, utterances=16)
    rng = np.random.default_rng(seed)
    x = np.delete(x, 2, axis=1) / np.geomspace(0.01, 100, 7)[[0, 1, 3, 4, 5, 6]]
    x = x + 3 * rng.standard_normal((240, 2)) @ rng.standard_normal((2, 6))  # what shrinkage does not like
    shrinkages = (0.02, 0.98)
    expected = slow_online_code(x, labels, units, seed, shrinkages)
    found = compression(x, labels, units, seed, shrinkages)
    assert found == pytest.approx(len(x) * np.log2(5) / expected, rel=1e-6)
    assert found > compression(x, labels, units, seed, shrinkages[1:])


def test_labels_are_compressed_by_what_knows_them_alone():
    x, labels, units, _ = problem(5, n=1500, spread=0.1)
    assert compression(x, labels, units, 0) > 5
    rng = np.random.default_rng(0)
    uniform = CLASSES[rng.integers(0, 5, 1500)]
    assert 0.8 < compression(rng.standard_normal((1500, 40)), uniform, units, 0) < 1.02


def test_errors_name_the_row():
    x, labels, units, part = problem()
    x[17, 3] = np.inf
    for probe in (
        lambda: ridge_r2(x, OneHot(labels), part, units, 0),
        lambda: nearest_mean_accuracy(x, labels, part, units),
        lambda: compression(x, labels, units, 0),
    ):
        with pytest.raises(NotFiniteError, match="row 17"):
            probe()
    with pytest.raises(AnalysisError, match="labels of one unit"):
        compression(x, labels, np.full(len(x), "u"), 0)
