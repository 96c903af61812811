"""What one answer for all utterances reaches in a task, in its table and in its figure."""

from dataclasses import replace

import pandas as pd
import pytest
import report_tables as synthetic

from layerwise import contracts
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.options.style import StyleOptions
from layerwise.report.details import chance, label_tables
from layerwise.report.facts import TaskFacts
from layerwise.report.figures.style import GREY, Style
from layerwise.report.figures.tasks import CHANCE, task_figure
from layerwise.report.names import COLUMN
from layerwise.specs.metrics import ACCURACY, F1, Metric
from layerwise.specs.tasks import TASKS

ERRORS = Metric("errors", "Errors", lower_is_better=True)
# Slots alone are most often "on" (3 of 5) and "hall" (3 of 5), which never go together twice.
REFERENCES = ("on lamp", "on hall", "off hall", "on lamp", "up hall")


@pytest.fixture(scope="module")
def facts():
    return synthetic.run_facts(("hubert-tiny", "wav2vec2-tiny"))


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("chance"), ("cca-mel",))


def decodes(task, references, model="hubert-tiny"):
    """Two layers of two trainings, each of which sees every test utterance."""
    rows = [
        (model, task, layer, seed, f"utt{number}", reference, "on lamp")
        for layer in ("T0", "all")
        for seed in (1, 2)
        for number, reference in enumerate(references)
    ]
    return pd.DataFrame(rows, columns=["model", "task", "layer", "seed", "utt_id", "reference", "predicted"])


def test_the_most_frequent_reference_counts_as_a_whole_and_each_utterance_once():
    task = TaskFacts("ic", "IC", ACCURACY, chance="majority")
    assert chance(decodes("ic", REFERENCES), task) == ("accuracy", "on lamp", 5, 0.4)
    wrong = replace(task, metric=ERRORS)
    assert chance(decodes("ic", REFERENCES), wrong) == ("errors", "on lamp", 5, 0.6)


def test_of_equally_frequent_references_the_first_by_name_is_taken():
    task = TaskFacts("ic", "IC", ACCURACY, chance="majority")
    assert chance(decodes("ic", ("b", "a", "b", "a", "c")), task) == ("accuracy", "a", 5, 0.4)


def test_a_task_gives_a_number_or_has_none():
    given = TaskFacts("own", "Own", F1, chance=0.25)
    assert chance(decodes("own", REFERENCES), given) == ("f1", "", 5, 0.25)
    assert chance(decodes("pr", REFERENCES), TaskFacts("pr", "PR", ERRORS)) is None


def test_tasks_of_the_package_have_a_level_if_an_utterance_is_right_as_a_whole():
    assert {spec.name: spec.chance for spec in TASKS if spec.metric != ACCURACY} == {"pr": None, "asr": None}
    assert {spec.chance for spec in TASKS if spec.metric == ACCURACY} == {"majority"}


def test_the_table_keeps_its_contract_and_has_tasks_of_any_number_of_labels(facts, tables, tmp_path):
    many = [f"class{number}" for number in range(150)] + ["class7"] * 50
    frames = [
        decodes("scenario", many),
        decodes("scenario", REFERENCES, "wav2vec2-tiny"),
        decodes("pr", REFERENCES),
    ]
    paths = synthetic.write(
        pd.concat(frames, ignore_index=True), tmp_path, names=("model", "task"), ending="decodes.csv"
    )
    *_, found = label_tables(paths, tables.single_weighted, facts)
    assert found.to_numpy().tolist() == [
        ["hubert-tiny", "scenario", "accuracy", "class7", 200, 51 / 200],
        ["wav2vec2-tiny", "scenario", "accuracy", "on lamp", 5, 0.4],
    ]
    contracts.write(RUN_TABLES["chance"], found, tmp_path / "chance.csv")
    assert contracts.read(RUN_TABLES["chance"], tmp_path / "chance.csv").equals(found)


def levels(axis):
    """Heights of the chance lines of a panel."""
    return [
        line.get_ydata()[0]
        for line in axis.lines
        if line.get_color() == GREY and list(line.get_xdata()) == [0, 1]
    ]


@pytest.mark.parametrize("form", [COLUMN, "page"])
def test_the_line_is_where_the_table_says_and_tasks_without_say_so(facts, tables, form):
    known = pd.DataFrame(
        [("hubert-tiny", "scenario", "accuracy", "on", 40, 0.125)], columns=tables.chance.columns
    )
    figure = task_figure(tables.downstream_summary, facts, Style(form), known)
    drawn = {axis.get_title(loc="left"): levels(axis) for axis in figure.axes}
    assert drawn == {"Scenario classification": [0.125], "Phone recognition": []}
    told = " ".join(" ".join(text.get_text() for text in figure.legends[0].get_texts()).split())
    assert CHANCE in told and "no chance level: PER" in told
    (panel,) = (axis for axis in figure.axes if levels(axis))
    assert panel.get_ylim()[0] < 0.125 < panel.get_ylim()[1]


def test_titles_of_heat_maps_give_the_level(facts, tables):
    known = pd.DataFrame(
        [("hubert-tiny", "scenario", "accuracy", "on", 40, 0.125)], columns=tables.chance.columns
    )
    crowded = Style(options=StyleOptions(most_curves=1))
    figure = task_figure(tables.downstream_summary, facts, crowded, known)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title for title in titles if "chance" in title] == [
        "Scenario classification, Accuracy, chance 0.12"
    ]
