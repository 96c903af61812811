import html
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdfium2
import pytest
import report_tables as synthetic

from layerwise.align.boundaries import COLUMNS
from layerwise.errors import ReportError
from layerwise.report import curve_findings, findings, lettering, task_findings
from layerwise.report.document import read_captions, report_content, write_html, write_pdf
from layerwise.report.facts import CorpusFacts
from layerwise.report.figures.style import Style, panels, save_figure
from layerwise.report.names import figure_names
from layerwise.report.second_alignment import SecondAlignment

AWKWARD = "a#b_c<d>$e@f*g`h\\i[j]{k}&l"
NAMES = ("hubert-tiny", "wav2vec2-tiny", "whisper-tiny-en")


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(NAMES)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """One small picture for every figure: how figures look is tested elsewhere."""
    folder = tmp_path_factory.mktemp("figures")
    pdf, png = save_figure(panels(3.4, 1, 1, 1, 1)[0], folder / "figure", Style(png_dpi=30))
    names = ["alignment", *figure_names(synthetic.ANALYSES, list(synthetic.TASKS))]
    return dict.fromkeys(names, pdf), dict.fromkeys(names, png)


def make(content, repository, drawn, folder):
    folder.mkdir(exist_ok=True)
    write_pdf(content, repository / "report/template.typ", drawn[0], folder / "report.pdf")
    write_html(content, repository / "report/report.html.j2", drawn[1], folder / "report.html")
    return (folder / "report.pdf").read_bytes(), (folder / "report.html").read_text()


def test_report_is_self_contained_whole_and_alike(tables, facts, drawn, repository, tmp_path):
    content = report_content(tables, facts, read_captions(repository / "report"))
    pdf, page = make(content, repository, drawn, tmp_path / "one")
    again = make(content, repository, drawn, tmp_path / "two")
    assert (pdf, page) == again
    assert pdf.startswith(b"%PDF")
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert not re.search(r"@import|url\(|<script|<link", page)
    shown = re.findall(r'id="figure-([\w-]+)"', page)
    assert set(shown) == {
        *(
            "answers",
            "corpus",
            "alignment",
            "layers",
            "learning",
            "tasks",
            "single-vs-weighted",
            "weights",
            "choice",
            "agreement",
            "cca-vs-task",
        )
    }
    assert page.count('src="data:image/webp;base64,') == len(shown)
    assert "whisper-tiny-en (weakly supervised)" in page
    assert "spy_iax2" in page and "ab" * 32 in page and "one speaker" in page


def test_equation_stands_after_the_paragraph_on_layer_analyses(tables, facts, drawn, repository, tmp_path):
    content = report_content(tables, facts, read_captions(repository / "report"))
    assert [text["kind"] for text in content["method"]][:3] == ["text", "pwcca", "text"]
    _, page = make(content, repository, drawn, tmp_path / "with")
    assert page.count("<math") == 1
    assert page.index("Layer analyses.") < page.index("<math") < page.index("Scores are means")


def test_awkward_characters_stay_what_they_are(drawn, repository, tmp_path):
    facts = synthetic.run_facts((AWKWARD, "b"), twins=False)
    lost = synthetic.corpus_files(tmp_path / "corpus", excluded=(AWKWARD, "#panic(1) <label> $x"))
    tables = synthetic.gathered(facts, tmp_path, excluded=lost["excluded"])
    content = report_content(tables, facts, read_captions(repository / "report"))
    pdf, page = make(content, repository, drawn, tmp_path / "out")
    assert pdf.startswith(b"%PDF")
    assert html.escape(AWKWARD) in page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert "<d>" not in page and "<label>" not in page


@pytest.mark.parametrize(
    ("analyses", "tasks"),
    [((), {}), (("cca-phone",), {}), ((), {"pr": "per"}), (("cca-word",), {"pr": "per"})],
)
def test_stages_that_did_not_run_are_left_out(analyses, tasks, facts, drawn, repository, tmp_path):
    tables = synthetic.gathered(facts, tmp_path, analyses, tasks)
    content = report_content(tables, facts, read_captions(repository / "report"))
    _, page = make(content, repository, drawn, tmp_path / "out")
    assert ("figure-layers" in page) == bool(analyses)
    assert ("figure-tasks" in page) == ("figure-choice" in page) == bool(tasks)
    assert ("figure-agreement" in page) == bool(analyses and tasks)


def test_second_alignment_has_a_section_if_there_is_one(facts, drawn, repository, tmp_path):
    """Numbers of each row differ, so that none can stand in another's place."""
    tables, captions = synthetic.gathered(facts, tmp_path, (), {}), read_captions(repository / "report")
    rows = [
        ("word", "all", "start", 7, 31, 23, 0.5, 1.5, 0.25, 0.5, 0.75),
        ("word", "all", "both", 7, 62, 46, -1.25, 4.0, 0.125, 0.625, 0.875),
        ("phone", "all", "both", 6, 180, 122, 2.0, 8.0, 0.5, 0.75, 1.0),
        ("phone", "nasals", "both", 0, 14, 0, *[np.nan] * 5),
        ("phone", "nasals", "end", 0, 7, 0, *[np.nan] * 5),
    ]
    second = SecondAlignment("by#hand", pd.DataFrame(rows, columns=list(COLUMNS)))
    content = report_content(tables, facts, captions, second)
    pdf, page = make(content, repository, drawn, tmp_path / "with")
    without = make(report_content(tables, facts, captions), repository, drawn, tmp_path / "without")
    assert len(pdf) > len(without[0]) and "two alignments" not in without[1]
    assert "(pocketsphinx) was compared with that of by#hand in 7 of the corpus&#39;s 559 utterances" in page
    assert "23 of 31 words, and 122 of 180 phone boundaries" in page
    (table,) = content["data"][1]["tables"]
    assert table["rows"] == (
        ("words", "62", "46", "\N{MINUS SIGN}1.2", "4.0", "12.5", "62.5", "87.5"),
        ("phones", "180", "122", "2.0", "8.0", "50.0", "75.0", "100.0"),
        ("nasals", "14", "0", *["\N{EN DASH}"] * 5),
    )


def test_findings_follow_the_numbers(facts, tables):
    (first, *_) = curve_findings.analysis_findings(tables, facts, "cca-phone")
    mine = tables.layer_summary[
        (tables.layer_summary["model"] == "hubert-tiny") & (tables.layer_summary["analysis"] == "cca-phone")
    ]
    best = mine.loc[mine["score"].idxmax()]
    assert f"{best['layer']}, {best['score']:.2f} [{best['low']:.2f}, {best['high']:.2f}]" in first
    assert "among block layers" in first
    assert f"At {best['layer']} it is above the best layer of its random twin" in first
    assert "and above logmel" in first
    for change, words in (
        ({"low": -0.1, "high": 0.2, "p_holm": 0.5}, "not distinguishable from logmel"),
        ({"difference": -0.15, "low": -0.2, "high": -0.1, "p_holm": 0.01}, "below logmel"),
        ({"low": -0.2, "high": -0.1, "p_holm": 0.06}, "not distinguishable from logmel"),
        ({"low": 0.001, "high": 0.019, "p_holm": 0.0}, "negligibly different from logmel"),
        ({"low": 0.001, "high": 0.021, "p_holm": 0.0}, "above logmel"),
    ):
        changed = replace(tables, control_contrasts=tables.control_contrasts.assign(**change))
        assert words in curve_findings.analysis_findings(changed, facts, "cca-phone")[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "tie"}, ("neither is distinguishably better", "(p = 0.400)")),
        ({"verdict": "all"}, ("the sum is better", "0.020 [0.010, 0.030]")),
        ({"verdict": "single"}, ("the single layer is better",)),
    ],
)
def test_single_layer_against_weighted_sum_in_words(tables, facts, change, words):
    numbers = {"difference": 0.02, "low": 0.01, "high": 0.03, "p_holm": 0.4}
    table = tables.single_weighted.assign(**numbers, **change)
    text = task_findings.task_findings(replace(tables, single_weighted=table), facts, "pr")[0]
    assert all(word in text for word in words)


@pytest.mark.parametrize(
    ("difference", "p", "words"),
    [
        (-0.1, 0.01, "better than its random twin at T"),  # PER: lower is better
        (0.1, 0.01, "worse than its random twin at T"),
        (-0.1, 0.06, "not distinguishable from its random twin at T"),
    ],
)
def test_single_layer_against_controls_in_words(tables, facts, difference, p, words):
    table = tables.task_contrasts.assign(difference=difference, low=-0.2, high=0.2, p_holm=p)
    text = task_findings.task_findings(replace(tables, task_contrasts=table), facts, "pr")[0]
    assert words in text


def test_self_supervised_and_supervised_models_are_counted_apart(tables, facts):
    table = tables.single_weighted.assign(verdict="all")
    table.loc[table["model"] == "whisper-tiny-en", "verdict"] = "single"
    first, second, *_ = task_findings.sum_findings(replace(tables, single_weighted=table), facts)
    assert "loses to it for 2 and is not distinguishable from it for 0 of 2 self-supervised" in first
    assert "beats the learned sum of all layers for 1, " in second and "of 1 supervised model." in second


def test_objectives_that_do_not_differ_are_said_not_to(tables, facts):
    def sentences(**change):
        changed = replace(tables, curve_contrasts=tables.curve_contrasts.assign(**change))
        return curve_findings.objective_findings(changed, facts)

    assert all("not distinguishable" in text for text in sentences(low=-1.0, high=1.0, p_holm=0.3))
    assert all("differs negligibly at every" in text for text in sentences(low=0.001, high=0.019, p_holm=0.0))
    assert all("differs at T" in text for text in sentences(low=0.1, high=0.3, p_holm=0.049))
    none = replace(tables, curve_contrasts=tables.curve_contrasts.iloc[:0])
    assert "nothing can be said" in curve_findings.objective_findings(none, facts)[0]


def test_limits_come_from_the_facts():
    corpus = CorpusFacts("big", 30000, 40, 3.6e5, {"train": 30000})
    facts = synthetic.run_facts(("hubert-base",), corpus=corpus, aligner="textgrid")
    models = tuple(replace(model, parameters=95_000_000) for model in facts.models)
    text = " ".join(findings.limits(replace(facts, models=models)))
    assert not re.search("one speaker|is small|far smaller|aligner|Not self-supervised", text)


def test_missing_figure_caption_or_broken_template_is_named(tables, facts, drawn, repository, tmp_path):
    captions = read_captions(repository / "report")
    with pytest.raises(ReportError, match=r"add report/layers\.rst"):
        report_content(tables, facts, {key: text for key, text in captions.items() if key != "layers"})
    content = report_content(tables, facts, captions)
    with pytest.raises(ReportError, match="figure answers is missing"):
        write_html(content, repository / "report/report.html.j2", {}, tmp_path / "report.html")
    broken = tmp_path / "broken.typ"
    broken.write_text("#nothing-here")
    with pytest.raises(ReportError, match=r"broken\.typ: typst cannot make the report"):
        write_pdf(content, broken, drawn[0], tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()


def test_many_pairs_of_curves_are_counted(tables, facts):
    one = tables.curve_contrasts[tables.curve_contrasts["analysis"] == "cca-phone"]
    pairs = [one.assign(model_a=f"m{n}", low=-1.0, p_holm=0.01 if n < 2 else 1.0) for n in range(6)]
    (text,) = curve_findings.objective_findings(replace(tables, curve_contrasts=pd.concat(pairs)), facts)
    assert "differs at some layer in 2 of 6 pairs" in text


def test_letters_without_a_font_are_a_caution_of_the_first_section(
    tables, facts, repository, drawn, tmp_path, monkeypatch
):
    word, captions = "\u0915\u0937", read_captions(repository / "report")
    row = tables.segments.iloc[[0]].assign(label=word)
    foreign = replace(tables, segments=pd.concat([tables.segments, row]))
    assert not _cautioned(report_content(foreign, facts, captions))
    monkeypatch.setattr(lettering, "_installed", lambda: ())
    content = report_content(foreign, facts, captions)
    assert _cautioned(content) and not _cautioned(report_content(tables, facts, captions))
    content["title"] = word
    pdf, page = make(content, repository, drawn, tmp_path / "foreign")
    assert f"<h1>{word}</h1>" in page and "(Devanagari)" in page
    pages = pypdfium2.PdfDocument(pdf)
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    assert "<0915 0937>" in text


def _cautioned(content):
    return any("in no installed font" in line for line in content["data"][0]["bullets"])
