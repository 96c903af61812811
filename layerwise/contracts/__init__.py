"""Every table that one stage writes and another reads: its columns, types, keys and ranges.

``write`` and ``read`` check a table on both sides of a file. The tables are described in `inputs`, `results`
and `run_tables`; docs/contracts.md is made from them by ``python -m layerwise.contracts``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from layerwise.contracts.inputs import INPUTS, SPLITS
from layerwise.contracts.results import RESULTS
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.contracts.spec import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SPLITS", "TABLES", "check", "columns", "read", "write"]

TABLES: dict[str, Table] = {table.name: table for table in (*INPUTS, *RESULTS, *RUN_TABLES)}


def columns(name: str) -> tuple[str, ...]:
    """Names of the columns that a table always has, in order."""
    return TABLES[name].required


def check(name: str, frame: "pd.DataFrame", where: str | Path) -> "pd.DataFrame":
    """Check a table; return it with the contract's types and its rows numbered from 0.

    No value changes: where the contract wants numbers, integers and 32-bit floats become 64-bit floats, and a
    table without rows gets its types. ``where`` is what messages call the table: as a rule, its path.

    Raises the error that the table's contract names (`Table.error`), with column, row and key of the first
    breach, and what to do about it.
    """
    from layerwise.contracts.checks import checked

    table = TABLES[name]
    return checked(table, frame, str(where), f"correct what makes it (rule `{table.made_by}`)")


def write(name: str, frame: "pd.DataFrame", path: str | Path) -> None:
    """Check a table and write it as CSV or, under a name that ends so, Parquet: whole or not at all.

    Raises as `check` does; then nothing is written.
    """
    from layerwise.files import write_csv, write_parquet

    check(name, frame, path)
    store = write_parquet if Path(path).suffix == ".parquet" else write_csv
    store(frame, path)


def read(name: str, path: str | Path) -> "pd.DataFrame":
    """Read a table written as CSV or Parquet, and check it.

    Text stays text: an utterance may be called 0012 or NA. An empty cell is NaN in a column of numbers.

    Raises the error that the table's contract names, as `check` does, also for a file that is missing or no
    table.
    """
    from layerwise.contracts.checks import checked

    table = TABLES[name]
    if not Path(path).is_file():
        raise table.error(f"{path}: cannot read it: no such file; run the rule `{table.made_by}` first")
    remedy = f"rerun the rule `{table.made_by}`, which makes it"
    try:
        frame = _load(table, Path(path))
    except (OSError, ValueError) as error:
        raise table.error(f"{path}: cannot read it: {error}; {remedy}") from error
    return checked(table, frame, str(path), remedy)


def _load(table: Table, path: Path) -> "pd.DataFrame":
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    kinds = {column.name: column.kind for column in table.columns}
    frame = pd.read_csv(
        path,
        dtype={name: "str" for name, kind in kinds.items() if kind == "text"},
        keep_default_na=False,
        na_values={name: [""] for name, kind in kinds.items() if kind != "text"},
    )
    # pandas takes the first of too many columns as the names of rows.
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more cells than there are columns")
    return frame
