"""The page to explore: what it holds is what the tables hold, and it fits in a file."""

import base64
import gzip
import hashlib
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables as synthetic

from layerwise.align.worst import worst_alignments, write_worst
from layerwise.report.details import label_tables, regularisers
from layerwise.report.names import figure_names
from layerwise.report.page import page as page_module
from layerwise.report.page.downloads import Job, digest_of, drawn_from, fitting
from layerwise.report.page.overview import overview, spans
from layerwise.report.page.packing import packed, script_json
from layerwise.report.run_tables import of

MINUS = "\N{MINUS SIGN}"


def unpacked(columns):
    made = {}
    for column in columns:
        values = column["values"]
        if "levels" in column:
            values = [column["levels"][place] for place in values]
        else:
            values = [math.nan if value is None else float(value) for value in values]
        made[column["name"]] = values
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def html(page_file):
    return page_file.read_text(encoding="utf-8")


def inside(pattern, html):
    found = re.search(pattern, html, re.S)
    assert found
    return found[1]


def unsqueezed(text):
    return gzip.decompress(base64.b64decode(text)).decode()


def data_of(html):
    return json.loads(unsqueezed(inside(r'id="page-data">(.*?)</script>', html)))


def test_tables_survive_packing_with_all_digits():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "name": ["NA", "", "a<b", "</script>", "NA"],
            "value": [*(rng.random(2) * 1e-80), math.nan, math.inf, -math.inf],
            "whole": [1, 2, 3, 4, 2**60 + 1],
        }
    )
    text = script_json(packed(table))
    assert "<" not in text
    back = unpacked(json.loads(text))
    assert back["name"].tolist() == table["name"].tolist()
    assert np.array_equal(back["value"], table["value"], equal_nan=True)
    assert [int(value) for value in json.loads(text)[2]["values"]] == table["whole"].tolist()


def test_the_page_holds_the_tables_exactly(page_tables, html):
    held = data_of(html)["tables"]
    assert {"layer_summary", "peaks", "downstream_summary", "weights", "label_errors", "confusions"} <= set(
        held
    )
    for name, columns in held.items():
        table, back = getattr(page_tables, name), unpacked(columns)
        assert list(back) == list(table)
        for column in table:
            if pd.api.types.is_numeric_dtype(table[column]):
                assert np.array_equal(back[column], table[column].astype(float), equal_nan=True), (
                    name,
                    column,
                )
            else:
                assert back[column].tolist() == table[column].astype(str).tolist(), (name, column)


def test_nothing_is_fetched_and_only_its_own_scripts_run(html):
    page = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert not re.search(r"@import|url\(|<link|<iframe", page)
    assert not re.search(r"\son[a-z]+=\"", page)
    policy = inside(r'Content-Security-Policy" content="([^"]*)"', html).replace("&#39;", "'")
    assert "default-src 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    scripts += map(unsqueezed, re.findall(r"<script[^>]* data-packed>(.*?)</script>", html, re.S))
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert digests == re.findall(r"'sha256-([^']+)'", policy)


def test_equal_runs_give_equal_pages(page_tables, page_facts, html, tmp_path, repository):
    again = report_page.make_page(page_tables, page_facts, tmp_path / "again", repository)
    assert again.read_text(encoding="utf-8") == html


def test_library_is_the_one_that_is_named(repository):
    row = next(
        line
        for line in (repository / "report/vendor/README.md").read_text().splitlines()
        if ".min.js |" in line
    )
    library = (repository / "report/vendor/plotly-cartesian.min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() in row


def test_files_too_large_for_the_page_are_named():
    sizes = {"a.pdf": 50, "b.pdf": 30, "c.svg": 60, "d.svg": 10}
    assert fitting(sizes, most=100) == {"d.svg", "b.pdf", "a.pdf"}
    assert fitting(sizes, most=5) == set()


@pytest.mark.parametrize("number", [1, 11, 30])
def test_runs_of_any_size_fit(number, page_tables, tmp_path, repository):
    names = tuple(f"model-{place:02d}" for place in range(number))
    facts = synthetic.run_facts(names, twins=False, baseline=False)
    wide = report_page.widened(page_tables, names)
    path = report_page.make_page(wide, facts, tmp_path, repository, worst=False)
    assert path.stat().st_size < 5e6
    assert [row[0].text for row in overview(wide, facts).rows] == list(names)


def test_large_runs_have_fewer_digits(page_tables, page_facts, tmp_path, repository, monkeypatch):
    monkeypatch.setattr(page_module, "EXACT", 1000)
    path = report_page.make_page(page_tables, page_facts, tmp_path, repository, worst=False)
    data = data_of(path.read_text(encoding="utf-8"))
    assert data["digits"] == 9
    for name, columns in data["tables"].items():
        table, back = getattr(page_tables, name), unpacked(columns)
        for column in table.select_dtypes("number"):
            np.testing.assert_allclose(back[column], table[column].astype(float), rtol=5e-9)
        assert back["model"].tolist() == table["model"].tolist() if "model" in table else True
    assert "9 significant digits" in path.read_text(encoding="utf-8")


def test_every_figure_is_on_the_page_once_with_its_files(page_tables, html):
    stems = ["alignment", *figure_names(synthetic.ANALYSES, page_tables.tasks)]
    assert sorted(re.findall(r'<figure id="figure-([^"]+)"', html)) == sorted(stems)
    for stem in stems:
        figure = inside(rf'(<figure id="figure-{stem}">.*?</figure>)', html)
        assert "<img src" in figure or f'data-name="{stem}.svg"' in figure
        for mark in (f'aria-label="SVG of figure {stem}"', f'download="{stem}.pdf"', f"{stem}.figure.tex"):
            assert mark in figure
        assert "How was this made" in figure
    tex = inside(r'download="heat.figure.tex" href="data:text/x-tex;base64,([^"]*)"', html)
    tex = base64.b64decode(tex).decode()
    assert r"\includegraphics[width=\linewidth]{heat.pdf}" in tex
    assert r"\label{fig:heat}" in tex


def test_only_tables_that_a_figure_draws_are_its_inputs():
    job = Job("figures", "scripts/figures.py", "", {"r/tables/peaks.csv": "a", "r/tables/choice.csv": "b"})
    assert drawn_from(job, ["choice", "weights"]).inputs == {"r/tables/choice.csv": "b"}
    assert drawn_from(job, []).inputs == job.inputs
    assert digest_of("peaks", job) == "a"
    assert digest_of("utterances", job) == ""


def test_every_cell_of_the_overview_is_that_of_the_tables(page_tables, page_facts):
    table = overview(page_tables, page_facts)
    titles = [title for title, _ in table.header]
    for cells in table.rows:
        row = dict(zip(titles, cells, strict=True))
        model = {"model": row["Model"].text}
        for name in page_tables.analyses:
            peaks = of(page_tables.peaks, **model, analysis=name)
            cell = row[f"{page_facts.analysis(name).short}: peak set"]
            for peak in peaks.itertuples():
                assert cell.note == f"{peak.layer}: {peak.score:.3f}"
                assert cell.key == peak.layer_index
                assert cell.text == spans(str(peak.tie).split())
        for name in page_tables.tasks:
            metric = page_facts.task(name).metric
            where = {**model, "task": name, "metric": metric.name}
            for best in of(page_tables.task_peaks, **where).itertuples():
                cell = row[f"{metric.title}: best layer"]
                assert (cell.text, cell.key) == (best.layer, best.value)
            for pair in of(page_tables.single_weighted, **where).itertuples():
                single, apart = (row[f"{metric.title}: {what}"] for what in ("single", f"single {MINUS} sum"))
                assert (single.key, single.note) == (pair.single, f"{pair.layer}; sum {pair.all:.3f}")
                limits = f"{pair.difference:+.3f} [{pair.low:.3f}, {pair.high:.3f}]".replace("-", MINUS)
                assert (apart.key, apart.text) == (pair.difference, limits)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("T0", "T0"),
        ("T0 T1", "T0 T1"),
        ("T0 T1 T2 T4", "T0\N{EN DASH}T2 T4"),
        ("T4 T5 T6 T6+ln", "T4\N{EN DASH}T6 T6+ln"),
        ("T9 T10 T11", "T9\N{EN DASH}T11"),
        ("", ""),
    ],
)
def test_spans(layers, said):
    assert spans(layers.split()) == said


def test_errors_by_label_are_edits(tmp_path, page_facts):
    rows = [
        ("hubert-tiny", "pr", "T0", 1, "a", "K AE T", "K AA T S"),
        ("hubert-tiny", "pr", "T0", 2, "a", "K AE T", "AE T"),
        ("hubert-tiny", "pr", "T1", 1, "a", "K AE T", ""),
        ("hubert-tiny", "pr", "all", 1, "a", "K AE T", "K AE T"),
    ]
    names = ["model", "task", "layer", "seed", "utt_id", "reference", "predicted"]
    (path,) = synthetic.write(
        pd.DataFrame(rows, columns=names), tmp_path, names=("model", "task"), ending="decodes.csv"
    )
    chosen = pd.DataFrame([("hubert-tiny", "pr", "per", "T0")], columns=["model", "task", "metric", "layer"])
    errors, confused, _ = label_tables([path], chosen, page_facts)
    of = errors[errors["layer"] == "T0"].drop(columns=["model", "task", "layer"]).itertuples(index=False)
    assert {tuple(row) for row in of} == {
        ("K", 2, 0, 1, 0),
        ("AE", 2, 1, 0, 0),
        ("AA", 0, 0, 0, 0),
        ("S", 0, 0, 0, 1),
        ("T", 2, 0, 0, 0),
    }
    assert errors[errors["layer"] == "T1"]["deleted"].sum() == 3
    assert set(confused["layer"]) == {"T0", "all"}
    pairs = confused[confused["layer"] == "T0"][["reference", "predicted", "times"]]
    assert {("AE", "AA", 1), ("", "S", 1), ("K", "", 1), ("T", "T", 2)} <= {
        tuple(row) for row in pairs.itertuples(index=False)
    }
    many = pd.DataFrame([(*rows[0][:5], " ".join(map(str, range(101))), "")], columns=names)
    (path,) = synthetic.write(many, tmp_path / "many", names=("model", "task"), ending="decodes.csv")
    assert all(table.empty for table in label_tables([path], chosen, page_facts))


def test_regularisers_are_counted():
    table = pd.DataFrame(
        [("m", "T0", 0.0, "cca-phone", 1e-4, 0.1)] * 2
        + [("m", "T0", 0.0, "cca-phone", 1e-2, 0.1), ("m", "T0", 0.0, "mi-phone", np.nan, np.nan)],
        columns=["model", "layer", "layer_index", "analysis", "epsilon_x", "epsilon_y"],
    )
    assert regularisers(table)[["epsilon_x", "times"]].to_numpy().tolist() == [[1e-4, 2], [1e-2, 1]]


def test_the_worst_alignments_are_those_of_the_lowest_scores(tmp_path):
    manifest, intervals, quality = report_page.worst_of(tmp_path)
    worst = worst_alignments(manifest, quality, number=2)
    assert worst["utt_id"].tolist() == ["noise2", "noise1"]
    write_worst(worst, manifest, intervals, tmp_path / "with", audio=True)
    write_worst(worst, manifest, intervals, tmp_path / "without", audio=False)
    assert sorted(path.suffix for path in (tmp_path / "with").iterdir()) == [
        *([".TextGrid"] * 2),
        *([".flac"] * 2),
        ".parquet",
    ]
    assert not list((tmp_path / "without").glob("*.flac"))
    assert worst_alignments(manifest, quality.assign(score=np.nan)).empty
