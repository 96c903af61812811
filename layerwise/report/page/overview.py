"""The overview: a line for each model, with where it peaks and what its layers give to tasks."""

from dataclasses import dataclass

import pandas as pd

from layerwise.report.curves import peak_of
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.page.models import FAMILIES
from layerwise.report.run_tables import RunTables, of

DASH = "\N{EN DASH}"
VERDICTS = {"single": "single better", "all": "sum better", "tie": "tie"}


@dataclass(frozen=True)
class Cell:
    """What a cell says, and the number by which its column is sorted (None: last)."""

    text: str
    key: float | str | None = None
    note: str = ""


@dataclass(frozen=True)
class Overview:
    """A table that can be sorted: headings with what they mean, and rows of cells."""

    header: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def overview(tables: RunTables, facts: RunFacts) -> Overview:
    """Put the overview together: peak set of each analysis, best layer and learned sum of each task."""
    header = [("Model", "as in the config"), ("Family", "objective of its pre-training")]
    for name in tables.analyses:
        title = facts.analysis(name).short
        header.append((f"{title}: peak set", "best block layer and those that it does not beat; its score"))
    for name in tables.tasks:
        task = facts.task(name)
        metric = task.metric.title
        header += [
            (f"{metric}: best layer", f"{task.title}, test: best layer [tie set]"),
            (f"{metric}: single", f"{task.title}, test: the layer that dev chose"),
            (
                f"{metric}: single {chr(0x2212)} sum",
                "paired difference with 95% interval; verdict after Holm",
            ),
        ]
    rows = [_row(model, tables, facts) for model in facts.models]
    return Overview(tuple(header), tuple(rows))


def _row(model: ModelFacts, tables: RunTables, facts: RunFacts) -> tuple[Cell, ...]:
    cells = [
        Cell(model.label, model.label),
        Cell(family := FAMILIES.get(model.kind, model.objective), family),
    ]
    for analysis in tables.analyses:
        peak = peak_of(tables.peaks, model.name, analysis)
        if peak is None:
            level = of(tables.layer_summary, model=model.name, analysis=analysis)
            cells.append(_level(level["score"]))
        else:
            names = spans(str(peak["tie"]).split())
            cells.append(Cell(names, float(peak["layer_index"]), f"{peak['layer']}: {peak['score']:.3f}"))
    for task in tables.tasks:
        metric = facts.task(task).metric.name
        chosen = {"model": model.name, "task": task, "metric": metric}
        cells += [_best(of(tables.task_peaks, **chosen)), *_against_sum(of(tables.single_weighted, **chosen))]
    return tuple(cells)


def _level(scores: "pd.Series[float]") -> Cell:
    return Cell(DASH) if scores.empty else Cell(f"{scores.iloc[0]:.3f}", None, "one layer")


def _best(rows: pd.DataFrame) -> Cell:
    if rows.empty:
        return Cell(DASH)
    row = rows.iloc[0]
    return Cell(
        f"{row['layer']}", float(row["value"]), f"{row['value']:.3f} [{spans(str(row['tie']).split())}]"
    )


def _against_sum(rows: pd.DataFrame) -> tuple[Cell, Cell]:
    if rows.empty:
        return Cell(DASH), Cell(DASH)
    row = rows.iloc[0]
    difference = f"{row['difference']:+.3f} [{row['low']:.3f}, {row['high']:.3f}]".replace(
        "-", "\N{MINUS SIGN}"
    )
    verdict = VERDICTS[str(row["verdict"])]
    return (
        Cell(f"{row['single']:.3f}", float(row["single"]), f"{row['layer']}; sum {row['all']:.3f}"),
        Cell(difference, float(row["difference"]), verdict),
    )


def spans(layers: list[str]) -> str:
    """Layers in order, runs of blocks of three or more as a span: ``T1–T4 T6``."""
    runs: list[list[str]] = []
    for layer in layers:
        if runs and _follows(runs[-1][-1], layer):
            runs[-1].append(layer)
        else:
            runs.append([layer])
    parts = [[f"{run[0]}{DASH}{run[-1]}"] if len(run) > 2 else run for run in runs]
    return " ".join(name for part in parts for name in part)


def _follows(layer: str, following: str) -> bool:
    a, b = layer[1:], following[1:]
    return layer[0] == following[0] and a.isdigit() and b.isdigit() and int(b) == int(a) + 1
