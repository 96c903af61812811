"""Labels of all scripts in figures, PDF, HTML and LaTeX."""

import logging
import re
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pypdfium2
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from layerwise.report import lettering
from layerwise.report.document import write_html, write_pdf
from layerwise.report.figures.style import Style, drawing, save_figure
from layerwise.report.latex import Cell, PaperTable, to_latex
from layerwise.report.lettering import Font, find_fonts, isolated, letters_wide

LABELS = ["क्षत्रि", "मैंगो", "น้ำ", "ที่นี่", "كِتَاب", "می\u200cخوا", "שָׁלוֹם", "t͡ʃʰ", "ɛ̃ː", "λόγος"]


def figure_of(labels: list[str]) -> Figure:
    """Labels at ticks of classes, as a title and within the panel."""
    figure = Figure(figsize=(6, 3))
    with drawing(Style()):
        axis = figure.subplots()
        axis.bar(labels, range(len(labels)))
        axis.set_title(" ".join(labels))
        axis.text(1, 2, labels[0])
    return figure


def shown_in(figure: Figure) -> list[str]:
    axis = figure.axes[0]
    return [
        *(tick.get_text() for tick in axis.get_xticklabels()),
        axis.get_title(loc="left"),
        axis.texts[0].get_text(),
    ]


def test_figures_have_a_glyph_for_every_letter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    figure = figure_of(LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdf, png = save_figure(figure, tmp_path / "labels")
    assert shown_in(figure) == [*LABELS, " ".join(LABELS), LABELS[0]]
    assert not find_fonts(LABELS).missing and not caplog.records
    embedded = set(re.findall(rb"/BaseFont /(?:[A-Z]{6}[+])?([A-Za-z]+)", pdf.read_bytes()))
    assert {b"DejaVuSans", b"NotoSansDevanagari", b"NotoSansThai"} <= embedded
    again = save_figure(figure_of(LABELS), tmp_path / "again")
    assert [path.read_bytes() for path in again] == [pdf.read_bytes(), png.read_bytes()]


def test_letters_without_a_font_are_code_points_and_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "_installed", lambda: ())
    figure = figure_of(["क्षि", "a", "कa"])
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        save_figure(figure, tmp_path / "labels")
    codes = ["<0915 094D 0937 093F>", "a", "<0915>a"]
    assert shown_in(figure) == [*codes, " ".join(codes), codes[0]]
    (record,) = caplog.records
    assert "4 characters of labels are in no installed font (Devanagari)" in record.getMessage()
    assert "fonts-noto-core" in record.getMessage()


def test_fonts_are_few_and_those_of_noto_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    has = {"Every": "कखกข한", "Noto Sans Mono": "कख", "Noto Sans Thai": "กข", "Noto Sans X": "क"}
    fonts = tuple(Font(name, Path(name)) for name in has)
    monkeypatch.setattr(lettering, "_installed", lambda: fonts)
    monkeypatch.setattr(lettering, "_characters", lambda font: frozenset(has.get(font.family, "é")))
    assert find_fonts(["é", "a"]).families == ["DejaVu Sans"]
    assert find_fonts(["กข", "क"]).families == ["DejaVu Sans", "Noto Sans Thai", "Noto Sans X"]
    found = find_fonts(["한กख中\u200d\ufe0f\u2068"])
    assert found.families == ["DejaVu Sans", "Noto Sans Thai", "Every"] and found.missing == {"中"}
    assert found.shown("한中中") == "한<4E2D 4E2D>"


def ink(text: str) -> np.ndarray:
    """Height of the ink in each column of a text that matplotlib has drawn."""
    figure = Figure(figsize=(4, 1), dpi=100)
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure.text(0.1, 0.4, text, fontsize=30)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    dark = np.asarray(canvas.buffer_rgba())[..., 0] < 128
    columns = np.flatnonzero(dark.any(axis=0))
    return dark[:, columns[0] : columns[-1] + 1].sum(axis=0)


def test_matplotlib_joins_letters_and_runs_from_right_to_left() -> None:
    # An alef is a tall stroke, a tatweel is flat; a joiner's opposite keeps letters apart.
    heights = ink("ا\u200cـــــــ")
    assert heights.argmax() > 0.8 * len(heights)
    assert len(ink("ببب")) < len(ink("ب\u200cب\u200cب"))


def test_right_to_left_words_are_isolated_from_the_text_around_them() -> None:
    assert isolated("no vector for كِتَاب: 3 and قلم لا, 'شمس'") == (
        "no vector for \u2068كِتَاب\u2069: 3 and \u2068قلم لا\u2069, '\u2068شمس\u2069'"
    )
    assert isolated("plain मैं 12") == "plain मैं 12"


@pytest.mark.parametrize(("text", "wide"), [("t͡ʃʰ", 3), ("क्षि", 1), ("كِتَاب", 4), ("abc", 3), ("น้ำ", 1)])
def test_marks_add_nothing_to_the_width_of_a_label(text: str, wide: int) -> None:
    assert letters_wide(text) == wide


TYPST = """#let d = json("content.json")
#set text(font: ("Libertinus Serif", ..d.fonts))
#for word in d.words [#word #parbreak()]
"""


def pdf_text(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_the_pdf_has_the_labels_and_code_points_where_there_is_no_font(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.typ").write_text(TYPST, encoding="utf-8")
    content = {"figures": [], "words": ["क्षत्रि", "น้ำ", "t͡ʃʰ"]}
    write_pdf(content, tmp_path / "t.typ", {}, tmp_path / "t.pdf")
    assert pdf_text(tmp_path / "t.pdf").split() == content["words"]
    monkeypatch.setattr(lettering, "_installed", lambda: ())
    write_pdf(content, tmp_path / "t.typ", {}, tmp_path / "t.pdf")
    assert "<0E19 0E49 0E33>" in pdf_text(tmp_path / "t.pdf") and "t͡ʃʰ" in pdf_text(tmp_path / "t.pdf")


def test_html_keeps_every_letter(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{% for word in words %}<p>{{ word }}</p>{% endfor %}", encoding="utf-8")
    write_html({"figures": [], "words": LABELS}, tmp_path / "t.j2", {}, tmp_path / "t.html")
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert re.findall("<p>(.*?)</p>", page) == LABELS


@pytest.mark.parametrize(("cell", "said"), [("é č", False), ("क", True), ("t͡ʃ", True), ("٪ –", False)])
def test_latex_says_when_pdflatex_does_not_know_the_letters(cell: str, said: bool) -> None:
    typeset = to_latex(PaperTable("Caption.", ("Head",), ((Cell(cell),),)), "tab:x")
    assert typeset.startswith("% Letters") == said and ("LuaLaTeX" in typeset) == said
    assert f"\n{cell.replace('–', '--')} \\\\\n" in typeset
