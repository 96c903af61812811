"""The engine on arrays of your own: one split, or a cross-validation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from layerwise.cca.crossval import EPSILONS, RIDGES, score_parts
from layerwise.cca.inputs import Features, ViewsGiven, as_view, as_views
from layerwise.cca.moments import Index, NotFiniteError, fixed_shift, row_moments
from layerwise.cca.pwcca import Mode, held_out
from layerwise.cca.regularised import fit
from layerwise.cca.scored import Scored
from layerwise.cca.search import DevScores, Pair, best_of, climb
from layerwise.cca.splits import assign_partitions
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions

DEFAULTS = ScoringOptions()
MODES = ("corrected", "paper")
# Problems of fewer dimensions are slower in several threads than in one.
MANY_DIMENSIONS = 512


class SplitScore(NamedTuple):
    """Test score, and the pair of regularisers with the best dev score."""

    score: float
    epsilons: tuple[float, float]


def score_split(
    x: Features,
    y: Features,
    train: ArrayLike,
    dev: ArrayLike,
    test: ArrayLike,
    epsilons: Sequence[Pair] | None = None,
    mode: Mode = "corrected",
) -> SplitScore:
    """Return the PWCCA score on the test rows, with the regularisers that score best on the dev rows.

    x is (n, dx) and y is (n, dy) or labels (n,), in any form that ``layerwise.cca.inputs.as_view`` takes;
    train, dev and test are row indices or boolean masks (n,). ``epsilons`` are pairs for x and y, which are
    all tried; None: a climb over pairs of RIDGES, or for ``mode="paper"`` the published pairs. Weights come
    from the view with fewer dimensions (ties: y). All test rows are scored. For ``mode`` see
    ``layerwise.cca.regularised`` and ``layerwise.cca.pwcca.held_out``. Raises AnalysisError for views that do
    not fit, rows that are not there, NaN, infinity, a constant view or too few training rows (for
    ``mode="paper"`` there must be more than dimensions).
    """
    given = as_views(x, y)
    _check(mode, epsilons)
    shift = fixed_shift(given.x, given.y)
    try:
        moments = [
            row_moments(given.x, given.y, _rows(name, rows, given), shift)
            for name, rows in (("train", train), ("dev", dev), ("test", test))
        ]
    except NotFiniteError as error:
        raise AnalysisError(f"{error}{given.place(error.row)}") from error
    cca = fit(moments[0], mode)
    scores = DevScores(cca, moments[1], mode)
    pairs = epsilons or (EPSILONS if mode == "paper" else None)
    chosen = best_of(scores, pairs) if pairs else climb(scores, RIDGES)
    return SplitScore(held_out(cca.directions(*chosen), moments[2], mode).pwcca, chosen)


def cross_validate(x: Features, y: Features, **options: Any) -> pd.DataFrame:
    """Cross-validate the PWCCA score of two views: one row per test part.

    As ``cross_validate_fully``, which says what the ``options`` are; this is its ``trials``.
    """
    return cross_validate_fully(x, y, **options).trials


def cross_validate_fully(
    x: Features,
    y: Features,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    given: Features | None = None,
    resample: Sequence[Any] | NDArray[Any] | None = None,
    speakers: Sequence[Any] | NDArray[Any] | None = None,
    parts: int = DEFAULTS.parts,
    partitions: int = DEFAULTS.partitions,
    trials: int = DEFAULTS.trials,
    epsilons: Sequence[Pair] | None = None,
    permutations: int = DEFAULTS.permutations,
    null_cost: float = DEFAULTS.null_cost,
    mode: Mode = "corrected",
    seed: int = 0,
    similarities: bool = DEFAULTS.similarities,
    device: str = DEFAULTS.device,
) -> Scored:
    """Cross-validate the PWCCA score of two views, with all that there is to say of it.

    x is (n, dx) and y is (n, dy) or labels (n,), in any form that ``layerwise.cca.inputs.as_view`` takes;
    ``given``, rows (n, dz) or labels (n,), is taken out of both (partial CCA, ``layerwise.cca.partial``).
    ``groups`` (n,) (utterances or speakers) are kept whole and ``labels`` (n,) spread evenly over ``parts``
    parts (see ``assign_parts``). Where x or y is a list of utterances, their frames are kept whole unless
    there are ``groups``, and groups, labels, resample and speakers may be given per utterance; where y is
    labels, these are spread unless there are ``labels``. Name the ``speakers`` (n,) of utterances where there
    are several: labels are then not exchanged between them in the null.

    ``mode="corrected"``: every part is once test and its neighbour dev, in each of ``partitions`` random
    divisions into parts. ``mode="paper"``: ``trials`` trials with disjoint dev and test parts. A trial trains
    on all other parts and chooses regularisers on dev: among ``epsilons``, pairs for x and y, if there are
    any; else by a climb over ridges, or, for ``mode="paper"``, among the six pairs of ``paper_epsilons``.

    Columns of the trials: trial, score, low, high, null, epsilon_x, epsilon_y, n_train, n_dev, n_test,
    n_excluded, dim_x, dim_y. low, high: 95 % t interval over the test part's units (``resample`` (n,), else
    the groups, else single rows), NaN with fewer than two; directions and PWCCA weights stay those of the
    trial. null: mean score of as many as ``permutations`` permutations
    (``layerwise.cca.permuted.null_scores``) of the targets within units if there are labels, else shifts in a
    circle; NaN with none. n_excluded: rows of the test part that were kept out, since a variate left the
    training range (``layerwise.cca.units``). ``similarities`` adds the columns mean_cca, svcca and cka (see
    ``layerwise.cca.similarity``) of the same test rows. ``device``: where second moments are summed, ``cpu``
    or a CUDA device. The other tables are those of ``layerwise.cca.scored.Scored``.

    Raises AnalysisError as ``score_split`` and ``assign_parts`` do, and for options out of range.
    """
    views = as_views(x, y)
    _check(mode, epsilons)
    options = _options(
        parts=parts,
        partitions=partitions,
        trials=trials,
        permutations=permutations,
        null_cost=null_cost,
        similarities=similarities,
        device=device,
    )
    kept_whole = views.utterances if groups is None else views.per_row("groups", groups)
    spread = views.labels if labels is None else views.per_row("labels", labels)
    part = assign_partitions(
        views.x.shape[0],
        groups=kept_whole,
        labels=spread,
        parts=parts,
        partitions=partitions if mode == "corrected" else 1,
        seed=seed,
    )
    small = max(views.x.shape[1], views.y.shape[1]) < MANY_DIMENSIONS
    try:
        with threadpool_limits(1 if small else None):
            return score_parts(
                views.x,
                views.y,
                part,
                options,
                units=kept_whole if resample is None else views.per_row("resample", resample),
                speakers=views.per_row("speakers", speakers),
                permute=spread is not None,
                mode=mode,
                seed=seed,
                given=None if given is None else as_view(given, "given"),
                pairs=epsilons,
            )
    except NotFiniteError as error:
        raise AnalysisError(f"{error}{views.place(error.row)}") from error


def _options(**values: Any) -> ScoringOptions:
    try:
        return ScoringOptions(**values)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise AnalysisError("; ".join(problems)) from error


def _check(mode: str, epsilons: Sequence[Pair] | None) -> None:
    if mode not in MODES:
        raise AnalysisError(f"mode {mode!r} is unknown: use one of {', '.join(MODES)}")
    if any(np.ndim(pair) != 1 or len(pair) != 2 for pair in epsilons or ()):
        raise AnalysisError(f"epsilons must be pairs (epsilon_x, epsilon_y), not {epsilons!r}")


def _rows(name: str, rows: ArrayLike, given: ViewsGiven) -> Index:
    """Return row numbers of indices or of a mask."""
    numbers, n = np.asarray(rows), given.x.shape[0]
    if numbers.dtype == bool and numbers.shape == (n,):
        numbers = np.flatnonzero(numbers)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise AnalysisError(
            f"{name} must be row indices or a mask ({n},), not {numbers.dtype} {numbers.shape}; "
            f"{given.described}"
        )
    if numbers.min() < 0 or numbers.max() >= n:
        raise AnalysisError(
            f"{name} names row {numbers.max()} and there are rows 0 to {n - 1}; {given.described}"
        )
    return numbers.astype(np.int64)
