"""Gather the per-model result files into the tables of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from layerwise.analyses.results import INTER_COLUMNS
from layerwise.cca.summary import summarise
from layerwise.errors import ReportError
from layerwise.report.facts import layer_index, metric_sign

SCORE_COLUMNS = (
    *("model", "layer", "layer_index", "analysis", "sample", "trial", "score", "low", "high", "floor"),
    *("n_train", "n_test"),
)
DOWNSTREAM_COLUMNS = (
    *("model", "task", "layer", "seed", "learning_rate", "split", "metric", "value", "low", "high"),
)
WEIGHT_COLUMNS = ("model", "task", "seed", "layer", "weight")
LAYER_SCORE_COLUMNS = ["model", "layer", "layer_index", "analysis", "sample", "trial", "score"]
LAYER_SUMMARY_COLUMNS = ["model", "layer", "layer_index", "analysis", "mean", "low", "high", "floor", "n"]
DOWNSTREAM_TABLE_COLUMNS = ["model", "task", "layer", "seed", "learning_rate", "split", "metric", "value"]
DOWNSTREAM_SUMMARY_COLUMNS = ["model", "task", "layer", "metric", "value", "low", "high"]


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
    return _read(paths, INTER_COLUMNS, numbers, key, optional=("low", "high", "floor"))


def read_downstream(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.csv`` files: one row per layer, seed, learning rate, split, metric.

    Adds ``layer_index`` (see `facts.layer_index`). Raises `ReportError` as `read_scores` does.
    """
    key = ["model", "task", "metric", "layer", "seed", "learning_rate", "split"]
    table = _read(paths, DOWNSTREAM_COLUMNS, ("value", "learning_rate"), key, optional=("low", "high"))
    table["layer_index"] = [layer_index(layer, "downstream table") for layer in table["layer"]]
    order = ["model", "task", "metric", "layer_index", "seed", "learning_rate", "split"]
    return table.sort_values(order, ignore_index=True)


def read_weights(paths: Iterable[Path]) -> pd.DataFrame:
    """Read ``downstream/{model}/{task}.weights.csv`` files: weight of each layer in the weighted sum.

    Adds ``layer_index``. A model with one layer has no weights: its file holds the header alone. Raises
    `ReportError` as `read_scores` does.
    """
    key = ["model", "task", "seed", "layer"]
    table = _read(paths, WEIGHT_COLUMNS, ("weight",), key, may_be_empty=True)
    table["layer_index"] = [layer_index(layer, "weights table") for layer in table["layer"]]
    return table.sort_values(["model", "task", "seed", "layer_index"], ignore_index=True)


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
        # "nan" or "NA" may be the name of a model, a layer or a label: only empty cells are missing.
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
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


def layer_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Every score of the layer analyses (``tables/layer_scores.csv``)."""
    return scores.loc[:, LAYER_SCORE_COLUMNS]


def layer_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of each layer over samples and trials (``tables/layer_summary.csv``).

    Columns and intervals are those of `layerwise.cca.summary.summarise`.
    """
    if scores.empty:
        return pd.DataFrame(columns=LAYER_SUMMARY_COLUMNS)
    return summarise(scores)[LAYER_SUMMARY_COLUMNS]


def downstream_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Every result of the downstream tasks (``tables/downstream.csv``)."""
    return runs.loc[:, DOWNSTREAM_TABLE_COLUMNS]


def chosen_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each model, task, layer and seed, the learning rate with the best metric on ``dev``.

    Ties go to the lower rate. Raises `ReportError` if several rates were tried but none scored on dev.
    """
    key = ["model", "task", "metric", "layer", "seed"]
    rates = runs.groupby(key, sort=True)["learning_rate"].nunique()
    if (rates < 2).all():
        return runs
    dev = runs[runs["split"] == "dev"]
    dev = dev.assign(signed=dev["value"].astype(float) * [metric_sign(metric) for metric in dev["metric"]])
    best = dev.sort_values(["signed", "learning_rate"], ascending=[False, True]).drop_duplicates(key)
    unscored = rates[rates > 1].index.difference(pd.MultiIndex.from_frame(best[key]))
    if len(unscored):
        described = ", ".join(f"{name}={value}" for name, value in zip(key, unscored[0], strict=True))
        raise ReportError(f"downstream table: several learning rates but no dev rows for {described}")
    chosen = runs.merge(
        best[[*key, "learning_rate"]].rename(columns={"learning_rate": "best"}), how="left", on=key
    )
    return runs[(chosen["best"].isna() | (chosen["best"] == chosen["learning_rate"])).to_numpy()]


def downstream_summary(runs: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Average each layer's metric over seeds (``tables/downstream_summary.csv`` for the test split).

    The learning rate is chosen on dev (`chosen_runs`); ``low`` and ``high`` are the means of the seeds'
    95% bootstrap limits over utterances, so they leave out the variation between seeds.
    """
    part = chosen_runs(runs)
    part = part[part["split"] == split]
    groups = part.groupby(["model", "task", "metric", "layer_index", "layer"], sort=True)
    summary = groups[["value", "low", "high"]].mean().reset_index()
    return summary[DOWNSTREAM_SUMMARY_COLUMNS]


def single_and_weighted(runs: pd.DataFrame) -> pd.DataFrame:
    """Compare the best single layer, chosen on dev, with the weighted sum of all layers, both on test.

    Returns model, task, metric, best_layer, value, low, high, all_value, all_low, all_high. Models with
    one layer, or without a weighted sum, have nothing to compare and no row.
    """
    rows = []
    test = downstream_summary(runs)
    dev = downstream_summary(runs, "dev")
    for names, group in test.groupby(["model", "task", "metric"], sort=True):
        model, task, metric = map(str, names)
        single = group[group["layer"] != "all"]
        whole = group[group["layer"] == "all"]
        if len(single) < 2 or whole.empty:
            continue
        tuning = dev[(dev["model"] == model) & (dev["task"] == task) & (dev["metric"] == metric)]
        tuning = tuning[tuning["layer"].isin(single["layer"])]
        if len(tuning) < len(single):
            raise ReportError(
                f"downstream/{model}/{task}.csv: {metric} lacks dev rows for some layers; "
                "the best layer is chosen on dev"
            )
        values = metric_sign(metric) * tuning["value"].to_numpy(dtype=float)
        best = tuning["layer"].iloc[int(np.argmax(values))]
        row = single[single["layer"] == best].iloc[0]
        numbers = [*row[["value", "low", "high"]], *whole.iloc[0][["value", "low", "high"]]]
        rows.append((model, task, metric, best, *numbers))
    columns = ["model", "task", "metric", "best_layer", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "all_value", "all_low", "all_high"])
