"""docs/contracts.md and the captions of tables (report/tables/), made from the contracts."""

from collections.abc import Iterator
from pathlib import Path

from layerwise.contracts import alignment, corpus, measures, samples, scores, tasks, vectors
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.contracts.spec import Column, Table

TABLES: tuple[Table, ...] = (
    *(corpus.MANIFEST, corpus.EXCLUDED, corpus.WARNINGS, corpus.SPLIT_COUNTS),
    *(alignment.INTERVALS, alignment.QUALITY, alignment.MFA_DROPPED, alignment.MFA_SPEECH),
    *(alignment.COMPARED, alignment.WORST, alignment.BOUNDARY_AGREEMENT),
    *(samples.SAMPLE, samples.SEGMENTS, corpus.SELECTION),
    *(vectors.VECTORS, vectors.MISSING_VECTORS),
    *(scores.SCORES, scores.UNITS, scores.NULLS, scores.SIZES, scores.TRAITS, scores.INFEASIBLE),
    *(scores.FORESEEN, scores.INTER),
    *(measures.VALUES, measures.LEFT_OUT, measures.CANNOT),
    *(tasks.TASK_SCORES, tasks.TASK_WEIGHTS, tasks.TASK_CURVES),
    *(tasks.TASK_EXCLUSIONS, tasks.TASK_CAUTIONS, tasks.TASK_DECODES, tasks.TASK_UTTERANCES),
    *RUN_TABLES.values(),
)
HEAD = """# Tables

Generated from `layerwise/contracts/` by `python -m layerwise.contracts`; edit there, not here.

Stages of the workflow hand each other tables. Here is what each of them holds. `layerwise.contracts.write`
and `read` check it on both sides of a file: columns and their order, types, keys (no two rows share them) and
ranges. A table that breaks its contract ends the job with one line that names file, column and row.

Paths are below `results/{run}`. CSV files are UTF-8 with Unix line ends and full float precision. Read text
as text: an utterance may be called `0012` or `NA`.
"""


def contracts_page() -> str:
    """The page, in Markdown."""
    return "\n".join([HEAD, *(line for table in TABLES for line in _section(table))])


def captions() -> dict[str, str]:
    """Captions of the tables of a run by the name of its file, in reStructuredText."""
    return {
        Path(table.path).stem: _caption(table)
        for table in (*RUN_TABLES.values(), alignment.BOUNDARY_AGREEMENT, alignment.WORST)
    }


def _caption(table: Table) -> str:
    columns = "".join(f"\n- ``{column.name}``: {column.about}" for column in table.columns)
    return f"A row is {table.about}.\n{columns}\n"


def _section(table: Table) -> Iterator[str]:
    key = ", ".join(f"`{name}`" for name in table.key)
    yield f"## {table.path}\n"
    yield f"A row is {table.about}. Written by the rule `{table.made_by}`. Key: {key}."
    yield "It may have no rows.\n" if table.may_be_empty else ""
    yield "| column | holds | expected |"
    yield "|---|---|---|"
    for column in (*table.columns, *([table.more] if table.more else [])):
        yield f"| {_name(column)} | {column.about} | {column.expected} |"
    yield ""
    for rule in table.rules:
        yield f"In each row, `{rule.column}` is {rule.expected}.\n"


def _name(column: Column) -> str:
    return f"`{column.name}`" + (" (optional)" if column.optional else "")
