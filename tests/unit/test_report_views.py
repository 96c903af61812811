"""Small tables for the report of Snakemake, and the question that each figure and table belongs to."""

import pandas as pd
import pytest
import report_tables as synthetic

from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.report.names import figure_names, latex_names
from layerwise.report.questions import CHOICE, DATA, EVOLUTION, MEASURES, OBJECTIVE, TASKS, question_of
from layerwise.report.views import curves, layers


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return synthetic.gathered(synthetic.run_facts(), tmp_path_factory.mktemp("views"))


def test_curves_are_the_summary_cut(tables):
    parts = dict(curves(tables))
    assert all(len(part) for part in parts.values())
    for path, part in parts.items():
        assert set(zip(part["model"], part["analysis"], strict=True)) == {(path.parent.name, path.stem)}
    whole = pd.concat(parts.values()).sort_index()
    pd.testing.assert_frame_equal(whole, tables.layer_summary)


def test_a_layer_has_each_of_its_values_once(tables):
    parts = dict(layers(tables))
    summary, tasks = tables.layer_summary, tables.downstream_summary
    assert sum(map(len, parts.values())) == len(summary) + len(tables.measures) + len(tasks)
    row = tasks.iloc[0]
    own = parts[
        next(path for path in parts if path.parent.name == row.model and path.name == f"{row.layer}.csv")
    ]
    found = own[(own["kind"] == "task") & (own["name"] == row.task) & (own["metric"] == row.metric)]
    assert found["value"].tolist() == [row.value] and found["low"].tolist() == [row.low]


@pytest.mark.parametrize(("analyses", "tasks"), [((), None), (None, {})])
def test_runs_without_analyses_or_tasks(analyses, tasks, tmp_path):
    given = {"analyses": analyses, "tasks": tasks}
    tables = synthetic.gathered(
        synthetic.run_facts(), tmp_path, **{name: value for name, value in given.items() if value is not None}
    )
    assert bool(list(curves(tables))) == (analyses is None)
    kinds = set(pd.concat([part for _, part in layers(tables)])["kind"])
    assert kinds == ({"task"} if tasks is None else {"analysis"})


def test_names_belong_to_their_question():
    analyses, tasks = ["cca-mel", "cca-phone"], ["pr", "asr"]
    where = {
        name: question_of(name.rpartition("/")[2].removesuffix(".tabular"), analyses, tasks)
        for name in (
            *figure_names(analyses, tasks, [("a", "b")], ["abx"]),
            *latex_names(analyses, tasks, [("a", "b")]),
            *RUN_TABLES,
        )
    }
    assert where["cca-mel"] == where["page/cca-mel-layers"] == where["inter-a-vs-b"] == EVOLUTION
    assert where["column/pr.tabular"] == where["single_weighted"] == TASKS
    assert where["measure-abx"] == MEASURES and where["curve_contrasts"] == OBJECTIVE
    assert where["choice"] == where["column/choice"] == CHOICE
    rest = {name for name, question in where.items() if question == DATA}
    assert rest <= {"corpus", "alignment-quality", "omissions", "exclusions", "warnings", "utterances"} | {
        "segments",
        "splits",
        "regularisers",
    }
