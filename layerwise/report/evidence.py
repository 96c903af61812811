"""What the scores of a run rest on: means of layers, the units behind their errors, and permuted draws."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.cca.paired import Difference, trial_difference, unit_difference

Key = tuple[str, str]  # model and layer
_COLUMNS = ["analysis", "model", "layer"]


@dataclass(frozen=True)
class Evidence:
    """Tables of all models and analyses, as they were read (`contracts.scores`).

    ``units`` and ``nulls`` have no rows for measures without units, and for runs without permutations.
    """

    scores: pd.DataFrame
    units: pd.DataFrame
    nulls: pd.DataFrame

    def of_sample(self, sample: int) -> "Evidence":
        """The rows of one sample set."""
        return self._parts[sample]

    @cached_property
    def samples(self) -> list[int]:
        """Numbers of the sample sets."""
        return sorted(map(int, set(self.scores["sample"])))

    def mean(self, analysis: str, key: Key) -> float:
        """The mean score of a layer over sample sets and trials."""
        return self._means[(analysis, *key)]

    def knows(self, analysis: str, key: Key) -> bool:
        """Whether a layer was scored."""
        return (analysis, *key) in self._means

    def contrast(
        self, analysis: str, weights: Mapping[Key, float], seeds: Sequence[Sequence[float]] = ()
    ) -> Difference:
        """Return a weighted sum of mean scores of layers, as a rule their difference, with its interval.

        Paired over the units of all of them, 0 where a unit is absent from one; where a layer has no units,
        over sample set and trial. ``seeds`` are those of `cca.paired.unit_difference`.
        """
        keys = [(analysis, *key) for key in weights]
        factors = np.array(list(weights.values()))
        places, errors = self._errors
        if all(key in places for key in keys):
            mine = errors[:, [places[key] for key in keys]]
            mine = np.nan_to_num(mine[~np.isnan(mine).all(axis=1)])
            difference = float(factors @ [self._means[key] for key in keys])
            return unit_difference(difference, mine @ factors, seeds)
        places, scores = self._trials
        values = scores[:, [places[key] for key in keys]]
        values = values[~np.isnan(values).any(axis=1)]
        return trial_difference(values @ factors, self._test_train[analysis])

    def resampled(
        self, analysis: str, keys: Sequence[Key], seed: int, draws: int
    ) -> NDArray[np.float64] | None:
        """Return mean scores (draws, layers) with units drawn anew, the same for all layers.

        None where a layer has no units, or there are fewer than two.
        """
        places, errors = self._errors
        wanted = [(analysis, *key) for key in keys]
        if any(key not in places for key in wanted):
            return None
        mine = errors[:, [places[key] for key in wanted]]
        mine = np.nan_to_num(mine[~np.isnan(mine).all(axis=1)])
        units = len(mine)
        if units < 2:
            return None
        weights = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), draws) - 1
        means = np.array([self._means[key] for key in wanted])
        return np.asarray(means + np.sqrt(units / (units - 1)) * (weights @ mine))

    def best_draws(self, analysis: str, model: str, layers: Sequence[str], sign: int) -> NDArray[np.float64]:
        """The best score over layers of each permutation of each sample set that all of the layers have."""
        places, draws = self._draws
        keys = [(analysis, model, layer) for layer in layers]
        if any(key not in places for key in keys):
            return np.empty(0)
        mine = draws[:, [places[key] for key in keys]]
        mine = mine[~np.isnan(mine).any(axis=1)]
        return np.asarray(mine.max(axis=1) if sign > 0 else mine.min(axis=1))

    @cached_property
    def _parts(self) -> dict[int, "Evidence"]:
        tables = (self.scores, self.units, self.nulls)
        return {
            sample: Evidence(*(table[table["sample"] == sample] for table in tables))
            for sample in self.samples
        }

    @cached_property
    def _draws(self) -> tuple[dict[tuple[str, ...], int], NDArray[np.float64]]:
        """Scores (sample sets and permutations, layers) and the column of each layer."""
        return _matrix(self.nulls.pivot(index=["sample", "permutation"], columns=_COLUMNS, values="score"))

    @cached_property
    def _means(self) -> dict[tuple[str, ...], float]:
        return dict(_columns(self.scores.groupby(_COLUMNS)["score"].mean()))

    @cached_property
    def _trials(self) -> tuple[dict[tuple[str, ...], int], NDArray[np.float64]]:
        """Scores (sample sets and trials, layers) and the column of each layer."""
        return _matrix(self.scores.pivot(index=["sample", "trial"], columns=_COLUMNS, values="score"))

    @cached_property
    def _errors(self) -> tuple[dict[tuple[str, ...], int], NDArray[np.float64]]:
        """Contributions (units, layers) as those of `cca.paired.unit_errors`, NaN where a unit is absent."""
        sets = self.units.groupby(_COLUMNS)["sample"].transform("nunique")
        parts = self.units.assign(contribution=self.units["contribution"] / sets)
        if parts.empty:
            return {}, np.empty((0, 0))
        sums = parts.groupby([*_COLUMNS, "unit"])["contribution"].sum()
        return _matrix(sums.unstack(_COLUMNS))

    @cached_property
    def _test_train(self) -> dict[str, float]:
        ratio = self.scores["n_test"] / self.scores["n_train"]
        means = ratio.groupby(self.scores["analysis"]).mean()
        return {str(name): float(value) for name, value in means.items()}


def _columns(series: pd.Series) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, value in zip(series.index.to_flat_index(), series, strict=True):
        yield tuple(map(str, key)), float(value)


def _matrix(wide: pd.DataFrame) -> tuple[dict[tuple[str, ...], int], NDArray[np.float64]]:
    keys = [tuple(map(str, key)) for key in wide.columns.to_flat_index()]
    return {key: place for place, key in enumerate(keys)}, wide.to_numpy(dtype=np.float64)
