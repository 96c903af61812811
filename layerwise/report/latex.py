"""Tables for papers as LaTeX: in one column or over the full width, and the tabular alone to ``\\input``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from layerwise.files import write_text
from layerwise.report.latex_widths import text_width
from layerwise.report.names import COLUMN, PAGE, TABULAR
from layerwise.report.typeset import DASH, MINUS

RANDOM, WEAK = "\N{MODIFIER LETTER SMALL R}", "\N{MODIFIER LETTER SMALL W}"  # marks of short names
PLUS_MINUS, ELLIPSIS = "\N{PLUS-MINUS SIGN}", "\N{HORIZONTAL ELLIPSIS}"
LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    MINUS: "$-$",
    DASH: "--",
    PLUS_MINUS: r"$\pm$",
    ELLIPSIS: r"\dots{}",
    RANDOM: r"\textsuperscript{r}",
    WEAK: r"\textsuperscript{w}",
}
LAST_KNOWN = "\u017f"  # to pdfLaTeX: Latin Extended-A
ENGINES = (
    r"% Letters that pdfLaTeX does not know: compile with LuaLaTeX or XeLaTeX and set a font that has them, "
    r"e.g. by \babelfont or polyglossia."
)
# Points: a column of ICASSP (and wider than those of Interspeech and ACL), and its full width.
WIDTHS = {COLUMN: 245.0, PAGE: 505.0}
ENVIRONMENTS = {COLUMN: "table", PAGE: "table*"}
# Size, its points, and the space on both sides of a column in points: the first that fits is taken.
SIZES = (
    *(("small", 9.0, 4.0), ("small", 9.0, 3.0), ("footnotesize", 8.0, 4.0), ("footnotesize", 8.0, 2.5)),
    *(("scriptsize", 7.0, 2.5), ("scriptsize", 7.0, 1.5)),
)
# Computer Modern is wider, for its size, in small sizes.
WIDENED = {9.0: 1.03, 8.0: 1.065, 7.0: 1.14}
BLOCKS = SIZES[3]  # of tables whose columns go into blocks below each other
SAFETY = 0.98
EXPONENT = 0.88  # width of letters in exponents
MOST_ROWS = 45  # of a table on one page
STRETCH = 1.25  # of rows with exponents, which are higher than others


@dataclass(frozen=True)
class Cell:
    """A cell in plain text: ``text``, which ``mark`` sets in bold or underlines, and what its limits add."""

    text: str
    plus: str = ""
    minus: str = ""
    mark: Literal["", "best", "tie"] = ""

    @property
    def tex(self) -> str:
        """The cell in LaTeX: ``0.43 +- 0.02``, or limits as exponents where they differ."""
        command = {"best": r"\textbf", "tie": r"\underline"}.get(self.mark)
        text = f"{command}{{{latex(self.text)}}}" if command else latex(self.text)
        if self.plus == self.minus:
            return f"{text}{latex(PLUS_MINUS + self.plus)}" if self.plus else text
        return f"{text}$^{{+{self.plus}}}_{{-{self.minus}}}$"

    @property
    def width(self) -> float:
        """Width in points at 10 pt."""
        width = text_width(self.text, bold=self.mark == "best")
        if self.plus == self.minus:
            return width + (text_width(PLUS_MINUS + self.plus) if self.plus else 0.0)
        return width + EXPONENT * max(text_width(f"{MINUS}{limit}") for limit in (self.plus, self.minus))


@dataclass(frozen=True)
class PaperTable:
    """A table for a paper, in plain text.

    Attributes:
        caption: what stands above it.
        header: names of the columns.
        rows: the cells.
        narrow: columns, from 0, of the form for one column of a paper; all where empty.
        blocks: columns that do not fit go below, under the first column again; else letters get smaller.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    narrow: tuple[int, ...] = ()
    blocks: bool = False

    def of(self, columns: Sequence[int]) -> "PaperTable":
        """The table with some of its columns."""
        rows = tuple(tuple(row[place] for place in columns) for row in self.rows)
        return replace(self, header=tuple(self.header[place] for place in columns), rows=rows, narrow=())

    @cached_property
    def widths(self) -> list[float]:
        """Natural widths of the columns at 10 pt."""
        return [
            max([text_width(name, bold=True), *(row[place].width for row in self.rows)])
            for place, name in enumerate(self.header)
        ]


def write_paper_table(table: PaperTable, name: str, folder: Path) -> None:
    """Write ``{column,page}/{name}.tex`` and ``.tabular.tex`` (`names.latex_names`); equal bytes again."""
    for form in WIDTHS:
        write_text(to_latex(table, f"tab:{name}", form), folder / form / f"{name}.tex")
        write_text(tabular(table, form), folder / form / f"{name}{TABULAR}.tex")


def to_latex(table: PaperTable, label: str, form: str = COLUMN) -> str:
    """Typeset a table, for one ``column`` of a paper (245 pt) or the full width of a ``page``.

    Needs the package ``booktabs``. What is longer than a page goes on in further floats, or over the full
    width in a ``longtable`` (of that package; pages of one column only). Letters that pdfLaTeX does not know
    stay as they are, below a comment that names engines that do.
    """
    parts, look = _fitted(table, form)
    head = [ENGINES] if _is_foreign(table) else []
    caption = latex(table.caption)
    if form == PAGE and len(table.rows) > MOST_ROWS and len(parts) == 1:
        return "\n".join([*head, *_longtable(parts[0], look, caption, label)]) + "\n"
    environment, lines = ENVIRONMENTS[form], head
    for place, part in enumerate(_pages(parts)):
        text = rf"\caption{{{caption}}}" if not place else r"\caption{(continued)}"
        lines += [
            rf"\begin{{{environment}}}",
            *([r"\addtocounter{table}{-1}"] if place else []),
            r"\centering\sloppy\setlength{\belowcaptionskip}{4pt}",
            text,
            *([rf"\label{{{label}}}"] if not place else []),
            *_tabulars(part, look, form),
            rf"\end{{{environment}}}",
        ]
    return "\n".join(lines) + "\n"


def tabular(table: PaperTable, form: str = COLUMN) -> str:
    """The ``tabular`` of a table alone, to ``\\input`` into a float of one's own."""
    parts, look = _fitted(table, form)
    head = [ENGINES] if _is_foreign(table) else []
    return "\n".join([*head, *_tabulars(parts, look, form)]) + "\n"


@dataclass(frozen=True)
class _Look:
    size: str
    separation: float
    shrunk: bool = False


def _fitted(table: PaperTable, form: str) -> tuple[list[PaperTable], _Look]:
    """The table, or its blocks of columns, and the largest letters in which it fits the width."""
    if form == COLUMN and table.narrow:
        table = table.of(table.narrow)
    space = SAFETY * WIDTHS[form]
    for size, points, separation in SIZES:
        if _total(table.widths, points, separation) <= space:
            return [table], _Look(size, separation)
        if table.blocks and (size, points, separation) == BLOCKS:
            break
    size, points, separation = BLOCKS if table.blocks else SIZES[-1]
    if not table.blocks:
        return [table], _Look(size, separation, shrunk=True)
    parts, columns = [], [0]
    for place in range(1, len(table.header)):
        widths = [table.widths[column] for column in (*columns, place)]
        if len(columns) > 1 and _total(widths, points, separation) > space:
            parts.append(table.of(columns))
            columns = [0]
        columns.append(place)
    parts.append(table.of(columns))
    shrunk = any(_total(part.widths, points, separation) > space for part in parts)
    return parts, _Look(size, separation, shrunk)


def _total(widths: Sequence[float], points: float, separation: float) -> float:
    return sum(widths) * points / 10 * WIDENED[points] + 2 * separation * (len(widths) - 1)


def _pages(parts: Sequence[PaperTable]) -> Iterator[list[PaperTable]]:
    """Divide what does not fit a page: blocks, and rows of one that is longer."""
    page: list[PaperTable] = []
    for part in parts:
        most = int(MOST_ROWS / STRETCH) if _is_uneven(part) else MOST_ROWS
        for start in range(0, max(1, len(part.rows)), most):
            piece = replace(part, rows=part.rows[start : start + most])
            if page and sum(len(there.rows) + 2 for there in [*page, piece]) > most:
                yield page
                page = []
            page.append(piece)
    yield page


def _tabulars(parts: Sequence[PaperTable], look: _Look, form: str) -> list[str]:
    lines = [_setting(parts[0], look)]
    for place, part in enumerate(parts):
        made = [rf"\begin{{tabular}}{{{_columns(part)}}}", r"\toprule", _header(part), r"\midrule"]
        made += [*map(_row, part.rows), r"\bottomrule", r"\end{tabular}"]
        if look.shrunk:  # whatever the names are; needs the package graphicx
            width = r"\columnwidth" if form == COLUMN else r"\textwidth"
            made = [rf"\resizebox{{{width}}}{{!}}{{%", *made[:-1], f"{made[-1]}}}"]
        lines += [*([r"\par\smallskip"] if place else []), *made]
    lines[-1] += r"\par}"
    return lines


def _setting(table: PaperTable, look: _Look) -> str:
    """Size, space between columns and, where exponents would push some rows apart, between rows."""
    rows = rf"\renewcommand{{\arraystretch}}{{{STRETCH}}}" if _is_uneven(table) else ""
    return rf"{{\{look.size}\setlength{{\tabcolsep}}{{{look.separation:g}pt}}{rows}%"


def _is_uneven(table: PaperTable) -> bool:
    return any(cell.plus != cell.minus for row in table.rows for cell in row)


def _longtable(table: PaperTable, look: _Look, caption: str, label: str) -> list[str]:
    return [
        _setting(table, look),
        r"\setlength{\LTcapwidth}{\textwidth}\setlength{\belowcaptionskip}{4pt}%",
        rf"\begin{{longtable}}{{{_columns(table)}}}",
        rf"\caption{{{caption}}}\label{{{label}}}\\",
        *(r"\toprule", _header(table), r"\midrule", r"\endfirsthead"),
        *(r"\toprule", _header(table), r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"),
        *map(_row, table.rows),
        r"\end{longtable}}",
    ]


def _columns(table: PaperTable) -> str:
    return f"@{{}}l{'c' * (len(table.header) - 1)}@{{}}"


def _header(table: PaperTable) -> str:
    return " & ".join(map(latex, table.header)) + r" \\"


def _row(row: Sequence[Cell]) -> str:
    return " & ".join(cell.tex for cell in row) + r" \\"


def _is_foreign(table: PaperTable) -> bool:
    texts = [table.caption, *table.header, *(cell.text for row in table.rows for cell in row)]
    letters = {character for text in texts for character in text} - LATEX.keys()
    return any(character > LAST_KNOWN and character.isalpha() for character in letters)


def latex(text: str) -> str:
    """Escape plain text for LaTeX."""
    return "".join(LATEX.get(character, character) for character in text)
