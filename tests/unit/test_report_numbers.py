"""Every number in every sentence of the report is the cell of a table (`report_numbers`)."""

import html
import re
from dataclasses import replace

import pandas as pd
import pytest
import report_tables as synthetic
from report_forms import FORMS
from report_numbers import Sentences, UntracedError
from test_report_runs import LACKING

from benchmarks.madeup import made_up
from benchmarks.madeup_facts import Shape
from layerwise.report.document import read_captions, report_content, write_html
from layerwise.report.facts import write_facts
from layerwise.report.figures.style import Style, panels, save_figure
from layerwise.report.run_tables import write_tables

SMALL = Shape(
    models=2, layers=4, convs=1, twins=2, units=12, permutations=8, utterances=12, seeds=1, trials=2,
    tasks=("pr", "asr"),
)  # fmt: skip
PLANTED = replace(SMALL, analyses=("cca-intra", "cca-phone"), measures=("abx",))
MANY = replace(SMALL, models=9, tasks=("pr",), measures=("abx",))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    facts = synthetic.run_facts()
    return {
        "few": made_up(SMALL, folder / "few"),
        "planted": made_up(PLANTED, folder / "planted"),
        "many": made_up(MANY, folder / "many"),
        "lacking": made_up(LACKING["utterances"][0], folder / "lacking"),
        "supervised": (synthetic.gathered(facts, folder / "supervised"), facts),
    }


def texts(content):
    """All sentences: of page one, sections, captions, method, limits and notes, each with its place."""
    yield from ((f"answer {each['question']}", each["verdict"]) for each in content["answers"])
    yield from (("evidence", text) for each in content["answers"] for text in each["evidence"])
    for part in ("scope", "abstract", "limits"):
        yield from ((part, text) for text in content[part])
    for part in (*content["sections"], *content["data"]):
        yield from ((part["anchor"], text) for text in (*part["paragraphs"], *part["bullets"]))
        yield from ((part["anchor"], table["caption"]) for table in part["tables"])
        yield from ((part["anchor"], figure["caption"]) for figure in part["figures"])
    yield from (("gallery", figure["caption"]) for figure in content["gallery"])
    yield from (("method", each["text"]) for each in content["method"])
    yield from (("appendix", table["caption"]) for table in content["appendix"])
    yield from ((part, content[part]) for part in ("appendix_note", "cite", "protocol"))


def content_of(tables, facts, repository):
    return report_content(tables, facts, read_captions(repository / "report"))


def reader(tables, facts, folder):
    folder.mkdir(exist_ok=True)
    write_tables(tables, folder)
    write_facts(facts, folder / "facts.json")
    return Sentences(folder, folder / "facts.json", FORMS)


def untraced(run, content):
    """What the reader finds wrong, by place."""
    wrong = []
    for place, text in texts(content):
        try:
            run.read(text)
        except UntracedError as error:
            wrong.append(f"{place}: {error}")
    return wrong


@pytest.mark.parametrize("name", ["few", "many", "lacking", "supervised"])
def test_every_number_of_every_sentence_is_a_cell(name, runs, repository, tmp_path):
    tables, facts = runs[name]
    assert untraced(reader(tables, facts, tmp_path / "tables"), content_of(tables, facts, repository)) == []


def test_the_page_has_all_sentences(runs, repository, tmp_path):
    tables, facts = runs["few"]
    content = content_of(tables, facts, repository)
    picture = save_figure(panels(3.4, 1, 1, 1, 1)[0], tmp_path / "figure", Style(png_dpi=30))[1]
    page = tmp_path / "report.html"
    write_html(
        content, repository / "report/report.html.j2", dict.fromkeys(content["figures"], picture), page
    )
    shown = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text())).split())
    told = [text for place, text in texts(content) if place != "gallery"]  # those figures are for print
    assert [text for text in told if " ".join(text.split()) not in shown] == []


def shifted(column, by, *more):
    return lambda table: table.assign(**{each: table[each] + by for each in [column, *more]})


def scaled(column, by):
    return lambda table: table.assign(**{column: table[column] * by})


def filled(column, value):
    return lambda table: table.assign(**{column: value})


def of_trained(**values):
    """Cells of models with several layers alone."""
    return lambda table: table.assign(
        **{name: table[name].where(table["n_layers"] == 1, value) for name, value in values.items()}
    )


FLAGGED = pd.DataFrame(
    {
        "model": ["hubert-base", "wav2vec2-base"],
        "layer": ["T2", "T1"],
        "analysis": ["cca-phone", "cca-word"],
        "unit": ["u7", "u8"],
        "rows": [31, 17],
        "score": [0.612, 0.523],
        "influence": [0.0731, -0.0614],
    }
)
PUBLISHED = pd.DataFrame(
    {
        "model": ["hubert-base"] * 2,
        "layer": ["T1", "T2"],
        "measure": ["abx"] * 2,
        "variant": ["triphone-within"] * 2,
        "corpus": ["dev-clean"] * 2,
        "value": [0.171, 0.182],
        "low": [0.16, 0.17],
        "high": [0.18, 0.19],
        "n": [12, 12],
        "published": [0.170, 0.195],
        "difference": [0.001, -0.0132],
        "within": ["yes", "no"],
        "tolerance": [0.01, 0.01],
        "source": ["a table", "a table"],
        "commit": ["a1b2", "a1b2"],
    }
)
HEADS = pd.DataFrame(
    {
        "model": ["hubert-base"],
        "task_a": ["pr"],
        "task_b": ["asr"],
        "spearman": [0.713],
        "kendall": [0.6],
        "low": [0.511],
        "high": [0.802],
        "n_layers": [4],
    }
)
# Each changes cells so that tables stay ones that could be: within limits, low below high.
PLANTS = {
    "layer_summary": [
        shifted("score", -0.103, "low"),
        shifted("calibrated", 0.103),
        shifted("high", 0.103),
        shifted("n_units", 3),
        lambda table: table.assign(excluded=[3 * place % 7 for place in range(len(table))]),
    ],
    "peaks": [
        lambda table: table.assign(p=0.001, p_holm=0.0123),
        of_trained(shape="plateau"),
        of_trained(tie="T0 T1 T2", n_tie=3, shape="tie"),
    ],
    "control_contrasts": [shifted("difference", 0.103), shifted("high", 0.103), filled("p_holm", 0.9)],
    "curve_contrasts": [shifted("difference", 0.303), filled("p_holm", 0.0123), shifted("low", -0.103)],
    "last_block_contrasts": [shifted("difference", 0.103), shifted("low", -0.103), filled("p_holm", 0.9)],
    "influential": [lambda _: FLAGGED, lambda _: FLAGGED.head(1)],
    "single_weighted": [
        *(shifted(column, 0.103) for column in ("single", "all", "difference", "high")),
        filled("p_holm", 0.0123),
        filled("verdict", "single"),
        shifted("n", 5),
    ],
    "task_peaks": [lambda table: table.assign(n_tie=4), filled("layer", "T0")],
    "task_contrasts": [shifted("difference", 0.103), shifted("low", -0.103), filled("p_holm", 0.9)],
    "choice": [shifted("regret", 0.103), shifted("low", -0.403), shifted("n", 5)],
    "agreement": [scaled("spearman", 0.7), filled("low", -1.0)],
    "head_agreement": [lambda _: HEADS, lambda _: HEADS.assign(spearman=0.6)],
    "inter_scores": [scaled("score", 0.7), scaled("null", 0.7)],
    "measures": [shifted("value", 0.103), shifted("low", -0.103)],
    "measure_agreement": [scaled("spearman", 0.7), filled("low", -1.0)],
    "published": [lambda _: PUBLISHED, lambda _: PUBLISHED.assign(tolerance=0.02, within="yes")],
    "omissions": [lambda table: table.head(0)],
    "exclusions": [lambda table: table.head(1), lambda table: table.head(0)],
    "warnings": [lambda table: table.head(1)],
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_changed_cell_changes_its_sentence(name, runs, repository, tmp_path):
    tables, facts = runs["planted"]
    before = content_of(tables, facts, repository)
    for place, change in enumerate(PLANTS[name]):
        planted = replace(tables, **{name: change(getattr(tables, name))})
        after = content_of(planted, facts, repository)
        run = reader(planted, facts, tmp_path / str(place))
        assert untraced(run, after) == [], f"change {place}"
        assert set(texts(after)) != set(texts(before)), f"change {place} is in no sentence"
        before_is_wrong = untraced(run, before) or len(list(texts(after))) != len(list(texts(before)))
        assert before_is_wrong, f"change {place} is not seen"
