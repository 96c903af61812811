"""The appendix of the report: tables in short forms, what was left out, cost, provenance, versions."""

import pandas as pd

from layerwise.report import cautions
from layerwise.report.compact import (
    LONG,
    agreement_matrix,
    choice_matrix,
    exclusion_table,
    kept_out_table,
    omission_table,
)
from layerwise.report.facts import RunFacts
from layerwise.report.many import is_many
from layerwise.report.run_tables import RunTables
from layerwise.report.typeset import Table, number, traits_table
from layerwise.report.typeset_measures import side_by_side_tables
from layerwise.report.typeset_tasks import head_table

ALONGSIDE = 3  # trained models whose yardsticks stand side by side, layer by layer


def appendix(run: RunTables, facts: RunFacts) -> list[Table]:
    """Tables of the appendix; `appendix_note` says where those are that would be too long."""
    tables = []
    if run.analyses and not is_many(facts):
        tables.append(traits_table(run, facts))
    if facts.measures and len(facts.of_kind("trained")) <= ALONGSIDE:
        tables += side_by_side_tables(run, facts)
    if (run.layer_summary["excluded"] > 0).any():
        tables.append(kept_out_table(run, facts))
    if not run.influential.empty:
        tables.append(cautions.flagged_table(run, facts))
    if not run.choice.empty:
        tables.append(choice_matrix(run, facts))
    if not run.agreement.empty:
        tables.append(agreement_matrix(run, facts))
    if not run.head_agreement.empty:
        tables.append(head_table(run, facts))
    if not run.omissions.empty:
        tables.append(omission_table(run, facts))
    if not run.exclusions.empty:
        tables.append(exclusion_table(run))
    tables = [table for table in tables if len(table.rows) <= LONG]
    if facts.digests:
        caption = (
            "Lineage: SHA-256 of the artifacts behind this report, in print its first digits (whole: "
            "tables/facts.json; records: lineage/ in the run's folder). What it was written from was as "
            "these records say; `layerwise verify` reads all again, feature stores and inputs too."
        )
        tables.append(Table(caption, ("Artifact", "SHA-256"), tuple(facts.digests.items())))
    return tables


def cost_table(cost: pd.DataFrame) -> Table:
    """What each stage cost; ``cost`` is that of `cost.cost_of`."""
    rows = [
        (
            str(row.stage),
            str(row.jobs),
            _time(float(row.wall)),  # type: ignore[arg-type]
            _time(float(row.cpu)),  # type: ignore[arg-type]
            number(float(row.memory) / 1000),  # type: ignore[arg-type]
        )
        for row in cost.itertuples()
    ]
    rows.append(
        (
            "all",
            str(int(cost["jobs"].sum())),
            _time(float(cost["wall"].sum())),
            _time(float(cost["cpu"].sum())),
            number(float(cost["memory"].max()) / 1000),
        )
    )
    caption = (
        "Cost of each stage as Snakemake measured it when its jobs last ran: jobs, the sum of their wall "
        "clock and CPU time, and the largest memory of a job (GB). No table of the run depends on it."
    )
    return Table(caption, ("Stage", "Jobs", "Wall clock", "CPU", "Memory"), tuple(rows))


def appendix_note(run: RunTables, facts: RunFacts) -> str:
    """Say where all numbers are, and with which software they were made."""
    names = [
        name for name in ("layer_summary", "side_by_side", "choice", "agreement") if len(getattr(run, name))
    ]
    files = f" ({', '.join(f'{name}.csv' for name in names)} and more)" if names else ""
    versions = ", ".join(f"{package} {version}" for package, version in facts.versions.items())
    software = f" Software: {versions}." if versions else ""
    return f"All numbers, each layer of each model among them, are in tables/{files}.{software}"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
