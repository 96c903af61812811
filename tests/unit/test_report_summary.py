"""Rows kept out, flagged units, learning curves, traits and infeasible analyses: from files to words."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic
from matplotlib.colors import to_hex
from planted import planted

from layerwise.report.cautions import cautions, excluded_line, flagged_line, permutation_lines
from layerwise.report.curve_findings import analysis_findings
from layerwise.report.document import read_captions, report_content
from layerwise.report.figures.all import make_figures
from layerwise.report.figures.layers import layer_figure
from layerwise.report.figures.learning import learning_figure
from layerwise.report.figures.looks import looks
from layerwise.report.latex import to_latex
from layerwise.report.latex_tables import layers_table, write_latex
from layerwise.report.methods import method_text
from layerwise.report.names import figure_names, latex_names
from layerwise.report.summary import influential
from layerwise.report.typeset import traits_table

NAMES = ("hubert-tiny", "whisper-tiny-en")


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(NAMES)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"))


def with_influence(unit, value, error=0.004):
    evidence = planted({"m": [[0.2, 0.5]]}, error=error)
    units = evidence.units.copy()
    units.loc[(units["layer"] == "T1") & (units["unit"] == unit), "influence"] = value
    return replace(evidence, units=units)


@pytest.mark.parametrize(
    ("value", "error", "flagged"),
    [
        (-0.06, 0.004, True),
        (-0.06, 0.0165, True),
        (0.03, 0.0004, True),
        (0.03, 0.2, False),
        (0.009, 1e-9, False),
        (0.0, 0.004, False),
    ],
)
def test_units_beyond_the_rule_are_flagged(value, error, flagged):
    """0.05 whatever the others are, or 0.01 and five robust standard deviations of the others."""
    table = influential(with_influence("u07", value, error))
    mine = table[(table["layer"] == "T1") & (table["unit"] == "u07")]
    assert len(mine) == flagged
    if flagged:
        assert table["unit"].tolist()[0] == "u07"
        assert mine[["rows", "score", "influence"]].to_numpy().tolist() == [[9, 0.5, pytest.approx(value)]]


def test_influence_is_the_mean_over_sample_sets():
    evidence = planted({"m": [[0.5], [0.5]]}, error=1e-6)
    units = evidence.units.copy()
    units.loc[(units["sample"] == 1) & (units["unit"] == "u00"), "influence"] = 0.12
    (row,) = influential(replace(evidence, units=units)).to_dict("records")
    assert row["influence"] == pytest.approx(0.06, abs=1e-5) and row["rows"] == 18


def test_flagged_units_are_told(facts, tables):
    assert flagged_line(tables, facts).startswith("No unit (speaker, utterance or label) moves")
    row = {"model": NAMES[1], "layer": "T0", "analysis": "cca-phone", "unit": "0012", "rows": 81}
    found = pd.DataFrame([{**row, "score": 0.57, "influence": -0.11}])
    line = flagged_line(replace(tables, influential=found), facts)
    assert "1 unit (" in line and "most 0012: CCA-phone of whisper-tiny-en (weakly supervised) at T0" in line
    assert "is 0.570 with it and 0.680 without" in line


def test_rows_kept_out_are_counted_with_the_worst_layer(facts, tables):
    summary = tables.layer_summary.assign(excluded=0, n_rows=100)
    clean = replace(tables, layer_summary=summary)
    assert excluded_line(clean, facts).startswith("No test row was kept out")
    worst = (summary["model"] == NAMES[1]) & (summary["layer"] == "T0") & (summary["analysis"] == "cca-word")
    spoilt = summary.assign(excluded=np.where(worst, 25, 0) + (summary["layer"] == "T1"))
    line = excluded_line(replace(tables, layer_summary=spoilt), facts)
    lost = int(spoilt["excluded"].sum())
    assert f"{lost} of {100 * len(summary) + lost} " in line
    assert "most in CCA-word of whisper-tiny-en (weakly supervised) at T0: 25 of 125 (20.00%)" in line


def test_permutations_are_told_with_their_search(facts, tables):
    (line,) = permutation_lines(tables, facts)
    assert line.endswith(
        "40 permuted draws over all sample sets, each with the whole search for regularisers."
    )
    summary = tables.layer_summary
    word = summary["analysis"] == "cca-word"
    mixed = summary.assign(
        search=np.where(word & (summary["layer"] == "T0"), "chosen", "grid"),
        permutations=np.where(word, 19, 40),
    )
    lines = permutation_lines(replace(tables, layer_summary=mixed), facts)
    assert (
        lines[0] == "CCA-word: 19 permuted draws over all sample sets, not all with a search of their own, "
        "which would take too long."
    )
    none = replace(tables, layer_summary=summary.assign(permutations=0, search=""))
    assert permutation_lines(none, facts) == [
        "No permutations were drawn: scores have neither a null nor p values."
    ]


def test_without_permutations_nothing_is_said_of_chance(facts, tmp_path):
    """The paper protocol: three trials, units, and no permutations."""
    paper = replace(facts, protocol="paper")
    empty = synthetic.nulls_of(synthetic.scores(facts)).iloc[:0]
    scores = synthetic.scores(facts).assign(null=np.nan)
    files = synthetic.score_files(scores, tmp_path / "paper", nulls=(empty, "null.parquet"))
    tables = synthetic.gathered(paper, tmp_path, **files)
    assert tables.layer_summary[["null", "calibrated", "p"]].isna().all().all()
    assert tables.peaks[["p", "p_holm"]].isna().all().all() and set(tables.layer_summary["search"]) == {""}
    words = " ".join(analysis_findings(tables, paper, "cca-phone"))
    assert "peaks" in words or "highest" in words
    assert "permuted" not in words and "calibrated" not in words and "nan" not in words
    texts = " ".join(text.text for text in method_text(tables, paper))
    assert "Permutations." not in texts and "Each trial has a development and a test part" in texts
    captions = {stem: stem for stem in figure_names(tables.analyses, tables.tasks)} | {"alignment": ""}
    assert not re.search(r"\bnan\b", str(report_content(tables, paper, captions)))


def infeasible_files(tmp_path, facts, analyses):
    lacking = pd.DataFrame(
        [(name, "cca-word", sample, "3 words, 20 are needed") for name in NAMES for sample in range(2)],
        columns=["model", "analysis", "sample", "reason"],
    )
    paths = synthetic.write(lacking, tmp_path / "lacking", ending="infeasible.csv")
    empty = tmp_path / "cca-word.csv"
    synthetic.scores(facts, ()).to_csv(empty, index=False)
    made = synthetic.score_files(synthetic.scores(facts, analyses), tmp_path / "cca")
    return {**made, "scores": (*made["scores"], empty), "infeasible": paths}


@pytest.mark.parametrize("analyses", [("cca-phone",), ()])
def test_an_analysis_that_cannot_be_run_is_a_line_and_not_the_end(facts, repository, tmp_path, analyses):
    """Its figures and LaTeX tables exist, as the workflow counts on them."""
    files = infeasible_files(tmp_path, facts, analyses)
    tables = synthetic.gathered(facts, tmp_path, (), {"pr": "per"}, **files)
    assert tables.planned == sorted({*analyses, "cca-word"}) and tables.analyses == list(analyses)
    assert tables.infeasible[["model", "reason"]].to_numpy().tolist() == [
        [name, "sample set 0, 1: 3 words, 20 are needed"] for name in NAMES
    ]
    drawn = make_figures(tables, facts)
    assert sorted(drawn) == sorted(figure_names(tables.planned, ["pr"]))
    assert drawn["cca-word"].axes[0].texts[0].get_text() == "cannot be run on this corpus"
    write_latex(tables, facts, tmp_path / "tex")
    written = (tmp_path / "tex").rglob("*.tex")
    assert sorted(
        path.relative_to(tmp_path / "tex").as_posix().removesuffix(".tex") for path in written
    ) == sorted(latex_names(tables.planned, ["pr"]))
    content = report_content(tables, facts, read_captions(repository / "report"))
    (section,) = (part for part in content["sections"] if part["anchor"] == "curves")
    assert {
        f"CCA-word of {facts.model(name).label} cannot be run: sample set 0, 1: 3 words, 20 are needed."
        for name in NAMES
    } <= set(section["bullets"])


def test_what_scores_rest_on_has_a_section_with_the_learning_curve(facts, tables, repository):
    content = report_content(tables, facts, read_captions(repository / "report"))
    (section,) = (part for part in content["sections"] if part["title"] == "What the scores rest on")
    assert section["bullets"] == cautions(tables, facts)
    assert [figure["stem"] for figure in section["figures"]] == ["learning"]


def test_learning_curves_are_those_of_the_best_layers(facts, tables):
    figure = learning_figure(tables.learning, tables.peaks, facts, ["cca-phone", "mi-phone"])
    best = tables.peaks.set_index(["analysis", "model"]).loc[("cca-phone", NAMES[0]), "layer"]
    rows = tables.learning[
        (tables.learning["model"] == NAMES[0])
        & (tables.learning["analysis"] == "cca-phone")
        & (tables.learning["layer"] == best)
    ]
    line = figure.axes[0].lines[0]
    assert to_hex(line.get_color()) == looks(facts)[NAMES[0]].colour.lower()
    np.testing.assert_allclose(np.asarray(line.get_xdata()), rows["n_train"])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), rows["score"])
    assert figure.axes[1].texts[0].get_text() == "no learning curve"


def test_markers_are_filled_in_the_tie_set_alone(facts, tables):
    axis = layer_figure(tables.layer_summary, facts, ["cca-phone"]).axes[0]
    mine = tables.layer_summary[
        (tables.layer_summary["model"] == NAMES[0]) & (tables.layer_summary["analysis"] == "cca-phone")
    ]
    colour = looks(facts)[NAMES[0]].colour
    own = [line for line in axis.lines if line.get_color() == colour and line.get_linestyle() != "--"]
    curve, filled = own
    assert curve.get_markerfacecolor() == "white" and filled.get_markerfacecolor() == colour
    assert np.asarray(filled.get_xdata()).tolist() == mine.loc[mine["tie"] == "yes", "layer_index"].tolist()
    twin = [
        line for line in axis.lines if line.get_linestyle() == "--" and len(np.asarray(line.get_xdata())) > 1
    ]
    assert {line.get_marker() for line in twin} == {""}


def test_tie_sets_are_marked_in_latex_and_traits_have_their_table(facts, tables):
    table = layers_table(tables, facts, "cca-phone")
    column = table.header.index(NAMES[0])
    peak = tables.peaks.set_index(["analysis", "model"]).loc[("cca-phone", NAMES[0])]
    marks = {row[0].text: row[column].mark for row in table.rows}
    assert [layer for layer, mark in marks.items() if mark] == peak["tie"].split(" ")
    assert [layer for layer, mark in marks.items() if mark == "best"] == [peak["layer"]]
    assert to_latex(table, "tab:x").count(r"\textbf{") == sum(
        cell.mark == "best" for row in table.rows for cell in row
    )
    row = next(row for row in traits_table(tables, facts).rows if row[:2] == ("cca-phone", NAMES[0]))
    assert row[2] == peak["layer"] and row[7:11] == ("0.95", "30.0", "0.10", f"{peak['score'] - 0.1:.2f}")
