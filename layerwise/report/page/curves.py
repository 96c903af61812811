"""What the page can draw over layers: the columns of which table, and in which words."""

from dataclasses import asdict, dataclass
from typing import Any

from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables

ANALYSES, MEASURES, TASKS, LEARNED = "Layer analyses", "Measures", "Tasks", "Learned sums"


@dataclass(frozen=True)
class Curves:
    """Curves of one kind, a line for each model.

    Attributes:
        group: heading under which a reader finds it.
        title: what is drawn.
        axis: its unit.
        higher_is_better: which way is up.
        table: name of the table that holds it.
        where: the values of the columns that choose its rows.
        value: the column drawn; ``low``, ``high``, ``n``, ``floor`` and ``tie`` are columns too, or empty.
        floor_name: what ``floor``, or the constant ``level``, is.
        factor: what values are multiplied by for display.
        each: a column whose rows are averaged (``seed``), or empty.
    """

    group: str
    title: str
    axis: str
    higher_is_better: bool
    table: str
    where: dict[str, str]
    value: str
    low: str = "low"
    high: str = "high"
    n: str = ""
    floor: str = ""
    floor_name: str = ""
    level: float | None = None
    tie: str = ""
    factor: int = 1
    each: str = ""
    figure: str = ""


def all_curves(tables: RunTables, facts: RunFacts) -> list[dict[str, Any]]:
    """Name every curve that the tables hold, as plain data: analyses, measures, tasks, learned weights."""
    found = [_analysis(name, facts) for name in tables.analyses]
    held = set(zip(tables.measures["measure"], tables.measures["variant"], strict=True))
    for measure in facts.measures:
        for variant in measure.variants:
            if (measure.name, variant.name) in held:
                found.append(
                    Curves(
                        *(MEASURES, f"{measure.title}: {variant.title}", variant.quantity),
                        higher_is_better=variant.higher_is_better,
                        table="measures",
                        where={"measure": measure.name, "variant": variant.name},
                        value="value",
                        n="n",
                        level=variant.floor,
                        floor_name="knows nothing",
                        factor=variant.factor,
                        figure="measures",
                    )
                )
    for name in tables.tasks:
        task = facts.task(name)
        for metric in task.metrics:
            found.append(
                Curves(
                    *(TASKS, f"{task.title}: {metric.title}", f"{metric.title} on test"),
                    higher_is_better=not metric.lower_is_better,
                    table="downstream_summary",
                    where={"task": name, "metric": metric.name},
                    value="value",
                    figure="tasks",
                )
            )
    for name in tables.tasks:
        if (tables.weights["task"] == name).any():
            found.append(
                Curves(
                    *(LEARNED, f"{facts.task(name).title}: weights", "weight in the learned sum"),
                    higher_is_better=True,
                    table="weights",
                    where={"task": name},
                    value="weight",
                    low="",
                    high="",
                    each="seed",
                    figure="weights",
                )
            )
    return [asdict(curves) for curves in found]


def _analysis(name: str, facts: RunFacts) -> Curves:
    analysis = facts.analysis(name)
    return Curves(
        *(ANALYSES, analysis.title, analysis.measure),
        higher_is_better=analysis.higher_is_better,
        table="layer_summary",
        where={"analysis": name},
        value="score",
        n="n_units",
        floor="null",
        floor_name="permuted targets",
        tie="tie",
        figure="layers",
    )
