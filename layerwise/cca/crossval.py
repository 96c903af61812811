"""Held-out PWCCA scores of given parts, their intervals and their null distribution."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.folds import Fold, Partition
from layerwise.cca.moments import Index, View, in_memory
from layerwise.cca.null import numbered
from layerwise.cca.permuted import null_scores
from layerwise.cca.pwcca import Mode
from layerwise.cca.scored import Scored
from layerwise.cca.search import DevScores, Pair, best_of, climb
from layerwise.cca.splits import dev_test_pairs, rotation
from layerwise.cca.traits import learning_curve, traits
from layerwise.cca.units import t_interval, unit_contributions, without_each
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions
from layerwise.seeds import derive_seed

# Ridges that protocol `corrected` chooses from, on standardised dimensions.
RIDGES = tuple(10.0**power for power in range(-8, 3))
_SMALL = (1e-10, 1e-11, 1e-9)
_LARGE = (1e-8, 1e-7, 1e-6, 1e-5)
# The published candidates: (epsilon_x, epsilon_y), both small or both large.
EPSILONS = (*product(_SMALL, _SMALL), *product(_LARGE, _LARGE))
PAPER_CANDIDATES = 6
# Scores of one corpus share training data, which the spread over test units does not show. Nadeau and Bengio
# (2003) add n_test / n_train to the 1 / J of J test parts; in simulations half of that is right
# (docs/statistics.md).
OVERLAP = 0.5


def paper_epsilons(seed: int, trial: int) -> list[Pair]:
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
    within: Sequence[Any] | NDArray[Any] | None = None,
    permute: bool,
    mode: Mode = "corrected",
    seed: int = 0,
    given: View | None = None,
    control: View | None = None,
    layer: Literal["x", "y"] = "x",
    pairs: Sequence[Pair] | None = None,
    tested: int | None = None,
) -> Scored:
    """Cross-validate views x (n, dx) and y (n, dy) with given parts: (n,), or (partitions, n).

    Columns of the trials and options are those of ``layerwise.cca.cross_validate``. ``units`` (n,) are what
    intervals and influence take as a whole, None: single rows; ``within`` (n,) are what the null keeps
    targets within, None: the units. ``permute``: the null permutes targets, else it shifts them in a circle.
    ``given`` (n, dz) is taken out of both views. ``control`` (n, dc) are targets that are scored like y, for
    comparison. ``layer``: which view is the layer's. ``pairs`` are tried in place of those of ``options``.
    ``tested`` parts of each partition are scored, None: all. The numbers of parts and partitions are those of
    ``part``.
    """
    _check_views(x, y, given)
    x, y, given = in_memory(x), in_memory(y), None if given is None else in_memory(given)
    names, codes = numbered(np.arange(x.shape[0]) if units is None else units)
    folds: list[Fold] = []
    first: Partition | None = None
    for number, own_part in enumerate(np.atleast_2d(part)):
        partition = Partition(x, y, given, own_part, mode, options.device)
        first = first or partition
        folds += _folds(partition, codes, options, derive_seed(seed, "partition", number), pairs, tested)
    assert first is not None
    count = len(folds) // len(np.atleast_2d(part))
    blocks = codes if within is None else numbered(within)[1]
    null, by_fold = null_scores(first, folds[:count], blocks, permute, options, seed)
    without = [without_each(fold.sums, fold.result) for fold in folds]
    records = [
        _trial(number, fold, left_out, first, options)
        | {"null": by_fold[number] if number < count else np.mean(by_fold)}
        for number, (fold, left_out) in enumerate(zip(folds, without, strict=True))
    ]
    trials = pd.DataFrame.from_records(records)
    measured = traits(first, folds[:count], layer)
    if control is not None:
        other = Partition(x, control, given, first.part, mode, options.device)
        scores = _folds(other, codes, options, derive_seed(seed, "partition", 0), pairs, tested)
        measured["control"] = float(np.mean([fold.result.pwcca for fold in scores]))
    return Scored(
        trials,
        _unit_table(
            folds, without, names, codes, count * float((trials["n_test"] / trials["n_train"]).mean())
        ),
        null,
        learning_curve(first, folds[:count]),
        pd.DataFrame([measured]),
    )


def _folds(
    partition: Partition,
    codes: Index,
    options: ScoringOptions,
    seed: int,
    pairs: Sequence[Pair] | None,
    tested: int | None,
) -> list[Fold]:
    parts = len(partition.moments)
    if partition.mode == "corrected":
        search = _search(pairs, sorted(options.epsilons or RIDGES))
        return [partition.fold(dev, test, codes, search) for dev, test in rotation(parts, seed)[:tested]]
    pairs = pairs or options.epsilon_pairs
    return [
        partition.fold(dev, test, codes, _search(pairs or paper_epsilons(seed, trial)))
        for trial, (dev, test) in enumerate(dev_test_pairs(parts, options.trials, seed)[:tested])
    ]


def _search(pairs: Sequence[Pair] | None, ridges: Sequence[float] = ()) -> Callable[[DevScores], Pair]:
    return partial(best_of, pairs=pairs) if pairs else partial(climb, ridges=ridges)


def _trial(
    number: int, fold: Fold, left_out: NDArray[np.float64], partition: Partition, options: ScoringOptions
) -> dict[str, Any]:
    score = fold.result.pwcca
    training = partition.of(fold.train).n
    inflation = np.sqrt(1 + OVERLAP * fold.tested.n / training)
    low, high = t_interval(score, inflation * unit_contributions(left_out))
    record = {
        "trial": number,
        "score": score,
        "low": low,
        "high": high,
        "epsilon_x": fold.pair[0],
        "epsilon_y": fold.pair[1],
        "n_train": training,
        "n_dev": partition.moments[fold.dev].n,
        "n_test": fold.tested.n,
        "n_excluded": len(fold.outside),
        "dim_x": partition.dims[0],
        "dim_y": partition.dims[1],
    }
    if options.similarities:
        record |= {"mean_cca": fold.result.mean_cca, **partition.similarities(fold)}
    return record


def _unit_table(
    folds: Sequence[Fold],
    without: Sequence[NDArray[np.float64]],
    names: NDArray[Any],
    codes: Index,
    overlap: float,
) -> pd.DataFrame:
    """What each unit adds to the mean score of the folds, and what that would be without it.

    ``overlap`` is the number of test parts in a partition times n_test / n_train.
    """
    rows, excluded, contribution, influence = (np.zeros(len(names)) for _ in range(4))
    inflation = np.sqrt(1 + OVERLAP * overlap)
    mean, count = float(np.mean([fold.result.pwcca for fold in folds])), len(folds)
    for fold, left_out in zip(folds, without, strict=True):
        units, m, score = fold.sums.units, len(left_out), fold.result.pwcca
        rows[units] += fold.sums.counts
        excluded += np.bincount(codes[fold.outside], minlength=len(names))
        if m == 1:
            contribution[units] += inflation * (score - mean) / count
            influence[units] += (score - mean) / max(count - 1, 1)
        else:
            contribution[units] += inflation * unit_contributions(left_out) / count
            known = np.where(np.isnan(left_out), score, left_out)
            influence[units] += (score - known) / count
    counted = rows + excluded > 0
    table = pd.DataFrame(
        {
            "unit": names.astype(str),
            "rows": rows.astype(np.int64),
            "excluded": excluded.astype(np.int64),
            "contribution": contribution,
            "influence": influence,
        }
    )
    return table[counted].reset_index(drop=True)


def _check_views(x: View, y: View, given: View | None) -> None:
    if len(x.shape) != 2 or len(y.shape) != 2 or x.shape[0] != y.shape[0] or not x.shape[0]:
        raise AnalysisError(
            f"views must be (n, dx) and (n, dy) with the same n > 0, not {x.shape} and {y.shape}"
        )
    if given is not None and (len(given.shape) != 2 or given.shape[0] != x.shape[0]):
        raise AnalysisError(f"the given view must be ({x.shape[0]}, dz), not {given.shape}")
