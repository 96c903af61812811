"""Tables for readers as LaTeX, to paste into a paper."""

from pathlib import Path

from layerwise.files import write_text
from layerwise.report.facts import RunFacts
from layerwise.report.run_tables import RunTables
from layerwise.report.typeset import (
    DASH,
    MINUS,
    Table,
    analysis_table,
    layers_table,
)
from layerwise.report.typeset_measures import ranks_table
from layerwise.report.typeset_tasks import agreement_table, choice_table, task_table

LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    MINUS: "$-$",
    DASH: "--",
}
LAST_KNOWN = "\u017f"  # to pdfLaTeX: Latin Extended-A
ENGINES = (
    r"% Letters that pdfLaTeX does not know: compile with LuaLaTeX or XeLaTeX and set a font that has them, "
    r"e.g. by \babelfont or polyglossia."
)


def write_latex(tables: RunTables, facts: RunFacts, folder: Path) -> None:
    """Write LaTeX tables of analyses, tasks, choices among layers, and agreement (`names.latex_names`).

    Tables of an analysis that cannot be run have no rows.
    """
    typeset = {name: analysis_table(tables, facts, name) for name in tables.planned}
    typeset |= {f"{name}-layers": layers_table(tables, facts, name) for name in tables.planned}
    typeset |= {name: task_table(tables, facts, name) for name in tables.tasks}
    if tables.tasks:
        typeset["choice"] = choice_table(tables, facts)
    if facts.measures:
        typeset["measure-ranks"] = ranks_table(tables, facts)
    if (tables.planned or facts.measures) and tables.tasks:
        typeset["agreement"] = agreement_table(tables, facts)
    for name, content in typeset.items():
        write_text(to_latex(content, label=f"tab:{name}"), folder / f"{name}.tex")


def to_latex(table: Table, label: str) -> str:
    """Typeset a table for a paper; needs the ``booktabs`` package.

    Letters that pdfLaTeX does not know stay as they are, below a comment that names engines that do.
    """
    columns, bold = "l" + "c" * (len(table.header) - 1), set(table.bold)
    rows = [
        [
            rf"\textbf{{{latex(cell)}}}" if (place, column) in bold else latex(cell)
            for column, cell in enumerate(row)
        ]
        for place, row in enumerate(table.rows)
    ]
    texts = [table.caption, *table.header, *(cell for row in table.rows for cell in row)]
    foreign = any(character > LAST_KNOWN and character.isalpha() for text in texts for character in text)
    lines = [
        *([ENGINES] if foreign else []),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(table.caption)}}}",
        rf"\label{{{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(latex, table.header)) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex(text: str) -> str:
    """Escape plain text for LaTeX."""
    return "".join(LATEX.get(character, character) for character in text)
