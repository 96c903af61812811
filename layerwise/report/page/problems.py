"""What a reader must know beside the results: cautions, what was left out, and why."""

from dataclasses import dataclass

from layerwise.report.lettering import isolated
from layerwise.report.run_tables import RunTables

KINDS = (
    ("warnings", "Warnings", "What is to beware of in utterances that are used."),
    ("exclusions", "Exclusions", "What was left out: the stage that dropped it, what it was, and why."),
    (
        "omissions",
        "Analyses and correlations left out",
        "Analyses that cannot be run, undefined correlations.",
    ),
    ("measure_omissions", "Measures left out", "Measures that cannot be run, and why."),
    ("influential", "Influential units", "Units that move a mean score more than others do."),
)


@dataclass(frozen=True)
class Problems:
    """One table of problems as text; ``table`` is its name below ``tables/``."""

    table: str
    title: str
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def problems(tables: RunTables) -> list[Problems]:
    """All tables of problems, also those without rows: that there are none is worth saying."""
    return [_problems(*kind, tables) for kind in KINDS]


def _problems(name: str, title: str, about: str, tables: RunTables) -> Problems:
    table = getattr(tables, name)
    rows = tuple(tuple(map(_text, row)) for row in table.itertuples(index=False))
    return Problems(name, title, about, tuple(column.replace("_", " ") for column in table.columns), rows)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else isolated(str(value))
