"""Held-out PWCCA scores of given parts, with confidence intervals and a floor."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.bootstrap import bootstrap_interval
from layerwise.cca.moments import Index, Moments, View, fixed_shift, part_moments
from layerwise.cca.pwcca import Directions, Mode, RegularisedCCA, grid_scores, held_out
from layerwise.cca.similarity import debiased_cka_of, part_kernel_sums, svcca
from layerwise.cca.splits import dev_test_pairs
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

Epsilons = Sequence[tuple[float, float]]

_SMALL = (1e-10, 1e-11, 1e-9)
_LARGE = (1e-8, 1e-7, 1e-6, 1e-5)
# The published candidates: (epsilon_x, epsilon_y), both small or both large.
EPSILONS = (*product(_SMALL, _SMALL), *product(_LARGE, _LARGE))
PAPER_CANDIDATES = 6


def paper_epsilons(seed: int, trial: int) -> list[tuple[float, float]]:
    """Return the regularisers that the published code tries: six at random of its nine smallest pairs."""
    order = np.random.default_rng(derive_seed(seed, "epsilons", trial)).permutation(len(_SMALL) ** 2)
    return [EPSILONS[i] for i in order[:PAPER_CANDIDATES]]


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
    """Cross-validate views x (n, dx) and y (n, dy) with given parts (n,): one row per trial.

    Columns and options are those of ``layerwise.cca.cross_validate``.
    ``units`` (n,) are what the bootstrap resamples as a whole; None: single rows. ``permute``: the floor
    permutes targets. ``pairs`` are tried in place of ``options.epsilon_pairs``. The number of parts is that
    of ``part``, whatever ``options`` say.
    """
    _check_views(x, y)
    parts = int(part.max()) + 1
    pairs = pairs or options.epsilon_pairs
    partners = _partners(part, permute, derive_seed(seed, "floor")) if floor else None
    shift = fixed_shift(x, y)
    true, wrong = part_moments(x, y, part, shift, partners, options.device)
    kernels = part_kernel_sums(x, y, part, shift) if options.similarities else []
    records = []
    for trial, (dev, test) in enumerate(dev_test_pairs(parts, options.trials, seed)):
        train = [number for number in range(parts) if number not in (dev, test)]
        training = _add(true, train)
        candidates = pairs or (EPSILONS if mode == "corrected" else paper_epsilons(seed, trial))
        chosen, directions = choose_epsilons(training, true[dev], candidates, mode)
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
                "cka": debiased_cka_of(true[test], kernels[test]),
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


def choose_epsilons(
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
