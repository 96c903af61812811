"""Small tables for the report of Snakemake, and the question that each figure and table belongs to."""

import re

import pandas as pd
import pytest
import report_tables as synthetic

from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.options.style import StyleOptions
from layerwise.report.captions import fitting
from layerwise.report.document import read_captions
from layerwise.report.figures.looks import crowded, kept_models
from layerwise.report.names import OF_MANY, caption_name, figure_names, latex_names
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


def test_captions_describe_the_form_that_figures_have(repository):
    captions = read_captions(repository / "report")
    few, crowd = (fitting(captions, many=many) for many in (False, True))
    assert set(few) == set(crowd) and not any(name.endswith("-many") for name in few)
    for name in OF_MANY:
        assert few[name] == captions[name] and crowd[name] == captions[f"{name}-many"] != captions[name]
    assert {name for name in few if few[name] != crowd[name]} == set(OF_MANY)
    assert not [name for name, text in few.items() if re.search("heat map|(are|is) many|each family", text)]
    for name in ("layers", "tasks", "weights"):
        assert not re.search("curve|line|marker|panel is called", crowd[name])


def test_names_of_captions():
    assert caption_name("layers") == "layers" and caption_name("layers", many=True) == "layers-many"
    assert caption_name("cca-mel", ["cca-mel"]) == "layer"
    assert caption_name("cca-mel", ["cca-mel"], many=True) == "layer-many"
    assert caption_name("layers", ["cca-mel"], many=True) == "layer-many"  # curves, split by family
    assert caption_name("layers", ["cca-mel", "cca-phone"], many=True) == "layers-many"
    assert caption_name("inter-a-vs-b", many=True) == "inter" and caption_name("measure-abx") == "measure"
    assert caption_name("measures-vs-measures") == "measures-vs-measures"


def test_a_run_is_crowded_by_the_trained_models_that_it_shows():
    facts = synthetic.run_facts(tuple(f"m{number}" for number in range(10)))
    few = StyleOptions(models=("m1", "m2"))
    assert crowded(facts, StyleOptions()) and not crowded(facts, few)
    assert {model.name for model in kept_models(facts, few)} == {"m1", "m2", "random-m1", "random-m2"}
    assert not crowded(synthetic.run_facts(tuple(f"m{number}" for number in range(8))), StyleOptions())
