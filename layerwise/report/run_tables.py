"""The tables of a run: all that figures and document are made from, with the facts of the run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from layerwise import contracts
from layerwise.contracts.run_tables import RUN_TABLES


@dataclass(frozen=True)
class RunTables:
    """The tables of a run; each is ``{field}.csv`` on disk and keeps its contract in `contracts.run_tables`.

    Attributes:
        layer_scores: every score of the layer analyses.
        layer_summary: their means over sample sets and trials, with 95% intervals (`summary.layer_summary`).
        peaks: best layer, tie set and shape of each curve (`shapes.peaks`).
        influential: units that move a mean score more than others do (`summary.influential`).
        learning: scores with fewer training parts (`summary.learning`).
        regularisers: those that dev chose (`details.regularisers`).
        control_contrasts: trained models against their controls (`contrasts.control_contrasts`).
        curve_contrasts: what training adds to the curves of two objectives (`contrasts.curve_contrasts`).
        last_block_contrasts: last block against the others (`contrasts.last_block_contrasts`).
        downstream: every result of the tasks.
        downstream_summary: their means over seeds on test.
        task_peaks: best layer and tie set of each task (`comparisons.task_peaks`).
        single_weighted: best single layer, chosen on dev, against the learned sum, on test.
        task_contrasts: trained models against their controls in the tasks (`comparisons.task_contrasts`).
        choice: regret of ways to choose a layer (`choice.choice`).
        weights: weight of each layer in the learned weighted sum.
        agreement: rank correlation of analyses and learned weights with tasks over layers.
        head_agreement: rank correlation of two heads of one task over layers.
        label_errors: errors of each layer by label (`details.label_tables`).
        confusions: labels taken for others by the learned sum and by the layer that dev chose.
        training: looks at dev in the trainings of the learned sum and of that layer (`details.training`).
        chance: what one answer for all test utterances reaches in a task (`details.chance`).
        omissions: rank correlations that are undefined and analyses that cannot be run, and why.
        inter_scores: layers of two models against each other.
        measures: value of each layer in each variant of the measures.
        measure_agreement: rank correlation of analyses and measures with each other over layers.
        side_by_side: all analyses and measures of each layer, a column each.
        published: our values beside published ones (`published.published_values`).
        measure_omissions: measures that cannot be run, and why.
        exclusions: all that was left out: the stage that dropped it, what it was and why.
        warnings: what is to beware of in utterances that are used.
        utterances: split, duration in seconds and status of the alignment of each utterance.
        segments: how often each label of a tier (``phone``, ``word``) was aligned.
        splits: what the splits of the analysed corpus and of those of tasks hold.
    """

    layer_scores: pd.DataFrame
    layer_summary: pd.DataFrame
    peaks: pd.DataFrame
    influential: pd.DataFrame
    learning: pd.DataFrame
    regularisers: pd.DataFrame
    control_contrasts: pd.DataFrame
    curve_contrasts: pd.DataFrame
    last_block_contrasts: pd.DataFrame
    downstream: pd.DataFrame
    downstream_summary: pd.DataFrame
    task_peaks: pd.DataFrame
    single_weighted: pd.DataFrame
    task_contrasts: pd.DataFrame
    choice: pd.DataFrame
    weights: pd.DataFrame
    agreement: pd.DataFrame
    head_agreement: pd.DataFrame
    label_errors: pd.DataFrame
    confusions: pd.DataFrame
    training: pd.DataFrame
    chance: pd.DataFrame
    omissions: pd.DataFrame
    inter_scores: pd.DataFrame
    measures: pd.DataFrame
    measure_agreement: pd.DataFrame
    side_by_side: pd.DataFrame
    published: pd.DataFrame
    measure_omissions: pd.DataFrame
    exclusions: pd.DataFrame
    warnings: pd.DataFrame
    utterances: pd.DataFrame
    segments: pd.DataFrame
    splits: pd.DataFrame

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Pairs of models whose layers were compared, in the order of the table."""
        pairs = self.inter_scores[["model_a", "model_b"]].drop_duplicates()
        return [(str(a), str(b)) for a, b in pairs.itertuples(index=False)]

    @property
    def analyses(self) -> list[str]:
        """Analyses with results, sorted by name."""
        return sorted(set(self.layer_summary["analysis"]))

    @property
    def infeasible(self) -> pd.DataFrame:
        """Analyses that cannot be run, by model: the rows of ``omissions`` without a task."""
        return self.omissions[self.omissions["task"] == ""]

    @property
    def planned(self) -> list[str]:
        """Analyses with results and those that cannot be run, sorted by name."""
        return sorted({*self.analyses, *self.infeasible["analysis"]})

    @property
    def tasks(self) -> list[str]:
        """Tasks with results, sorted by name."""
        return sorted(set(self.downstream_summary["task"]))


def of(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Rows of a table whose columns have the given values: ``of(table, model="hubert", task="pr")``."""
    rows = np.ones(len(table), dtype=bool)
    for column, value in values.items():
        rows &= (table[column] == value).to_numpy(dtype=bool)
    return table[rows]


def write_tables(tables: RunTables, folder: Path) -> None:
    """Write each table as ``{name}.csv``; tables of a stage that did not run hold only their header.

    Raises `ReportError` for a table that does not keep its contract.
    """
    for name, table in RUN_TABLES.items():
        contracts.write(table, getattr(tables, name), folder / f"{name}.csv")


def read_tables(folder: Path) -> RunTables:
    """Read the tables that `write_tables` wrote into a folder.

    Raises `ReportError` naming file, column and row where a table does not keep its contract.
    """
    return RunTables(
        **{name: contracts.read(table, folder / f"{name}.csv") for name, table in RUN_TABLES.items()}
    )
