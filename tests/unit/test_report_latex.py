"""LaTeX tables of runs of any size: what is in them, and what LaTeX says when it sets them."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import report_tables as synthetic

from layerwise.contracts.scores import INTER
from layerwise.report.latex import MOST_ROWS, Cell, PaperTable, tabular, to_latex
from layerwise.report.latex_tables import inter_table, measured, paper_tables, short_names, write_latex
from layerwise.report.names import latex_names

LAYERS = {"blocks": 24, "convs": 7}
NEEDED = "needs pdfLaTeX with booktabs (Debian: texlive-latex-recommended; make test installs it)"
HEAD = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[utf8]{inputenc}
\usepackage{booktabs,longtable,graphicx}
\setlength{\textwidth}{505pt}\setlength{\columnsep}{15pt}\setlength{\textheight}{650pt}
\setlength{\oddsidemargin}{-15pt}\setlength{\topmargin}{-40pt}\hfuzz=0.1pt
\begin{document}
"""


def has_latex():
    found = shutil.which("pdflatex") and shutil.which("kpsewhich")
    return (
        bool(found) and subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).stdout
    )


def typeset(folder, body):
    """Set a document twice-column as ICASSP does, in Computer Modern; return LaTeX's log."""
    (folder / "paper.tex").write_text(f"{HEAD}{body}\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "paper.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-3000:]
    return log


def inter_rows(pair, layers):
    rows = [
        {
            **dict.fromkeys(INTER.required, 1),
            **{"model_a": pair[0], "model_b": pair[1], "analysis": "cca-inter", "trial": 0},
            **{"layer_a": f"T{a}", "layer_index_a": a, "layer_b": f"T{b}", "layer_index_b": b},
            **{"score": 0.9 - 0.02 * abs(a - b), "low": 0.3, "high": 0.95, "null": 0.02},
        }
        for a in range(layers)
        for b in range(layers)
    ]
    return pd.DataFrame(rows)[list(INTER.required)]


def run_of(names, folder, layers=6, **shape):
    few = len(names) < 10  # with many models, what makes tables wide and long is enough: gathering takes long
    facts = synthetic.run_facts(names, twins=few)
    tasks, analyses = (synthetic.TASKS, synthetic.ANALYSES) if few else ({}, ("cca-intra", "cca-phone"))
    folder.mkdir(exist_ok=True)
    path = folder / "inter.csv"
    pair = (names[0], names[-1])
    inter_rows(pair, layers + 1).to_csv(path, index=False)
    made = synthetic.scores(facts, analyses, trials=2, **shape)
    runs = synthetic.downstream(facts, tasks, seeds=(0,), **shape)
    pairs = ("model", "task")
    files = {
        **synthetic.score_files(made, folder / "cca"),
        "downstream": synthetic.write(runs, folder / "down", names=pairs),
        "task_utterances": synthetic.write(
            synthetic.utterances(runs, number=12), folder / "down", names=pairs, ending="utterances.parquet"
        ),
        "weights": synthetic.write(synthetic.weights(facts, tasks, **shape), folder / "weights", names=pairs),
        "inter": (path,),
    }
    return facts, synthetic.gathered(facts, folder, **files)


MADE = {
    "one": (("hubert-tiny",), 6, {}),
    "three": (("hubert-tiny", "wav2vec2-tiny", "whisper-tiny-en"), 6, {}),
    "eleven": (
        tuple(
            f"{kind}-{size}-{place}"
            for kind in ("hubert", "wav2vec2")
            for size in ("large", "base")
            for place in "abc"
        )[:11],
        24,
        LAYERS,
    ),
    "long": (
        ("org/the-first-model-of-a-very-long-name_and_more", "facebook/wav2vec2-large-960h-lv60-self"),
        6,
        {},
    ),
}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return run_of(*MADE["three"][:1], tmp_path_factory.mktemp("three"))


@pytest.mark.skipif(not has_latex(), reason=NEEDED)
@pytest.mark.parametrize("name", MADE)
def test_every_table_of_a_run_is_set_without_an_overfull_box(tmp_path, name):
    names, layers, shape = MADE[name]
    facts, tables = run_of(names, tmp_path / "run", layers, **shape)
    write_latex(tables, facts, tmp_path)
    stems = latex_names(tables.planned, tables.tasks, tables.pairs)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.tex")}
    assert written == {f"{stem}.tex" for stem in stems}
    alone = {stem: "tabular" in stem for stem in stems}
    body, at_end = [], []
    for stem in stems:
        text = (tmp_path / f"{stem}.tex").read_text(encoding="utf-8")
        star = "*" if stem.startswith("page/") else ""
        line = f"\\input{{{stem}.tex}}\\clearpage"
        if "longtable" in text:
            at_end.append(line)
        elif alone[stem]:
            body.append(
                f"\\begin{{table{star}}}\\centering\\input{{{stem}.tex}}\\end{{table{star}}}\\clearpage"
            )
        else:
            body.append(line)
    # A tabular alone may be longer than a page: that is left to who puts it in.
    log = typeset(tmp_path, "\n".join([*body, r"\onecolumn", *at_end, ""]))
    found = re.findall(r"Overfull \\hbox \([\d.]+pt too wide\)[^\n]*", log)
    assert not found, found[:5]
    floats = [stem for stem in stems if not alone[stem]]
    assert not re.findall(
        r"Float too large[^\n]*",
        typeset(
            tmp_path,
            "\n".join(f"\\input{{{stem}.tex}}\\clearpage" for stem in floats if stem.startswith("column/"))
            + "\n",
        ),
    )
    assert "resizebox" not in "".join((tmp_path / f"{stem}.tex").read_text() for stem in floats)


def test_values_limits_and_marks_are_those_of_the_tables(three):
    facts, tables = three
    made = dict(paper_tables(tables, facts))
    row = tables.layer_summary.query(
        "analysis == 'cca-phone' and model == 'hubert-tiny' and layer == 'T2'"
    ).iloc[0]
    table = made["cca-phone-layers"]
    cell = next(line for line in table.rows if line[0].text == "T2")[table.header.index("hubert-tiny")]
    half = (row["high"] - row["low"]) / 2
    assert (cell.text, cell.plus, cell.minus) == (f"{row['score']:.2f}", f"{half:.2f}", f"{half:.2f}")
    assert (
        rf"{row['score']:.2f}}}$\pm${half:.2f}" in cell.tex
        or cell.tex == rf"{row['score']:.2f}$\pm${half:.2f}"
    )
    regrets = tables.choice.query("task == 'pr' and model == 'hubert-tiny'")
    best = [line for line in made["choice"].rows if line[0].text == "pr" and line[1].text == "hubert-tiny"]
    marked = [line[5].text for line in best if line[5].mark == "best"]
    assert marked == [f"{regrets['regret'].min():.3f}".replace("-", "\N{MINUS SIGN}")]
    compared = tables.single_weighted.query("task == 'pr'").set_index("model")["verdict"]
    for line in made["pr"].rows:
        if line[0].text in compared.index:
            wanted = {"single": ("best", ""), "all": ("", "best"), "tie": ("tie", "tie")}
            assert (line[3].mark, line[4].mark) == wanted[compared[line[0].text]]


def test_models_against_each_other_have_a_table(three):
    facts, tables = three
    table = inter_table(tables, facts, tables.pairs[0])
    assert table.header == ("", *(f"T{layer}" for layer in range(7)))
    for place, row in enumerate(table.rows):
        assert [cell.mark == "best" for cell in row[1:]] == [column == place for column in range(7)]
    assert table.rows[2][4].text == "0.88"
    assert "inter-hubert-tiny-vs-whisper-tiny-en" in dict(paper_tables(tables, facts))


def test_unlike_limits_are_exponents_and_missing_ones_nothing():
    assert measured(0.5, 0.4, 0.6).tex == r"0.50$\pm$0.10"
    assert measured(-0.5, -0.7, -0.4).tex == "$-$0.50$^{+0.10}_{-0.20}$"
    assert (
        measured(0.5, float("-inf"), float("inf")).tex
        == measured(0.5, float("nan"), float("nan")).tex
        == "0.50"
    )


def test_long_tables_go_on():
    rows = tuple((Cell(f"m{place}"), Cell("0.5")) for place in range(MOST_ROWS + 5))
    table = PaperTable("Caption.", ("Model", "Score"), rows)
    column, page = to_latex(table, "tab:x"), to_latex(table, "tab:x", "page")
    assert column.count(r"\begin{table}") == 2 and column.count(r"\addtocounter{table}{-1}") == 1
    assert column.count(r"\label") == 1 and r"\caption{(continued)}" in column
    assert r"\begin{longtable}" in page and page.count(r"\endhead") == 1
    for text in (column, page, tabular(table)):
        assert re.findall(r"^m(\d+) ", text, re.MULTILINE) == [str(place) for place in range(len(rows))]
    assert "table}" not in tabular(table) and "caption" not in tabular(table)


def test_columns_that_do_not_fit_go_below():
    header = ("Layer", *(f"model-{place}" for place in range(12)))
    table = PaperTable("C.", header, ((Cell("T0"), *[Cell("0.50", "0.01", "0.01")] * 12),), blocks=True)
    text = to_latex(table, "tab:x")
    assert text.count(r"\begin{tabular}") > 1 and text.count("Layer &") == text.count(r"\begin{tabular}")
    assert text.count("model-") == text.count("0.50") == 12
    assert to_latex(table, "tab:x", "page").count(r"\begin{tabular}") < text.count(r"\begin{tabular}")


def test_short_names_are_short_and_tell_models_apart():
    names = ("a/hubert-large-ll60k-finetuned", "whisper-tiny-en", "b/same", "c/same")
    facts = synthetic.run_facts(names)
    short = short_names(facts)
    assert len(set(short.values())) == len(facts.models)
    assert short["a/hubert-large-ll60k-finetuned"] == "hubert-l\N{HORIZONTAL ELLIPSIS}netuned"
    assert short["whisper-tiny-en"].endswith("\N{MODIFIER LETTER SMALL W}")
    assert short["b/same"] == "b/same"
    assert short["random-whisper-tiny-en"] == "whisper-tiny-en\N{MODIFIER LETTER SMALL R}"
