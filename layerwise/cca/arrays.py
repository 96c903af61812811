"""The engine on arrays of your own: one split, or a cross-validation."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from layerwise.cca.crossval import EPSILONS, Epsilons, choose_epsilons, score_parts
from layerwise.cca.inputs import Features, ViewsGiven, as_views
from layerwise.cca.moments import Index, NotFiniteError, fixed_shift, row_moments
from layerwise.cca.pwcca import Mode, held_out
from layerwise.cca.splits import assign_parts
from layerwise.errors import AnalysisError
from layerwise.options.scoring import ScoringOptions

DEFAULTS = ScoringOptions()
MODES = ("corrected", "paper")


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
    epsilons: Epsilons = EPSILONS,
    mode: Mode = "corrected",
) -> SplitScore:
    """Return the PWCCA score on the test rows, with the regularisers that score best on the dev rows.

    x is (n, dx) and y is (n, dy) or labels (n,), in any form that ``layerwise.cca.inputs.as_view`` takes;
    train, dev and test are row indices or boolean masks (n,). Weights come from the view with fewer
    dimensions (ties: y). ``mode`` is explained at ``layerwise.cca.pwcca.held_out``. Raises AnalysisError for
    views that do not fit, rows that are not there, NaN, infinity, a constant view or too few training rows
    (there must be more than dimensions).
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
    chosen, directions = choose_epsilons(moments[0], moments[1], epsilons, mode)
    return SplitScore(held_out(directions, moments[2], mode).pwcca, chosen)


def cross_validate(
    x: Features,
    y: Features,
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

    x is (n, dx) and y is (n, dy) or labels (n,), in any form that ``layerwise.cca.inputs.as_view`` takes.
    ``groups`` (n,) (utterances or speakers) are kept whole and ``labels`` (n,) spread evenly over ``parts``
    parts (see ``assign_parts``). Where x or y is a list of utterances, their frames are kept whole unless
    there are ``groups``, and groups, labels and resample may be given per utterance; where y is labels, these
    are spread unless there are ``labels``. Trial t trains on all parts but two, chooses among ``epsilons`` on
    the first of these and scores the second; no part is used twice. ``epsilons`` are pairs for x and y; None:
    the whole published grid, or for ``mode="paper"`` the six pairs of ``paper_epsilons``.

    Columns: trial, score, low, high, floor, epsilon_x, epsilon_y, n_train, n_dev, n_test, dim_x, dim_y.
    low, high: 95 % percentile bootstrap, with ``bootstrap`` replicates, over the test part's units
    (``resample`` (n,), else the groups, else single rows). It resamples the canonical variates' second
    moments per unit; directions and PWCCA weights stay those of the trial. NaN with fewer than two units
    or bootstrap=0. floor: score at the same split and regularisers, trained and tested on wrong
    targets: permuted within each part if there are labels, else shifted in a circle by a random quarter
    to three quarters of the part. One floor pairing serves all trials. ``similarities`` adds the columns
    mean_cca, svcca and cka (see ``layerwise.cca.similarity``) of the same test rows. ``device``: where
    second moments are summed, ``cpu`` or a CUDA device.

    Raises AnalysisError as ``score_split`` and ``assign_parts`` do, and for options out of range.
    """
    given = as_views(x, y)
    _check(mode, epsilons)
    options = _options(
        parts=parts, trials=trials, bootstrap=bootstrap, similarities=similarities, device=device
    )
    kept_whole = given.utterances if groups is None else given.per_row("groups", groups)
    spread = given.labels if labels is None else given.per_row("labels", labels)
    part = assign_parts(given.x.shape[0], groups=kept_whole, labels=spread, parts=parts, seed=seed)
    try:
        return score_parts(
            given.x,
            given.y,
            part,
            options,
            units=kept_whole if resample is None else given.per_row("resample", resample),
            permute=spread is not None,
            mode=mode,
            seed=seed,
            floor=floor,
            pairs=epsilons,
        )
    except NotFiniteError as error:
        raise AnalysisError(f"{error}{given.place(error.row)}") from error


def _options(**values: Any) -> ScoringOptions:
    try:
        return ScoringOptions(**values)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise AnalysisError("; ".join(problems)) from error


def _check(mode: str, epsilons: Epsilons | None) -> None:
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
