"""Reports of whole made-up runs: few and many models, and runs that lack something."""

import pypdfium2
import pytest

from benchmarks.madeup import made_up
from benchmarks.madeup_facts import Shape
from layerwise.errors import ReportError
from layerwise.report.cost import cost_of
from layerwise.report.document import read_captions, report_content, write_pdf
from layerwise.report.figures.scatter import layer_pairs
from layerwise.report.figures.style import panels, save_figure

SMALL = Shape(models=2, layers=4, convs=1, units=12, permutations=8, utterances=12, seeds=1, trials=2)
LACKING = {
    "tasks": (Shape(models=1, layers=4, tasks=(), units=12, utterances=12), "Not asked: no task was trained"),
    "words": (
        Shape(models=1, layers=4, analyses=("cca-mel", "cca-phone"), measures=(), tasks=("pr",), units=12),
        "CCA-phone",
    ),
    "layers": (
        Shape(models=1, layers=1, convs=0, tasks=("pr",), measures=(), units=12, pairs=0),
        "no task was trained on single layers and on their sum",
    ),
    "utterances": (
        Shape(models=1, layers=4, tasks=("pr",), excluded=("cca-word",), units=12, pairs=0),
        "no utterance is left",
    ),
    "everything": (
        Shape(models=1, layers=3, analyses=(), measures=(), tasks=(), pairs=0),
        "Not asked: no analysis of a trained model was run",
    ),
}


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    from layerwise.report.figures.style import Style

    figure = panels(3.4, 1, 1, 1, 1)[0]
    return save_figure(figure, tmp_path_factory.mktemp("figures") / "figure", Style(png_dpi=30))[0]


def pages(content, picture, repository, folder):
    write_pdf(
        content,
        repository / "report/template.typ",
        dict.fromkeys([*content["figures"], *(it["stem"] for it in content["gallery"])], picture),
        folder / "r.pdf",
    )
    with pypdfium2.PdfDocument(folder / "r.pdf") as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


@pytest.mark.parametrize("lacking", LACKING)
def test_a_run_that_lacks_something_has_a_report_that_says_so(lacking, picture, repository, tmp_path):
    shape, said = LACKING[lacking]
    tables, facts = made_up(shape, tmp_path / "run")
    content = report_content(tables, facts, read_captions(repository / "report"))
    text = " ".join(" ".join(pages(content, picture, repository, tmp_path)).split())
    assert said in text


def test_one_layer_is_no_layer_to_compare(tmp_path):
    tables, facts = made_up(LACKING["layers"][0], tmp_path / "run")
    assert layer_pairs(tables, facts, "cca-intra", facts.task("pr")).empty
    assert set(layer_pairs(tables, facts, "cca-phone", facts.task("pr"))["layer"]) == {"T0"}


def test_many_models_are_counted_and_few_told(picture, repository, tmp_path):
    shape = Shape(
        models=9, layers=4, convs=1, units=12, permutations=8, utterances=12, seeds=1, trials=2, tasks=("pr",)
    )
    tables, facts = made_up(shape, tmp_path / "run")
    content = report_content(tables, facts, read_captions(repository / "report"))
    curves = next(part for part in content["sections"] if part["anchor"] == "curves")
    peaks = tables.peaks[tables.peaks["analysis"] == "cca-phone"]
    shapes = peaks.loc[peaks["model"].isin([model.name for model in facts.of_kind("trained")]), "shape"]
    (line,) = (text for text in curves["bullets"] if text.startswith("CCA-phone, shapes"))
    for shape_name, number in shapes.value_counts().items():
        assert f"{shape_name} in {number}" in line
    (table,) = curves["tables"]
    assert [row[0] for row in table["rows"]] == [model.name for model in facts.models]
    assert len(pages(content, picture, repository, tmp_path)) <= 14


def test_cells_of_the_matrices_are_those_of_the_tables(repository, tmp_path):
    tables, facts = made_up(SMALL, tmp_path / "run")
    content = report_content(tables, facts, read_captions(repository / "report"))
    (choice,) = (table for table in content["appendix"] if table["caption"].startswith("Regret"))
    assert choice["header"][0] == "Model" and len(choice["header"]) == 2 + len(tables.tasks)
    model = ""
    for first, chosen, *cells in choice["rows"]:
        model = first or model
        if chosen != "last block":
            continue
        for title, cell in zip(choice["header"][2:], cells, strict=True):
            task = next(task for task in facts.tasks if task.title == title)
            row = tables.choice[
                (tables.choice["model"] == model)
                & (tables.choice["task"] == task.name)
                & (tables.choice["metric"] == task.metric.name)
                & (tables.choice["strategy"] == "last")
            ].iloc[0]
            assert cell.startswith(f"{row['layer']} {row['regret']:.3f}".replace("-", "\N{MINUS SIGN}"))


def test_cost_is_summed_by_stage(tmp_path):
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, row in {
        "cca/a/x.tsv": "10\t0\t100\t0\t0\t0\t0\t0\t0\t8",
        "cca/b/x.tsv": "5\t0\t300\t0\t0\t0\t0\t0\t0\t4",
        "align.tsv": "2\t0\t50\t0\t0\t0\t0\t0\t0\t-",
        "report.tsv": "2\t0\t50\t0\t0\t0\t0\t0\t0\t1",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + row + "\n")
    made = cost_of(tmp_path).set_index("stage")
    assert list(made.index) == ["align", "cca"]
    assert list(made.loc["cca"]) == [2, 15, 12, 300]
    assert made["cpu"].tolist() == [0, 12]
    assert cost_of(tmp_path / "none").empty
    (tmp_path / "tables.tsv").write_text("nothing\n")
    with pytest.raises(ReportError, match=r"tables\.tsv"):
        cost_of(tmp_path)
