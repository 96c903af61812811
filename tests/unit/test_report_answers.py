"""Page one answers four questions; each number in it is one of the tables."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import report_tables as synthetic

from layerwise.report.answers import answers, choice_of_layer, evolution, objective, scope, single_layer
from layerwise.report.figures.answers import answers_figure
from layerwise.report.typeset import number, with_limits
from layerwise.report.words import ALL, SINGLE, TIE

NAMES = ("hubert-tiny", "wav2vec2-tiny", "whisper-tiny-en")


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(NAMES)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"))


def emptied(tables, *names):
    return replace(tables, **{name: getattr(tables, name).head(0) for name in names})


def test_every_score_of_the_first_answer_is_a_row_of_the_summary(tables, facts):
    told = " ".join(evolution(tables, facts).evidence)
    found = re.findall(r"([\w.-]+) (T\d+(?:\+ln)?) (\d\.\d\d \[\d\.\d\d, \d\.\d\d\])", told)
    assert {model for model, _, _ in found} == set(NAMES) and len(found) == 6
    for place, (model, layer, text) in enumerate(found):
        summary = tables.layer_summary.set_index(["model", "layer", "analysis"])
        row = summary.loc[(model, layer, "cca-phone" if place < 3 else "cca-word")]
        assert text == with_limits(row, "score")


def test_flat_and_undecided_curves_are_called_that(tables, facts):
    shapes = tables.peaks.assign(shape="contradiction")
    shapes.loc[shapes["model"] == "hubert-tiny", "shape"] = "flat"
    verdict = evolution(replace(tables, peaks=shapes), facts).verdict
    assert "hubert-tiny flat over" in verdict and "wav2vec2-tiny cannot tell (contradiction)" in verdict


def test_many_models_are_counted_by_shape(tables):
    names = tuple(f"m{n}" for n in range(5))
    facts = synthetic.run_facts(names, twins=False, baseline=False)
    peaks = pd.DataFrame(
        [
            {"model": name, "analysis": "cca-phone", "layer": "T1", "tie": "T1", "n_tie": 1, "score": n / 10,
             "shape": "peak" if n else "flat"}
            for n, name in enumerate(names)
        ]
    )  # fmt: skip
    summary = pd.DataFrame(
        [
            {"model": name, "layer": "T1", "layer_index": 1.0, "analysis": "cca-phone", "score": n / 10,
             "low": n / 10, "high": n / 10, "n_units": 0, "n": 7}
            for n, name in enumerate(names)
        ]
    )  # fmt: skip
    answer = evolution(replace(tables, peaks=peaks, layer_summary=summary), facts)
    assert answer.verdict == "CCA-phone: flat in 1; peak in 4 of 5 models."
    assert "from m0 T1 0.00" in answer.evidence[0] and "to m4 T1 0.40" in answer.evidence[0]
    assert "n = 7 trials" in answer.evidence[0]


@pytest.mark.parametrize(
    ("p", "low", "high", "start"),
    [(0.01, 0.1, 0.3, "Yes"), (0.9, -0.3, 0.3, "Cannot tell"), (0.9, -0.001, 0.001, "No:")],
)
def test_the_objective_is_answered_by_intervals_and_holm(tables, facts, p, low, high, start):
    planted = tables.curve_contrasts.assign(p_holm=p, low=low, high=high, difference=(low + high) / 2)
    answer = objective(replace(tables, curve_contrasts=planted), facts)
    assert answer.verdict.startswith(start)
    if p < 0.05:
        assert "0.20 [0.10, 0.30]" in answer.evidence[0]


def test_clear_losses_of_the_peak_are_counted(tables, facts):
    none = replace(tables, choice=tables.choice.assign(low=-1.0))
    assert choice_of_layer(none, facts).verdict.startswith("No clear loss by its peak in 6 cases")
    lost = tables.choice["low"].where(tables.choice["strategy"] != "cca-word", 0.001)
    lost = lost.where(tables.choice["strategy"] == "cca-word", -1.0)
    answer = choice_of_layer(replace(tables, choice=tables.choice.assign(low=lost)), facts)
    assert answer.verdict == "Not always: its peak loses clearly in 3 of 6 cases."
    assert "curve's peak 3, best on dev 0, last block 0" in answer.evidence[0]


def test_verdicts_of_single_layers_are_counted_with_the_sign_of_the_metric(tables, facts):
    rows = tables.single_weighted[tables.single_weighted["model"].isin(NAMES)].copy()
    deciding = rows.index[rows["metric"] == [facts.task(task).metric.name for task in rows["task"]]]
    rows.loc[deciding, "verdict"] = TIE
    rows.loc[deciding[0], "verdict"], rows.loc[deciding[1], "verdict"] = SINGLE, ALL
    answer = single_layer(replace(tables, single_weighted=rows), facts)
    assert (
        answer.verdict
        == f"Better in 1, worse in 1, tie in {len(deciding) - 2} of {len(deciding)} cases (model and task)."
    )
    gains = [facts.task(row.task).metric.sign * row.difference for row in rows.loc[deciding].itertuples()]
    assert f"worst {number(min(gains), 3)} [" in answer.evidence[0]
    assert f"best {number(max(gains), 3)} [" in answer.evidence[0]


def test_what_was_not_asked_is_said_and_has_no_link(tables, facts):
    bare = emptied(tables, "curve_contrasts", "choice", "single_weighted", "downstream_summary", "peaks")
    told = answers(bare, facts)
    assert [answer.verdict.startswith("Not asked") for answer in told] == [True] * 4
    assert not any(answer.section for answer in told)
    assert answers_figure(bare, facts).axes


def test_scope_names_one_speaker_and_the_precision(tables, facts):
    lines = scope(tables, facts)
    assert len(lines) == 3 and "nothing on how speakers differ" in " ".join(lines)
    mine = tables.layer_summary[tables.layer_summary["analysis"] == "cca-word"]
    assert f"{number(float(((mine['high'] - mine['low']) / 2).median()), 3)} (CCA-word)" in lines[0]


def test_the_four_panels_draw_what_the_tables_hold(tables, facts):
    figure = answers_figure(tables, facts)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title[0] for title in titles] == list("abcd") and titles[0].endswith("CCA-phone")
    forest = figure.axes[3]
    drawn = sorted(
        float(np.asarray(line.get_xdata())[0]) for line in forest.lines if line.get_marker() in ("o", "D")
    )
    rows = tables.single_weighted[tables.single_weighted["model"].isin(NAMES)]
    rows = rows[rows["metric"] == [facts.task(task).metric.name for task in rows["task"]]]
    signs = [facts.task(task).metric.sign for task in rows["task"]]
    assert drawn == pytest.approx(sorted(signs * rows["difference"]))


def test_above_eight_models_a_heat_map_and_counts_take_the_place_of_curves(tmp_path_factory):
    facts = synthetic.run_facts(tuple(f"m{n}" for n in range(9)), twins=False, baseline=False)
    tables = synthetic.gathered(facts, tmp_path_factory.mktemp("nine"))
    figure = answers_figure(tables, facts)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        *(f"m{n}" for n in range(0, 9, 2)),
        *(f"m{n}" for n in range(1, 9, 2)),  # the other objective
    ]
    assert not figure.axes[0].lines and figure.axes[3].patches
