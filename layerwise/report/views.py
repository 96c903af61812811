"""The tables of a run cut into small ones: a curve of one model, all that is known of one layer."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pandas as pd

from layerwise.report.run_tables import RunTables

COLUMNS = ("kind", "name", "metric", "value", "low", "high", "n", "tie")


def curves(tables: RunTables) -> Iterator[tuple[PurePosixPath, pd.DataFrame]]:
    """Yield ``{model}/{analysis}.csv``: the rows of `layer_summary` of a model in an analysis."""
    for key, curve in tables.layer_summary.groupby(["model", "analysis"]):
        model, analysis = map(str, key)
        yield PurePosixPath(model, f"{analysis}.csv"), curve


def layers(tables: RunTables) -> Iterator[tuple[PurePosixPath, pd.DataFrame]]:
    """Yield ``{model}/{layer}.csv``: all values of a layer, a row for each analysis, measure and task."""
    for key, values in _long(tables).groupby(["model", "layer"]):
        model, layer = map(str, key)
        yield PurePosixPath(model, f"{layer}.csv"), values[list(COLUMNS)]


def _long(tables: RunTables) -> pd.DataFrame:
    summary, measures, tasks = tables.layer_summary, tables.measures, tables.downstream_summary
    parts = [
        summary.assign(kind="analysis", name=summary["analysis"], metric="score", value=summary["score"]),
        measures.assign(kind="measure", name=measures["measure"], metric=measures["variant"]),
        tasks.assign(kind="task", name=tasks["task"]),
    ]
    rows = [part.reindex(columns=["model", "layer", *COLUMNS]) for part in parts if len(part)]
    if not rows:
        return pd.DataFrame(columns=["model", "layer", *COLUMNS])
    return pd.concat([part.astype(object) for part in rows], ignore_index=True)
