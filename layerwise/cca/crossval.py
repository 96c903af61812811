"""Held-out PWCCA scores: one split, or a cross-validation with confidence intervals and a floor."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.cca.moments import Array, Index, Moments, View, fixed_shift, row_moments
from layerwise.cca.pwcca import Directions, HeldOut, Mode, RegularisedCCA, held_out
from layerwise.cca.splits import assign_parts, dev_test_pairs
from layerwise.errors import AnalysisError
from layerwise.seeds import derive_seed

Epsilons = Sequence[tuple[float, float]]

_SMALL = (1e-10, 1e-11, 1e-9)
_LARGE = (1e-8, 1e-7, 1e-6, 1e-5)
# The published candidates: (epsilon_x, epsilon_y), both small or both large.
EPSILONS = (*product(_SMALL, _SMALL), *product(_LARGE, _LARGE))
PAPER_CANDIDATES = 6
CONFIDENCE = (2.5, 97.5)
REPLICATES_AT_ONCE = 64


class SplitScore(NamedTuple):
    """Test score, and the pair of regularisers with the best dev score."""

    score: float
    epsilons: tuple[float, float]


def paper_epsilons(seed: int, trial: int) -> list[tuple[float, float]]:
    """Return the regularisers that the published code tries: six at random of its nine smallest pairs."""
    order = np.random.default_rng(derive_seed(seed, "epsilons", trial)).permutation(len(_SMALL) ** 2)
    return [EPSILONS[i] for i in order[:PAPER_CANDIDATES]]


def score_split(
    x: View,
    y: View,
    train: ArrayLike,
    dev: ArrayLike,
    test: ArrayLike,
    epsilons: Epsilons = EPSILONS,
    mode: Mode = "corrected",
) -> SplitScore:
    """Return the PWCCA score on the test rows, with the regularisers that score best on the dev rows.

    x is (n, dx) and y is (n, dy); train, dev and test are row indices. Weights come from the view with fewer
    dimensions (ties: y). ``mode`` is explained at ``layerwise.cca.pwcca.held_out``. Raises AnalysisError for
    NaN, infinity, a constant view or too few training rows (there must be more than dimensions).
    """
    _check_views(x, y)
    shift = fixed_shift(x, y)
    moments = [row_moments(x, y, np.asarray(rows, np.int64), shift)[0] for rows in (train, dev, test)]
    chosen, directions = _choose(moments[0], moments[1], epsilons, mode)
    return SplitScore(held_out(directions, moments[2], mode).pwcca, chosen)


def cross_validate(
    x: View,
    y: View,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    resample: Sequence[Any] | NDArray[Any] | None = None,
    parts: int = 10,
    trials: int = 3,
    epsilons: Epsilons | None = None,
    mode: Mode = "corrected",
    seed: int = 0,
    bootstrap: int = 1000,
    floor: bool = True,
) -> pd.DataFrame:
    """Cross-validate the PWCCA score of two views: one row per trial.

    x is (n, dx) and y is (n, dy), of any float type. ``groups`` (n,) (utterances or speakers) are kept
    whole and ``labels`` (n,) spread evenly over ``parts`` parts (see ``assign_parts``). Trial t trains on all
    parts but two, chooses among ``epsilons`` on the first of these and scores the second; no part is used
    twice. ``epsilons=None``: the whole published grid, or for ``mode="paper"`` the six pairs of
    ``paper_epsilons``.

    Columns: trial, score, low, high, floor, epsilon_x, epsilon_y, n_train, n_dev, n_test, dim_x, dim_y.
    low, high: 95 % percentile bootstrap, with ``bootstrap`` replicates, over the test part's units
    (``resample`` (n,), else ``groups``, else single rows). It resamples the canonical variates' second
    moments per unit; directions and PWCCA weights stay those of the trial. NaN with fewer than two units
    or bootstrap=0. floor: score at the same split and regularisers, trained and tested on wrong
    targets: permuted within each part if there are ``labels``, else shifted in a circle by a random quarter
    to three quarters of the part. One floor pairing serves all trials.

    Raises AnalysisError as ``score_split`` and ``assign_parts`` do.
    """
    part = assign_parts(len(x), groups=groups, labels=labels, parts=parts, seed=seed)
    return score_parts(
        x,
        y,
        part,
        resample=groups if resample is None else resample,
        permute=labels is not None,
        trials=trials,
        epsilons=epsilons,
        mode=mode,
        seed=seed,
        bootstrap=bootstrap,
        floor=floor,
    )


def score_parts(
    x: View,
    y: View,
    part: Index,
    *,
    resample: Sequence[Any] | NDArray[Any] | None,
    permute: bool,
    trials: int,
    epsilons: Epsilons | None,
    mode: Mode,
    seed: int,
    bootstrap: int,
    floor: bool,
) -> pd.DataFrame:
    """Cross-validate given parts (n,); ``permute``: the floor permutes targets. See ``cross_validate``."""
    _check_views(x, y)
    parts = int(part.max()) + 1
    pairs = dev_test_pairs(parts, trials, seed)
    shift = fixed_shift(x, y)
    rng = np.random.default_rng(derive_seed(seed, "floor"))
    true, wrong = [], []
    for number in range(parts):
        rows = np.flatnonzero(part == number)
        partners = (rng.permutation(rows) if permute else _circle(rng, rows)) if floor else None
        moments = row_moments(x, y, rows, shift, partners)
        true.append(moments[0])
        wrong.append(moments[1])
    records = []
    for trial, (dev, test) in enumerate(pairs):
        train = [number for number in range(parts) if number not in (dev, test)]
        candidates = epsilons or (EPSILONS if mode == "corrected" else paper_epsilons(seed, trial))
        chosen, directions = _choose(_add(true, train), true[dev], candidates, mode)
        result = held_out(directions, true[test], mode)
        rows = np.flatnonzero(part == test)
        units = np.arange(len(rows)) if resample is None else np.asarray(resample)[rows]
        trial_seed = derive_seed(seed, "bootstrap", trial)
        interval = _bootstrap(x, y, rows, units, directions, result, true[test].mean, bootstrap, trial_seed)
        floor_score = np.nan
        if floor:
            wrong_directions = RegularisedCCA(_add(wrong, train)).directions(*chosen)
            floor_score = held_out(wrong_directions, wrong[test], mode).pwcca
        records.append(
            {
                "trial": trial,
                "score": result.pwcca,
                "low": interval[0],
                "high": interval[1],
                "floor": floor_score,
                "epsilon_x": chosen[0],
                "epsilon_y": chosen[1],
                "n_train": sum(true[number].n for number in train),
                "n_dev": true[dev].n,
                "n_test": true[test].n,
                "dim_x": x.shape[1],
                "dim_y": y.shape[1],
            }
        )
    return pd.DataFrame.from_records(records)


def _check_views(x: View, y: View) -> None:
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
        raise AnalysisError(
            f"views must be (n, dx) and (n, dy) with the same n > 0, not {x.shape} and {y.shape}"
        )


def _add(moments: Sequence[Moments], chosen: Sequence[int]) -> Moments:
    total = moments[chosen[0]]
    for number in chosen[1:]:
        total = total + moments[number]
    return total


def _choose(
    train: Moments, dev: Moments, epsilons: Epsilons, mode: Mode
) -> tuple[tuple[float, float], Directions]:
    """Return the pair with the best dev score (ties: the first) and its canonical directions."""
    cca = RegularisedCCA(train)
    scores = [held_out(cca.directions(*pair), dev, mode).pwcca for pair in epsilons]
    best = epsilons[int(np.argmax(scores))]
    return best, cca.directions(*best)


def _circle(rng: np.random.Generator, rows: Index) -> Index:
    quarter = len(rows) // 4
    return np.roll(rows, int(rng.integers(quarter, len(rows) - quarter)) if len(rows) > 1 else 0)


def _bootstrap(
    x: View,
    y: View,
    rows: Index,
    units: NDArray[Any],
    directions: Directions,
    result: HeldOut,
    mean: Array,
    replicates: int,
    seed: int,
) -> tuple[float, float]:
    names, codes = np.unique(units, return_inverse=True)
    if len(names) < 2 or replicates == 0:
        return np.nan, np.nan
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names)))
    dim_x = x.shape[1]
    g = (x[rows[order]] - mean[:dim_x]) @ directions.A
    h = (y[rows[order]] - mean[dim_x:]) @ directions.B
    counts = np.diff(np.append(starts, len(rows))).astype(np.float64)
    sums = [np.add.reduceat(values, starts, axis=0) for values in (g, h, g * g, h * h, g * h)]
    live = np.flatnonzero((result.weights > 0) & (result.correlations != 0))
    sums = [values[:, live] for values in sums]
    rng = np.random.default_rng(seed)
    scores = []
    for start in range(0, replicates, REPLICATES_AT_ONCE):
        draws = rng.integers(len(names), size=(min(REPLICATES_AT_ONCE, replicates - start), len(names)))
        times = np.stack([np.bincount(draw, minlength=len(names)) for draw in draws]).astype(np.float64)
        n = (times @ counts)[:, None]
        sum_g, sum_h, sum_gg, sum_hh, sum_gh = (times @ values for values in sums)
        spread = np.maximum(sum_gg - sum_g**2 / n, 0) * np.maximum(sum_hh - sum_h**2 / n, 0)
        shared = sum_gh - sum_g * sum_h / n
        correlations = np.divide(shared, np.sqrt(spread), out=np.zeros_like(shared), where=spread > 0)
        scores.append(correlations @ result.weights[live])
    low, high = np.percentile(np.concatenate(scores), CONFIDENCE)
    return float(low), float(high)
