"""Layers of a task against each other and against the learned sum: paired, over test units and trainings."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from layerwise.cca.paired import Difference, holm
from layerwise.contracts.run_tables import columns
from layerwise.errors import ReportError
from layerwise.layers import WEIGHTED_SUM
from layerwise.report.facts import RunFacts
from layerwise.report.task_counts import TaskCounts, task_by_task
from layerwise.report.words import ALL, LEVEL, SINGLE, TIE
from layerwise.tasks.paired import paired_differences

OnDev = dict[tuple[str, str, str], dict[str, float]]


def on_dev(runs: pd.DataFrame) -> OnDev:
    """Return the metric of each layer on dev, a mean over its seeds, by model, task and name of the metric.

    ``runs`` are the results of all trainings (`RunTables.downstream`).
    """
    made: OnDev = {}
    means = runs[runs["split"] == "dev"].groupby(["model", "task", "metric", "layer"])["value"].mean()
    for row, mean in zip(means.reset_index().itertuples(), means.to_numpy(np.float64), strict=True):
        key = str(row.model), str(row.task), str(row.metric)
        made.setdefault(key, {})[str(row.layer)] = float(mean)
    return made


def best_on_dev(counts: TaskCounts, dev: OnDev, facts: RunFacts) -> str:
    """Return the single layer that is best on dev by the metric that decides (ties: the lower).

    ``dev`` is what `on_dev` gives. Raises `ReportError` where a layer was not scored on dev.
    """
    metric = facts.task(counts.task).metric
    values = dev.get((counts.model, counts.task, metric.name), {})
    lacking = [layer for layer in counts.single if layer not in values]
    if lacking:
        raise ReportError(
            f"downstream/{counts.model}/{counts.task}.csv: {metric.name} lacks dev rows for "
            f"{', '.join(lacking)}; the best layer is chosen on dev: train the task again"
        )
    return counts.single[int(np.argmax([metric.sign * values[layer] for layer in counts.single]))]


def single_and_weighted(found: list[TaskCounts], runs: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Compare the single layer that is best on dev with the learned sum of all layers, on test.

    p_holm is corrected over the trained models of a task and metric; random twins, and baselines, are
    families of their own and do not count there. Models with one layer, or without a sum, have no row.
    """
    dev = on_dev(runs)

    def rows_of(counts: TaskCounts) -> Iterator[tuple[object, ...]]:
        if len(counts.single) < 2 or WEIGHTED_SUM not in counts.layers:
            return
        layer = best_on_dev(counts, dev, facts)
        single, whole = counts.layer(layer), counts.layer(WEIGHTED_SUM)
        (made,) = counts.differences([single], [whole], counts.seed(facts, "single and sum"))
        values = counts.value(single), counts.value(whole)
        head = (counts.model, counts.task, counts.metric.name, layer, *values)
        yield (*head, *made[:4], np.nan, TIE, made.n)

    table = pd.DataFrame(task_by_task(found, rows_of), columns=columns("single_weighted"))
    kinds = [facts.model(name).kind for name in table["model"]]
    for _, places in table.groupby(["task", "metric", kinds]).groups.items():
        table.loc[places, "p_holm"] = holm(table.loc[places, "p"].to_numpy(dtype=float))
    table["verdict"] = [
        _verdict(row, facts.task(str(row["task"])).metric_of(str(row["metric"])).sign)
        for _, row in table.iterrows()
    ]
    return table


def task_contrasts(found: list[TaskCounts], runs: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Best single layer of each trained model against that of its controls, on the test units that both have.

    Layers are chosen on dev, each side by itself; controls are the model's random twin and the baselines.
    p_holm is corrected over all rows of a task and metric.
    """
    dev = on_dev(runs)
    known = {(counts.model, counts.task, counts.metric.name): counts for counts in found}

    def rows_of(counts: TaskCounts) -> Iterator[tuple[object, ...]]:
        twin = facts.twin(counts.model)
        controls = ([twin] if twin else []) + list(facts.of_kind("baseline"))
        for control in controls if facts.model(counts.model).kind == "trained" else []:
            other = known.get((control.name, counts.task, counts.metric.name))
            units = [unit for unit in counts.units if other and unit in set(other.units)]
            if not other or not units:
                continue
            layer, control_layer = best_on_dev(counts, dev, facts), best_on_dev(other, dev, facts)
            sides = [(counts.among(units), layer), (other.among(units), control_layer)]
            made = _across_models(sides, counts.seed(facts, "controls"))
            head = (counts.model, counts.task, counts.metric.name, layer, control.name, control_layer)
            yield (*head, *made[:4], np.nan, made.n)

    table = pd.DataFrame(task_by_task(found, rows_of), columns=columns("task_contrasts"))
    for _, places in table.groupby(["task", "metric"]).groups.items():
        table.loc[places, "p_holm"] = holm(table.loc[places, "p"].to_numpy(dtype=float))
    return table


def _across_models(sides: list[tuple[TaskCounts, str]], seed: int) -> Difference:
    """Compare a layer of one model with one of another, whose trainings have a variance of their own."""
    systems = [counts.layer(layer) for counts, layer in sides]
    parts = [
        (counts.variance(system.weights), counts.trainings.freedom)
        for (counts, _), system in zip(sides, systems, strict=True)
    ]
    variance = sum(part for part, _ in parts)
    # Welch and Satterthwaite
    freedom = variance**2 / sum(part**2 / own for part, own in parts) if variance else 1.0
    first, second = (system.counts[None] for system in systems)
    (made,) = paired_differences(first, second, sides[0][0].totals, [variance], freedom, seed=seed)
    return made


def _verdict(row: pd.Series, sign: int) -> str:
    if not float(row["p_holm"]) < LEVEL:
        return TIE
    return SINGLE if sign * float(row["difference"]) > 0 else ALL


def task_peaks(found: list[TaskCounts], facts: RunFacts) -> pd.DataFrame:
    """The best single layer of each model in each task, on test, and its tie set (`ties`)."""

    def rows_of(counts: TaskCounts) -> list[tuple[object, ...]]:
        best, tied = ties(counts, facts)
        numbers = (
            counts.value(counts.layer(best)),
            " ".join(tied),
            len(tied),
            len(counts.single),
            len(counts.units),
        )
        return [(counts.model, counts.task, counts.metric.name, best, *numbers)]

    return pd.DataFrame(task_by_task(found, rows_of), columns=columns("task_peaks"))


def ties(counts: TaskCounts, facts: RunFacts) -> tuple[str, tuple[str, ...]]:
    """Return the single layer that is best on test (ties: the lower), and the layers that it does not beat.

    Paired, 5 %, Holm over the other layers. Each layer that may be the best is in the set with a probability
    of 95 % or more; the set says nothing of layers that are in it.
    """
    layers, sign = counts.single, counts.metric.sign
    best = layers[int(np.argmax([sign * counts.value(counts.layer(layer)) for layer in layers]))]
    others = [layer for layer in layers if layer != best]
    if not others:
        return best, layers
    found = counts.differences(
        [counts.layer(best)] * len(others),
        [counts.layer(layer) for layer in others],
        counts.seed(facts, "ties"),
    )
    beaten = holm([entry.p for entry in found]) < LEVEL
    lost = {layer for layer, sure in zip(others, beaten, strict=True) if sure}
    return best, tuple(layer for layer in layers if layer not in lost)
