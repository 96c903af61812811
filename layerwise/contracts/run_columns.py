"""What the tables of a run share."""

from dataclasses import replace

from layerwise.contracts.columns import CORRELATION, HIGH, LOW
from layerwise.contracts.spec import Column, Rule, Table, count, number
from layerwise.errors import ReportError

P = number("p", 0, 1, empty=True, about="p of no difference, two-sided; empty without an interval")

_RANK = replace(CORRELATION, name="spearman", about="rank correlation; positive: they agree")
RANKS = (
    _RANK,
    replace(_RANK, name="kendall", about="Kendall's tau-b"),
    replace(LOW, about="lower limit of the 95 % interval of spearman"),
    HIGH,
    count("n_layers", 3, about="layers compared: blocks, without TL+ln"),
)


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
