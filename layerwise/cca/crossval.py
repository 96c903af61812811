"""Held-out PWCCA scores: one split, or a cross-validation with confidence intervals and a floor."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from layerwise.cca.bootstrap import bootstrap_interval
from layerwise.cca.moments import Index, Moments, View, fixed_shift, part_moments, row_moments
from layerwise.cca.pwcca import Directions, Mode, RegularisedCCA, grid_scores, held_out
from layerwise.cca.similarity import linear_cka, svcca
from layerwise.cca.splits import assign_parts, dev_test_pairs
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

Epsilons = Sequence[tuple[float, float]]

_SMALL = (1e-10, 1e-11, 1e-9)
_LARGE = (1e-8, 1e-7, 1e-6, 1e-5)
# The published candidates: (epsilon_x, epsilon_y), both small or both large.
EPSILONS = (*product(_SMALL, _SMALL), *product(_LARGE, _LARGE))
PAPER_CANDIDATES = 6
DEFAULTS = ScoringOptions()


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
    moments = [row_moments(x, y, np.asarray(rows, np.int64), shift) for rows in (train, dev, test)]
    chosen, directions = _choose(moments[0], moments[1], epsilons, mode)
    return SplitScore(held_out(directions, moments[2], mode).pwcca, chosen)


def cross_validate(
    x: View,
    y: View,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    resample: Sequence[Any] | NDArray[Any] | None = None,
    parts: int = DEFAULTS.parts,
    trials: int = DEFAULTS.trials,
    epsilons: Epsilons | None = None,
    mode: Mode = "corrected",
    seed: int = 0,
    bootstrap: int = DEFAULTS.bootstrap,
    floor: bool = True,
    similarities: bool = DEFAULTS.similarities,
    device: str = DEFAULTS.device,
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
    to three quarters of the part. One floor pairing serves all trials. ``similarities`` adds the columns
    mean_cca, svcca and cka (see ``layerwise.cca.similarity``) of the same test rows. ``device``: where
    second moments are summed, ``cpu`` or a CUDA device.

    Raises AnalysisError as ``score_split`` and ``assign_parts`` do, and for options out of range.
    """
    try:
        options = ScoringOptions(
            parts=parts, trials=trials, bootstrap=bootstrap, similarities=similarities, device=device
        )
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise AnalysisError("; ".join(problems)) from error
    part = assign_parts(x.shape[0], groups=groups, labels=labels, parts=parts, seed=seed)
    return score_parts(
        x,
        y,
        part,
        options,
        units=groups if resample is None else resample,
        permute=labels is not None,
        mode=mode,
        seed=seed,
        floor=floor,
        pairs=epsilons,
    )


def score_parts(
    x: View,
    y: View,
    part: Index,
    options: ScoringOptions,
    *,
    units: Sequence[Any] | NDArray[Any] | None,
    permute: bool,
    mode: Mode = "corrected",
    seed: int = 0,
    floor: bool = True,
    pairs: Epsilons | None = None,
) -> pd.DataFrame:
    """Cross-validate given parts (n,); see ``cross_validate``.

    ``units`` (n,) are what the bootstrap resamples as a whole; None: single rows. ``permute``: the floor
    permutes targets. ``pairs`` are tried in place of ``options.epsilon_pairs``. The number of parts is that
    of ``part``, whatever ``options`` say.
    """
    _check_views(x, y)
    parts = int(part.max()) + 1
    pairs = pairs or options.epsilon_pairs
    partners = _partners(part, permute, derive_seed(seed, "floor")) if floor else None
    true, wrong = part_moments(x, y, part, fixed_shift(x, y), partners, options.device)
    records = []
    for trial, (dev, test) in enumerate(dev_test_pairs(parts, options.trials, seed)):
        train = [number for number in range(parts) if number not in (dev, test)]
        training = _add(true, train)
        candidates = pairs or (EPSILONS if mode == "corrected" else paper_epsilons(seed, trial))
        chosen, directions = _choose(training, true[dev], candidates, mode)
        result = held_out(directions, true[test], mode)
        rows = np.flatnonzero(part == test)
        resampled = np.arange(len(rows)) if units is None else np.asarray(units)[rows]
        trial_seed = derive_seed(seed, "bootstrap", trial)
        interval = bootstrap_interval(
            x, y, rows, resampled, true[test].mean, directions, result, options.bootstrap, trial_seed
        )
        record = {
            "trial": trial,
            "score": result.pwcca,
            "low": interval[0],
            "high": interval[1],
            "floor": _floor(_add(wrong, train), wrong[test], chosen, mode) if floor else np.nan,
            "epsilon_x": chosen[0],
            "epsilon_y": chosen[1],
            "n_train": training.n,
            "n_dev": true[dev].n,
            "n_test": true[test].n,
            "dim_x": x.shape[1],
            "dim_y": y.shape[1],
        }
        if options.similarities:
            record |= {
                "mean_cca": result.mean_cca,
                "svcca": svcca(training, true[test]),
                "cka": linear_cka(true[test]),
            }
        records.append(record)
    return pd.DataFrame.from_records(records)


def _floor(train: Moments, test: Moments, epsilons: tuple[float, float], mode: Mode) -> float:
    return held_out(RegularisedCCA(train).directions(*epsilons), test, mode).pwcca


def _check_views(x: View, y: View) -> None:
    if len(x.shape) != 2 or len(y.shape) != 2 or x.shape[0] != y.shape[0] or not x.shape[0]:
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
    best = epsilons[int(np.argmax(grid_scores(cca, dev, epsilons, mode)))]
    return best, cca.directions(*best)


def _partners(part: Index, permute: bool, seed: int) -> Index:
    """Return for each row a wrong one of its own part: permuted, or a random way round the part."""
    rng = np.random.default_rng(seed)
    partners = np.empty_like(part)
    for number in range(int(part.max()) + 1):
        rows = np.flatnonzero(part == number)
        quarter = len(rows) // 4
        if permute:
            partners[rows] = rng.permutation(rows)
        elif len(rows) > 1:
            partners[rows] = np.roll(rows, int(rng.integers(quarter, len(rows) - quarter)))
        else:
            partners[rows] = rows
    return partners
