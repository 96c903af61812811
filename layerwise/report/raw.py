"""Read the files that the stages of a run write for each model, and check what the tables need of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from layerwise.contracts.many import read_all
from layerwise.contracts.measures import CANNOT, LEFT_OUT, VALUES
from layerwise.contracts.scores import INFEASIBLE, INTER, NULLS, SCORES, SIZES, TRAITS, UNITS
from layerwise.contracts.spec import Table
from layerwise.contracts.tasks import TASK_SCORES, TASK_WEIGHTS
from layerwise.layers import layer_index

# What the tables need of the scores.
SCORE_COLUMNS = (
    *("model", "layer", "layer_index", "analysis", "sample", "trial", "score", "low", "high", "null"),
    *("n_train", "n_test", "n_excluded", "epsilon_x", "epsilon_y"),
)


def read_scores(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.csv`` files: one row per model, analysis, layer, sample and trial.

    Raises `ReportError` for a file that does not keep its contract, and for two files with the same rows.
    """
    order = ["model", "analysis", "layer_index", "layer", "sample", "trial"]
    return _read(SCORES, paths, SCORE_COLUMNS).sort_values(order, ignore_index=True)


def read_units(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.units.parquet`` files: one row per layer, sample and unit."""
    return _read(UNITS, paths)


def read_nulls(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.null.parquet`` files: one row per layer, sample and permutation."""
    return _read(NULLS, paths)


def read_sizes(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.sizes.csv`` files: one row per layer, sample and number of parts."""
    return _read(SIZES, paths)


def read_traits(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.traits.csv`` files: one row per layer and sample."""
    return _read(TRAITS, paths)


def read_infeasible(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/{model}/{analysis}.infeasible.csv`` files: one row per sample that cannot be run."""
    return _read(INFEASIBLE, paths)


def read_measures(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``measures/{model}/{measure}.csv`` files: one row per layer and variant."""
    order = ["model", "measure", "variant", "layer_index", "layer"]
    return _read(VALUES, paths).sort_values(order, ignore_index=True)


def read_left_out(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``measures/{model}/{measure}.excluded.csv`` files: what measures left out."""
    return _read(LEFT_OUT, paths)


def read_cannot(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``measures/{model}/{measure}.infeasible.csv`` files: a row for one that cannot be run."""
    return _read(CANNOT, paths).sort_values(["model", "measure"], ignore_index=True)


def read_inter(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``cca/inter/{a}-vs-{b}.csv`` files: one row per pair of layers and trial.

    Raises `ReportError` as `read_scores` does.
    """
    order = ["model_a", "model_b", "layer_index_a", "layer_index_b", "layer_a", "layer_b", "trial"]
    return _read(INTER, paths).sort_values(order, ignore_index=True)


def read_downstream(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.csv`` files: one row per layer, seed, split and metric.

    The learning rate of a row was chosen on dev when it was trained. Adds ``layer_index``. Raises
    `ReportError` as `read_scores` does.
    """
    table = _with_index(_read(TASK_SCORES, paths))
    order = ["model", "task", "metric", "layer_index", "seed", "learning_rate", "split"]
    return table.sort_values(order, ignore_index=True)


def read_weights(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.weights.csv`` files: weight of each layer in the weighted sum.

    Adds ``layer_index``. A model with one layer has no weights: its file holds the header alone. Raises
    `ReportError` as `read_scores` does.
    """
    table = _with_index(_read(TASK_WEIGHTS, paths))
    return table.sort_values(["model", "task", "seed", "layer_index"], ignore_index=True)


def _with_index(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(layer_index=[layer_index(str(layer)) for layer in table["layer"]])


def _read(table: Table, paths: Iterable[Path], columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read, check and concatenate files of one contract, with all columns that it always has or only some.

    No file at all gives an empty table with the columns. Raises `ReportError` for a file that does not keep
    the contract, and for two files with the same rows.
    """
    wanted = list(columns or table.required)
    files = list(paths)
    return read_all(table, files)[wanted] if files else pd.DataFrame(columns=wanted)
