"""What the scores of a run rest on: means of layers, the units behind their errors, and permuted draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

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
        return Evidence(
            *(table[table["sample"] == sample] for table in (self.scores, self.units, self.nulls))
        )

    @cached_property
    def samples(self) -> list[int]:
        """Numbers of the sample sets."""
        return sorted(map(int, set(self.scores["sample"])))

    def mean(self, analysis: str, key: Key) -> float:
        """The mean score of a layer over sample sets and trials."""
        return float(self._means[(analysis, *key)])

    def knows(self, analysis: str, key: Key) -> bool:
        """Whether a layer was scored."""
        return (analysis, *key) in self._means.index

    def contrast(
        self, analysis: str, weights: Mapping[Key, float], seeds: Sequence[Sequence[float]] = ()
    ) -> Difference:
        """Return a weighted sum of mean scores of layers, as a rule their difference, with its interval.

        Paired over the units of all of them, 0 where a unit is absent from one; where a layer has no units, over
        sample set and trial. ``seeds`` are those of `cca.paired.unit_difference`.
        """
        keys = [(analysis, *key) for key in weights]
        factors = np.array(list(weights.values()))
        if not self.units.empty and all(key in self._errors for key in keys):
            errors = self._errors[keys].dropna(how="all").fillna(0.0)
            difference = float(factors @ self._means[keys].to_numpy())
            return unit_difference(difference, errors.to_numpy() @ factors, seeds)
        values = self._trials[keys].dropna().to_numpy() @ factors
        return trial_difference(values, self._test_train[analysis])

    def best_draws(self, analysis: str, model: str, layers: Sequence[str], sign: int) -> pd.Series:
        """The best score over layers of each permutation of each sample set."""
        mine = self.nulls[(self.nulls["analysis"] == analysis) & (self.nulls["model"] == model)]
        draws = mine[mine["layer"].isin(layers)].groupby(["sample", "permutation"])["score"]
        return draws.max() if sign > 0 else draws.min()

    @cached_property
    def _means(self) -> pd.Series:
        return self.scores.groupby(_COLUMNS)["score"].mean()

    @cached_property
    def _trials(self) -> pd.DataFrame:
        return self.scores.pivot(index=["sample", "trial"], columns=_COLUMNS, values="score")

    @cached_property
    def _errors(self) -> pd.DataFrame:
        """Contributions (`cca.paired.unit_errors`) of all layers, NaN where a unit is absent."""
        sets = self.units.groupby(_COLUMNS)["sample"].transform("nunique")
        parts = self.units.assign(contribution=self.units["contribution"] / sets)
        return parts.pivot_table(
            index="unit", columns=_COLUMNS, values="contribution", aggfunc="sum", observed=True
        )

    @cached_property
    def _test_train(self) -> dict[str, float]:
        ratio = self.scores["n_test"] / self.scores["n_train"]
        return {
            str(name): float(value) for name, value in ratio.groupby(self.scores["analysis"]).mean().items()
        }
