"""What the tables of a run share."""

from layerwise.contracts.spec import Column, Rule, Table, number
from layerwise.errors import ReportError

P = number("p", 0, 1, empty=True, about="p of no difference, two-sided; empty without an interval")


def run_table(
    name: str, columns: tuple[Column, ...], key: tuple[str, ...], *rules: Rule, about: str
) -> Table:
    """A table of ``tables/``; it has no rows where its stage did not run."""
    return Table(
        path=f"tables/{name}.csv",
        made_by="tables",
        error=ReportError,
        columns=columns,
        key=key,
        rules=rules,
        may_be_empty=True,
        about=about,
    )
