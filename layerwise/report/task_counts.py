"""What each layer makes of the test utterances of a task: the counts that its comparisons are paired on."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import contracts
from layerwise.cca.paired import Difference
from layerwise.contracts.tasks import TASK_UTTERANCES
from layerwise.errors import ReportError
from layerwise.layers import WEIGHTED_SUM, is_normed, layer_index, on_curve
from layerwise.report.facts import RunFacts
from layerwise.seeds import derive_seed
from layerwise.specs.metrics import Metric
from layerwise.tasks.paired import (
    DRAWS,
    Trainings,
    best_by_halves,
    comparison_units,
    paired_differences,
    seed_means,
    training_variance,
    unit_variance,
)


class System(NamedTuple):
    """A layer, or a mixture of layers: its counts (units,), means over trainings, and the layers' weights."""

    counts: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class TaskCounts:
    """Counts of one metric of one task on one model, on test.

    Attributes:
        model: name of the model.
        task: name of the task.
        metric: the metric: the sum of the counts over that of the totals.
        layers: layers that were trained, upwards; the learned sum of all, where there is one, comes last.
        units: the utterances, or speakers where there are ten or more.
        counts: (layers, seeds, units); NaN for a training that a layer lacks.
        totals: (units,).
    """

    model: str
    task: str
    metric: Metric
    layers: tuple[str, ...]
    units: tuple[str, ...]
    counts: NDArray[np.float64]
    totals: NDArray[np.float64]

    def of(self, layers: Sequence[str]) -> NDArray[np.float64]:
        """Counts (layers, seeds, units) of some layers."""
        return self.counts[[self.layers.index(layer) for layer in layers]]

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Means over trainings (layers, units)."""
        return seed_means(self.counts)

    @cached_property
    def trainings(self) -> Trainings:
        """What trainings add to the variance of the metric of a layer."""
        return training_variance(self.counts, self.totals)

    def variance(self, weights: NDArray[np.float64]) -> float:
        """Variance that trainings add to a weighted sum of the layers' metrics."""
        seeds = (~np.isnan(self.counts[:, :, 0])).sum(axis=1)
        return self.trainings.variance * float(np.sum(weights**2 / seeds))

    def mixture(self, shares: Mapping[str, float]) -> System:
        """The system that is made of shares of layers."""
        weights = np.array([shares.get(layer, 0.0) for layer in self.layers])
        return System(weights @ self.means, weights)

    def layer(self, name: str) -> System:
        """A layer, or the learned sum, as a system."""
        return self.mixture({name: 1.0})

    def best(self, seed: int) -> System:
        """What stands for the best single layer: found on one half of the units, scored on the other."""
        places = [self.layers.index(layer) for layer in self.single]
        shares = best_by_halves(self.means[places], self.totals, self.metric.sign, seed=seed)
        weights = np.zeros(len(self.layers))
        weights[places] = shares @ self.totals / self.totals.sum()
        return System((shares * self.means[places]).sum(axis=0), weights)

    def choosing(self, chosen: System, other: System) -> float:
        """Variance that the choice of a system's layers adds to its difference from another.

        A mixture of layers varies less over units than each of them. Where each part was chosen for its
        results, errors of the choice do not average out: the variance is the mean of those of the layers.
        """
        layers = unit_variance(self.means - other.counts, self.totals)
        whole = unit_variance(chosen.weights @ self.means - other.counts, self.totals)
        return max(0.0, float(chosen.weights @ layers - whole))

    def differences(
        self,
        first: Sequence[System],
        second: Sequence[System],
        seed: int,
        draws: int = DRAWS,
        more: Sequence[float] = (),
    ) -> list[Difference]:
        """Compare systems pair by pair (`tasks.paired.paired_differences`); ``more`` adds to variances."""
        variances = [self.variance(a.weights - b.weights) for a, b in zip(first, second, strict=True)]
        variances = [sum(pair) for pair in zip(variances, more, strict=True)] if more else variances
        left, right = (np.stack([system.counts for system in side]) for side in (first, second))
        own = self.trainings.freedom
        return paired_differences(left, right, self.totals, variances, own, seed=seed, draws=draws)

    def value(self, system: System) -> float:
        """The metric of a system."""
        return float(system.counts.sum() / self.totals.sum())

    @cached_property
    def single(self) -> tuple[str, ...]:
        """Single layers."""
        return tuple(layer for layer in self.layers if layer != WEIGHTED_SUM)

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """Single layers without ``TL+ln``, which is ``TL`` in another form: each block counts once."""
        return tuple(layer for layer in self.single if on_curve(layer) and not is_normed(layer))

    def among(self, units: Sequence[str]) -> "TaskCounts":
        """Return the counts of some of the units."""
        places = [self.units.index(unit) for unit in units]
        counts, totals = self.counts[:, :, places], self.totals[places]
        return replace(self, units=tuple(units), counts=counts, totals=totals)

    def seed(self, facts: RunFacts, what: str) -> int:
        """A seed for draws; those of models that were tested on the same utterances are the same."""
        return derive_seed(facts.seed, what, self.task, self.metric.name)


def task_by_task(
    found: Sequence[TaskCounts], rows_of: Callable[[TaskCounts], Iterable[tuple[object, ...]]]
) -> list[tuple[object, ...]]:
    """Return the rows of each, in the order of ``found``.

    They are made task by task: models of one task have their draws in common, which are kept meanwhile.
    """
    order = sorted(range(len(found)), key=lambda place: (found[place].task, found[place].metric.name))
    made = {place: list(rows_of(found[place])) for place in order}
    return [row for place in range(len(found)) for row in made[place]]


def read_task_counts(paths: Iterable[Path], facts: RunFacts) -> list[TaskCounts]:
    """Read ``downstream/{model}/{task}.utterances.parquet`` files, one after the other.

    Raises `ReportError` for a file that does not keep its contract, for layers or trainings that were not
    scored on the same utterances, and for a model, a task or a metric that the run does not have.
    """
    found = [counts for path in paths for counts in _read(path, facts)]
    return sorted(found, key=lambda counts: (counts.model, counts.task, counts.metric.name))


def _read(path: Path, facts: RunFacts) -> Iterator[TaskCounts]:
    table = contracts.read(TASK_UTTERANCES, path)
    table = table[table["split"] == "test"]
    for (model, task, metric), rows in table.groupby(["model", "task", "metric"], sort=True):
        known = {entry.name: entry for entry in facts.task(str(task)).metrics}
        if metric not in known:
            raise ReportError(
                f"{path}: metric {metric!r} is not one of task {task!r} ({', '.join(known)}): train it again"
            )
        yield _counts(path, facts.model(str(model)).name, str(task), known[str(metric)], rows)


def _counts(path: Path, model: str, task: str, metric: Metric, rows: pd.DataFrame) -> TaskCounts:
    layers = sorted(map(str, rows["layer"].unique()), key=layer_index)
    seeds = sorted(rows["seed"].unique())
    speakers = rows.drop_duplicates("utt_id").set_index("utt_id")["speaker"].sort_index()
    utterances = list(map(str, speakers.index))
    orders = {"layer": layers, "seed": seeds, "utt_id": utterances}
    places = tuple(_places(rows[name], order) for name, order in orders.items())
    counts, totals = np.full((2, *map(len, orders.values())), np.nan)
    counts[places], totals[places] = rows["count"], rows["total"]
    trained = np.argwhere(~np.isnan(totals).all(axis=2))
    total = totals[tuple(trained[0])]
    for place, seed in trained:
        uneven = totals[place, seed] != total  # NaN, of an utterance that is not there, differs too
        if uneven.any():
            raise ReportError(
                f"{path}: {metric.name} of layer {layers[place]}, seed {seeds[seed]}, does not rest on the "
                f"same labels of utterance {utterances[int(uneven.argmax())]} as other layers: train the "
                "task again"
            )
    units = comparison_units(utterances, list(speakers))
    wide = pd.DataFrame(np.column_stack([counts.reshape(-1, len(units)).T, total]))
    summed = wide.groupby(units, sort=True).sum(min_count=1)
    numbers = summed.to_numpy(dtype=np.float64).T
    return TaskCounts(
        *(model, task, metric, tuple(layers), tuple(map(str, summed.index))),
        numbers[:-1].reshape(len(layers), len(seeds), -1),
        numbers[-1].copy(),
    )


def _places(cells: pd.Series, order: Sequence[object]) -> NDArray[np.intp]:
    """The place of each cell in an order of all that occur."""
    codes, found = pd.factorize(cells)
    places = {name: place for place, name in enumerate(order)}
    return np.array([places[name] for name in found])[codes]
