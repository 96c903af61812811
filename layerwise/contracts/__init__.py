"""Every table that one stage writes and another reads: its columns, types, keys and ranges.

``write`` and ``read`` check a table on both sides of a file::

    manifest = contracts.read(MANIFEST, "results/demo/corpus/manifest.parquet")

There is a module of tables for each stage, and a stage imports only those that it reads or writes: so an edit
of one contract reruns only the jobs that it concerns. docs/contracts.md is made from all of them.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from layerwise.contracts.spec import Table

if TYPE_CHECKING:
    import pandas as pd


def check(table: Table, frame: "pd.DataFrame", where: str | Path) -> "pd.DataFrame":
    """Check a frame against its contract; return it with the contract's types and its rows numbered from 0.

    No value changes: where the contract wants numbers, integers and 32-bit floats become 64-bit floats, and a
    table without rows gets its types. ``where`` is what messages call the table: as a rule, its path.

    Raises the error that the table's contract names (``table.error``), with column, row and key of the first
    breach, and what to do about it.
    """
    from layerwise.contracts.checks import checked

    return checked(table, frame, str(where), f"correct what makes it (rule `{table.made_by}`)")


def write(table: Table, frame: "pd.DataFrame", path: str | Path) -> None:
    """Check a frame and write it as CSV or, under a name that ends so, Parquet: whole or not at all.

    Raises as `check` does; then nothing is written.
    """
    from layerwise.files import write_csv, write_parquet

    check(table, frame, path)
    store = write_parquet if Path(path).suffix == ".parquet" else write_csv
    store(frame, path)


def read(table: Table, path: str | Path) -> "pd.DataFrame":
    """Read a table written as CSV or Parquet, and check it.

    Text stays text: an utterance may be called 0012 or NA. An empty cell is NaN in a column of numbers.

    Raises the error that the table's contract names, as `check` does, also for a file that is missing or no
    table.
    """
    from layerwise.contracts.checks import checked

    if not Path(path).is_file():
        raise table.error(f"{path}: cannot read it: no such file; run the rule `{table.made_by}` first")
    remedy = f"rerun the rule `{table.made_by}`, which makes it"
    try:
        frame = load(table, Path(path))
    except Exception as error:  # readers of damaged tables raise what they like
        raise table.error(f"{path}: cannot read it: {error}; {remedy}") from error
    return checked(table, frame, str(path), remedy)


def load(table: Table, path: Path) -> "pd.DataFrame":
    """Read a table as `read` does, but do not check it; raises what readers of damaged tables raise."""
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return parsed(table, path.read_bytes())


def parsed(table: Table, text: bytes) -> "pd.DataFrame":
    """Parse a table that is CSV; raises what the parser raises."""
    import pandas as pd

    header = tuple(pd.read_csv(BytesIO(text), nrows=0).columns) if table.more else ()
    named = table.all_columns(header) if table.more else table.columns
    kinds = {column.name: column.kind for column in named}
    frame = pd.read_csv(
        BytesIO(text),
        dtype={name: "str" for name, kind in kinds.items() if kind == "text"},
        keep_default_na=False,
        na_values={name: [""] for name, kind in kinds.items() if kind != "text"},
    )
    # pandas takes the first of too many columns as the names of rows.
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more cells than there are columns")
    return frame
