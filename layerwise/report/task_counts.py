"""What each layer makes of the test utterances of a task: the counts that its comparisons are paired on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise import contracts
from layerwise.contracts.tasks import TASK_UTTERANCES
from layerwise.errors import ReportError
from layerwise.layers import WEIGHTED_SUM, is_normed, layer_index, on_curve
from layerwise.report.facts import RunFacts
from layerwise.seeds import derive_seed
from layerwise.specs.metrics import Metric
from layerwise.tasks.paired import comparison_units, rates


@dataclass(frozen=True)
class TaskCounts:
    """Counts of one metric of one task on one model, on test.

    Attributes:
        model: name of the model.
        task: name of the task.
        metric: the metric: the sum of the counts over that of the totals.
        layers: layers that were trained, upwards; the learned sum of all, where there is one, comes last.
        seeds: numbers of the trainings.
        units: the utterances, or speakers where there are ten or more.
        counts: (layers, seeds, units); NaN for a training that a layer lacks.
        totals: (units,).
    """

    model: str
    task: str
    metric: Metric
    layers: tuple[str, ...]
    seeds: tuple[int, ...]
    units: tuple[str, ...]
    counts: NDArray[np.float64]
    totals: NDArray[np.float64]

    def __getitem__(self, layer: str) -> NDArray[np.float64]:
        """Counts (seeds, units) of a layer."""
        return np.asarray(self.counts[self.layers.index(layer)])

    def of(self, layers: Sequence[str]) -> NDArray[np.float64]:
        """Counts (layers, seeds, units) of some layers."""
        return self.counts[[self.layers.index(layer) for layer in layers]]

    def value(self, layer: str) -> float:
        """The metric of a layer, from the mean over its trainings."""
        return float(rates(self[layer], self.totals))

    @property
    def single(self) -> tuple[str, ...]:
        """Single layers."""
        return tuple(layer for layer in self.layers if layer != WEIGHTED_SUM)

    @property
    def blocks(self) -> tuple[str, ...]:
        """Single layers without ``TL+ln``, which is ``TL`` in another form: each block counts once."""
        return tuple(layer for layer in self.single if on_curve(layer) and not is_normed(layer))

    def among(self, seeds: Sequence[int], units: Sequence[str]) -> "TaskCounts":
        """Return the counts of some trainings, NaN for those that are not there, and of some units."""
        columns = [self.units.index(unit) for unit in units]
        counts = np.full((len(self.layers), len(seeds), len(units)), np.nan)
        for place, number in enumerate(seeds):
            if number in self.seeds:
                counts[:, place] = self.counts[:, self.seeds.index(number), columns]
        totals = self.totals[columns]
        return replace(self, seeds=tuple(seeds), units=tuple(units), counts=counts, totals=totals)

    def seed(self, facts: RunFacts, what: str) -> int:
        """A seed for draws; those of models that were tested on the same utterances are the same."""
        return derive_seed(facts.seed, what, self.task, self.metric.name)


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
    wide = {
        name: rows.pivot(index=["layer", "seed"], columns="utt_id", values=name).sort_index(axis=1)
        for name in ("count", "total")
    }
    totals = wide["total"].iloc[0]
    uneven = wide["total"].isna() | (wide["total"] != totals)
    if uneven.to_numpy().any():
        layer, seed = uneven.index[uneven.any(axis=1)][0]
        utt_id = uneven.columns[uneven.loc[(layer, seed)]][0]
        raise ReportError(
            f"{path}: {metric.name} of layer {layer}, seed {seed}, does not rest on the same labels of "
            f"utterance {utt_id} as other layers: train the task again"
        )
    layers = sorted(map(str, set(rows["layer"])), key=layer_index)
    seeds = sorted(set(rows["seed"]))
    places = pd.MultiIndex.from_product([layers, seeds], names=["layer", "seed"])
    speakers = rows.drop_duplicates("utt_id").set_index("utt_id")["speaker"].loc[totals.index]
    units = comparison_units(list(totals.index), list(speakers))
    summed = wide["count"].reindex(places).T.groupby(units, sort=True).sum(min_count=1).T
    return TaskCounts(
        *(model, task, metric, tuple(layers), tuple(map(int, seeds)), tuple(map(str, summed.columns))),
        summed.to_numpy(dtype=np.float64).reshape(len(layers), len(seeds), -1),
        totals.groupby(units, sort=True).sum().to_numpy(dtype=np.float64),
    )
