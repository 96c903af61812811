"""Read the files that the stages of a run write for each model, and check what the tables need of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from layerwise import layers
from layerwise.errors import ReportError
from layerwise.report.names import TABLE_COLUMNS, TEXT_COLUMNS

SCORE_COLUMNS = (
    *("model", "layer", "layer_index", "analysis", "sample", "trial", "score", "low", "high", "floor"),
    *("n_train", "n_test"),
)
DOWNSTREAM_COLUMNS = (
    *("model", "task", "layer", "seed", "learning_rate", "split", "metric", "value", "low", "high"),
)
WEIGHT_COLUMNS = ("model", "task", "seed", "layer", "weight")


def read_scores(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.csv`` files: one row per model, analysis, layer, sample and trial.

    Raises `ReportError` naming file and column where one is missing, not a number, or a row is doubled.
    """
    key = ["model", "analysis", "layer_index", "layer", "sample", "trial"]
    numbers = ("layer_index", "score", "n_train", "n_test")
    return _read(paths, SCORE_COLUMNS, numbers, key, optional=("low", "high", "floor"))


def read_inter(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/inter/{a}-vs-{b}.csv`` files: one row per pair of layers and trial.

    Raises `ReportError` as `read_scores` does.
    """
    key = ["model_a", "model_b", "layer_index_a", "layer_index_b", "layer_a", "layer_b", "trial"]
    numbers = ("layer_index_a", "layer_index_b", "score")
    return _read(paths, TABLE_COLUMNS["inter_scores"], numbers, key, optional=("low", "high", "floor"))


def read_downstream(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.csv`` files: one row per layer, seed, split and metric.

    The learning rate of a row was chosen on dev when it was trained. Adds ``layer_index``. Raises
    `ReportError` as `read_scores` does.
    """
    key = ["model", "task", "metric", "layer", "seed", "split"]
    table = _read(paths, DOWNSTREAM_COLUMNS, ("value", "learning_rate"), key, optional=("low", "high"))
    table = _with_index(table, "downstream table")
    order = ["model", "task", "metric", "layer_index", "seed", "learning_rate", "split"]
    return table.sort_values(order, ignore_index=True)


def read_weights(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.weights.csv`` files: weight of each layer in the weighted sum.

    Adds ``layer_index``. A model with one layer has no weights: its file holds the header alone. Raises
    `ReportError` as `read_scores` does.
    """
    key = ["model", "task", "seed", "layer"]
    table = _read(paths, WEIGHT_COLUMNS, ("weight",), key, may_be_empty=True)
    table = _with_index(table, "weights table")
    return table.sort_values(["model", "task", "seed", "layer_index"], ignore_index=True)


def read_text(path: Path) -> pd.DataFrame:
    """Read a CSV file with all cells as text: an utterance may be called 0012 or NA."""
    if not path.is_file():
        raise ReportError(f"{path}: no such file; run the stage that makes it first")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _with_index(table: pd.DataFrame, what: str) -> pd.DataFrame:
    return table.assign(layer_index=[_layer_index(str(layer), what) for layer in table["layer"]])


def _layer_index(layer: str, what: str) -> float:
    """Position of a layer on the transformer's axis: ``Tl`` is l, ``TL+ln`` L + 0.5, ``all`` comes last."""
    try:
        index = layers.layer_index(layer)
    except ValueError as error:
        raise ReportError(f"{what}: column layer: {error}") from error
    if index < 0:
        raise ReportError(f"{what}: column layer has {layer!r}; expected T0, T1, ..., TL+ln or all")
    return index


def _read(
    paths: Iterable[Path],
    columns: Sequence[str],
    numbers: Sequence[str],
    key: list[str],
    optional: Sequence[str] = (),
    may_be_empty: bool = False,
) -> pd.DataFrame:
    """Read, check and concatenate CSV files; no file at all gives an empty table with the columns.

    ``numbers`` must be finite; ``optional`` ones may be empty, as intervals are without bootstrap.
    """
    paths = list(paths)
    tables = []
    for path in paths:
        if not Path(path).is_file():
            raise ReportError(f"{path}: no such file; run the stage that makes it first")
        # "nan", "NA" or "0012" may be the name of a model or a label: only empty cells are missing.
        text = dict.fromkeys(TEXT_COLUMNS.intersection(columns), str)
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
        missing = [column for column in columns if column not in table]
        if missing:
            raise ReportError(
                f"{path}: column {', '.join(missing)} is missing; expected {', '.join(columns)}"
            )
        if table.empty and not may_be_empty:
            raise ReportError(f"{path}: no rows; run the stage that makes it again")
        for column in (*numbers, *optional):
            values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
            wrong = ~np.isfinite(values)
            if column in optional:
                wrong &= table[column].notna().to_numpy(dtype=bool)
            bad = np.flatnonzero(wrong)
            if bad.size:
                cell = table[column].iloc[bad[0]]
                shown = "an empty cell" if pd.isna(cell) else repr(str(cell))
                raise ReportError(
                    f"{path}: column {column} has {shown} in row {bad[0] + 1}; expected a finite number"
                )
        tables.append(table.loc[:, list(columns)])
    if not tables:
        return pd.DataFrame(columns=list(columns))
    whole = pd.concat(tables, ignore_index=True)
    doubled = whole[whole.duplicated(key)]
    if not doubled.empty:
        row = ", ".join(f"{name}={doubled.iloc[0][name]}" for name in key)
        raise ReportError(f"{', '.join(map(str, paths))}: two rows for {row}")
    return whole.sort_values(key, ignore_index=True)
