"""The report's one direction of data: files -> tables and facts -> figures and document, nothing else."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields, replace

import pandas as pd
import pytest
import report_tables as synthetic
import zarr

from layerwise.contracts.run_tables import RUN_TABLES, columns
from layerwise.contracts.scores import INTER
from layerwise.errors import ReportError, StoreError
from layerwise.features.choice import Stored, write_stored
from layerwise.features.store import StoredLayer, StoreHeader
from layerwise.files import sha256_file
from layerwise.report.corpora import corpus_cautions, corpus_text, splits_table
from layerwise.report.document import read_captions, report_content, write_html, write_pdf
from layerwise.report.facts import CorpusFacts, read_facts, write_facts
from layerwise.report.figures.all import make_figures
from layerwise.report.figures.corpus import corpus_figure
from layerwise.report.figures.style import Style, save_figure
from layerwise.report.figures.tasks import weight_figure
from layerwise.report.methods import method_text
from layerwise.report.names import FACTS_NAME, figure_names
from layerwise.report.run_facts import run_facts
from layerwise.report.run_tables import RunTables, read_tables, write_tables

NAMES = ("NA", "012", "org/wav2vec2_tiny")  # names that a reader of CSV may take for something else


@pytest.fixture(scope="module")
def facts():
    return replace(synthetic.run_facts(NAMES), seed=3)


@pytest.fixture(scope="module")
def tables(facts, tmp_path_factory):
    return synthetic.gathered(facts, tmp_path_factory.mktemp("run"))


@pytest.fixture
def written(facts, tables, tmp_path):
    write_tables(tables, tmp_path / "tables")
    write_facts(facts, tmp_path / "tables" / FACTS_NAME)
    return tmp_path / "tables"


def test_written_tables_are_read_to_the_last_bit(tables, tmp_path):
    lost = pd.DataFrame([("task pr", "0012", "NA")], columns=["stage", "item", "reason"])
    made = replace(tables, exclusions=lost)
    write_tables(made, tmp_path)
    read = read_tables(tmp_path)
    for name in RUN_TABLES:
        pd.testing.assert_frame_equal(
            getattr(read, name), getattr(made, name), check_dtype=False, check_exact=True
        )
    assert set(read.layer_summary["model"]) >= set(NAMES)


def test_each_table_has_a_contract():
    assert [entry.name for entry in fields(RunTables)] == list(RUN_TABLES)
    assert columns("inter_scores") == list(INTER.required)


def test_facts_are_read_as_they_were_written_in_their_order(facts, tmp_path):
    facts = replace(facts, versions={"layerwise": "1", "a": "2"}, digests={"z": "0", "b": "1"})
    write_facts(facts, tmp_path / "facts.json")
    read = read_facts(tmp_path / "facts.json")
    assert read == facts
    assert list(read.versions) == ["layerwise", "a"] and list(read.digests) == ["z", "b"]


@pytest.mark.parametrize("spoil", [lambda text: text[:-9], lambda text: text.replace("lower_is", "upper_is")])
def test_spoilt_or_missing_facts_and_tables_are_named(written, spoil):
    path = written / FACTS_NAME
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ReportError, match=r"facts\.json: not the facts of a run .*make the tables again"):
        read_facts(path)
    path.unlink()
    with pytest.raises(ReportError, match=r"facts\.json: cannot read"):
        read_facts(path)
    table = written / "weights.csv"
    pd.read_csv(table).drop(columns="weight").to_csv(table, index=False)
    with pytest.raises(ReportError, match=r"weights\.csv: column weight is missing"):
        read_tables(written)
    table.unlink()
    with pytest.raises(
        ReportError, match=r"weights\.csv: cannot read it: no such file; run the rule `tables`"
    ):
        read_tables(written)


def test_tables_are_enough_for_figures_and_report(facts, tables, written, repository, tmp_path):
    """A folder with nothing but the tables, in another place, gives the same figures and the same words."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(written, elsewhere / "only")
    read, known = read_tables(elsewhere / "only"), read_facts(elsewhere / "only" / FACTS_NAME)
    drawn = make_figures(read, known)
    assert sorted(drawn) == sorted(figure_names(synthetic.ANALYSES, list(synthetic.TASKS)))
    made = {
        "corpus": corpus_figure(tables.utterances, tables.segments),
        "weights": weight_figure(tables.weights, facts),
    }
    for stem, figure in made.items():
        save_figure(figure, tmp_path / "made" / stem, Style(png_dpi=30))
        save_figure(drawn[stem], tmp_path / "read" / stem, Style(png_dpi=30))
        for name in (f"{stem}.pdf", f"{stem}.png"):
            assert (tmp_path / "read" / name).read_bytes() == (tmp_path / "made" / name).read_bytes()
    captions = read_captions(repository / "report")
    content = report_content(read, known, captions)
    assert content == report_content(tables, facts, captions)
    figures = {
        suffix: dict.fromkeys([*drawn, "alignment"], tmp_path / "read" / f"corpus.{suffix}")
        for suffix in ("pdf", "png")
    }
    write_pdf(content, repository / "report/template.typ", figures["pdf"], elsewhere / "report.pdf")
    write_html(content, repository / "report/report.html.j2", figures["png"], elsewhere / "report.html")
    assert "CCA-intra of NA is lowest among block layers at" in (elsewhere / "report.html").read_text()


def test_corpora_of_tasks_are_described_counted_and_warned_of(facts, tables):
    splits = pd.DataFrame(
        [
            *(("", split, 100, 1, 3600.0, 0, 100, None, "") for split in ("train", "dev", "test")),
            ("fsc", "train", 23_000, 77, 51_984.0, 2, 23_132, 23_132, ""),
            ("fsc", "dev", 3_118, 10, 7_200.0, 0, 3_118, 3_118, ""),
            ("fsc", "test", 793, 10, 1_800.0, 2, 793, 3_793, "lists 793 utterances"),
        ],
        columns=columns("splits"),
    ).astype({"listed": "float64", "published": "float64"})
    commands = CorpusFacts("fsc", 26_911, 95, 60_984.0, {"dev": 3_118, "test": 793}, "Commands.")
    facts = replace(facts, corpora=(commands,), live={"pr": [facts.models[0].name]})
    tables = replace(tables, splits=splits)
    first, second, live, *_ = corpus_text(tables, facts)
    assert first.startswith("prompts: 559 utterances")
    assert second.startswith("For tasks, fsc: 26911 utterances, 1016.4 minutes, 95 speakers")
    assert live.startswith(f"Features for pr were not stored: {facts.models[0].label} encoded")
    assert corpus_cautions(tables, facts) == ["fsc, test: lists 793 utterances."]
    (table,) = splits_table(tables, facts)
    assert table.rows[3:] == (
        ("fsc", "train", "23000", "23132", "77", "14.44"),
        ("fsc", "dev", "3118", "3118", "10", "2.00"),
        ("fsc", "test", "793", "3793", "10", "0.50"),
    )
    assert table.rows[0] == ("prompts", "train", "100", "\N{EN DASH}", "1", "1.00")
    assert splits_table(tables, replace(facts, corpora=())) == []


@pytest.mark.parametrize(("analyses", "tasks"), [((), ()), (("cca-phone",), ()), ((), ("pr",))])
def test_what_did_not_run_is_neither_drawn_nor_described(facts, tmp_path, analyses, tasks):
    known = {name: goal for name, goal in synthetic.TASKS.items() if name in tasks}
    partial = synthetic.gathered(facts, tmp_path, analyses=analyses, tasks=known)
    drawn = make_figures(partial, facts)
    assert sorted(drawn) == sorted(figure_names(analyses, tasks))
    words = " ".join(text.text for text in method_text(partial, facts))
    assert ("Projection-weighted" in words) == bool(analyses)
    assert ("weighted sum" in words) == bool(tasks)


def test_a_run_that_lost_nothing_says_so(facts, tables):
    whole = replace(tables, exclusions=tables.exclusions.iloc[:0])
    assert corpus_text(whole, facts)[1] == "Nothing was excluded."
    one = replace(tables, exclusions=tables.exclusions.iloc[:1])
    assert corpus_text(one, facts)[1].startswith("1 exclusion was made")


def test_an_analysis_with_its_own_measure_is_described_by_its_spec(facts, tables):
    changed = tuple(
        replace(
            analysis, measure="ABX error", method="with minimal pairs", higher_is_better=False, title="ABX"
        )
        if analysis.name == "cca-word"
        else analysis
        for analysis in facts.analyses
    )
    texts = [text.text for text in method_text(tables, replace(facts, analyses=changed))]
    assert "ABX: with minimal pairs. Its score is ABX error; lower is better." in texts
    assert "with one-hot word labels" not in texts[1] and "with one-hot phone labels" in texts[1]


VALUES = {
    "run": "demo",
    "protocol": "corrected",
    "seed": 1,
    "corpus": "prompts.tsv",
    "description": "Prompts.",
    "aligner": "pocketsphinx",
    "samples": 3,
    "trials": 2,
    "smallest_effect": 0.05,
    "measures": [],
    "corpora": [{"name": "fsc", "description": "Commands."}],
    "features": [
        {"task": "ic", "corpus": "fsc", "pooled": True, "asked": "auto"},
        {"task": "pr", "corpus": "", "pooled": False, "asked": "auto"},
        {"task": "scenario", "corpus": "", "pooled": True, "asked": "auto"},
        {"task": "asr", "corpus": "", "pooled": False, "asked": "live"},
    ],
    "models": [
        {
            "name": name,
            "source": source,
            "objective": goal,
            "supervision": how,
            "twin": twin,
            "recipe": recipe,
        }
        for name, source, goal, how, twin, recipe in (
            ("hubert", "h", "clusters", "self", True, "r"),
            ("whisper", "w", "text", "weak", False, ""),
            ("twin", "random:h", "", "none", False, ""),
            ("logmel", "logmel", "", "none", False, ""),
        )
    ],
    "analyses": synthetic.ANALYSIS_VALUES,
    "tasks": synthetic.TASK_VALUES,
}


def store(folder, name, parameters):
    layer = StoredLayer("T0", 2, "1/50", "1/100", "input")
    header = StoreHeader(name, name, None, "float32", (layer,), (), (), {"parameters": parameters})
    zarr.open_group(folder / f"{name}.zarr", mode="w", attributes=header.to_attributes())
    return folder / f"{name}.zarr"


def test_facts_come_from_values_and_files(tmp_path):
    files = synthetic.corpus_files(tmp_path, utterances=20)
    counts = {"hubert": 7, "whisper": 9, "twin": 7, "logmel": 0}
    stores = [store(tmp_path, name, number) for name, number in counts.items()]
    values = json.loads(json.dumps(VALUES))  # plain values, as they come through a rule
    artifacts = [files["quality"], files["manifest"]]
    commands = synthetic.corpus_files(tmp_path / "corpora/fsc", utterances=10)["manifest"]
    of_corpora = {"corpora/fsc": {"hubert": True, "whisper": False, "twin": True}, ".": {"hubert": False}}
    stored = []
    for folder, means in of_corpora.items():
        for name, kept in means.items():
            stored.append(tmp_path / folder / f"features/{name}.stored.json")
            stored[-1].parent.mkdir(exist_ok=True, parents=True)
            write_stored(Stored(folder == "." and name == "hubert", kept, {}), stored[-1])
    facts = run_facts(values, files["manifest"], stores[::-1], artifacts, [commands], stored)
    assert facts.corpora == (replace(facts.corpora[0], name="fsc", utterances=10, description="Commands."),)
    others = ["whisper", "twin", "logmel"]
    assert facts.live == {
        "ic": ["whisper", "logmel"],
        "pr": others,
        "scenario": ["hubert", *others],
        "asr": ["hubert", *others],
    }
    assert facts.smallest_effect == 0.05 and [m.recipe for m in facts.models] == ["r", "", "", ""]
    assert [(m.kind, m.supervision, m.twin_of, m.parameters) for m in facts.models] == [
        ("trained", "self-supervised", None, 7),
        ("trained", "weakly supervised", None, 9),
        ("random", "none", "hubert", 7),
        ("baseline", "none", None, None),
    ]
    manifest = pd.read_parquet(files["manifest"])
    seconds = float((manifest["samples"] / 16000).sum())
    splits = {"dev": 2, "test": 2, "train": 16}
    assert facts.corpus == CorpusFacts("prompts.tsv", 20, 1, seconds, splits, "Prompts.")
    assert list(facts.digests.items()) == [(path.as_posix(), sha256_file(path)) for path in artifacts]
    assert next(iter(facts.versions)) == "layerwise" and list(facts.versions)[-1] == "python"
    assert facts.task("pr").metric.lower_is_better and facts.analysis("cca-intra").reference == "T0"
    assert facts.analyses == synthetic.run_facts().analyses and facts.tasks == synthetic.run_facts().tasks

    with pytest.raises(ReportError, match="model 'twin' has no feature store"):
        run_facts(values, files["manifest"], stores[:2], artifacts)
    (stores[0] / "zarr.json").unlink()
    with pytest.raises(StoreError, match=r"hubert\.zarr: missing or not a feature store"):
        run_facts(values, files["manifest"], stores, artifacts)


HEAVY = ("torch", "sklearn", "transformers", "layerwise.specs.registry", "layerwise.specs.analyses")
IMPORTS = """
import ast, sys
source = open(sys.argv[1], encoding="utf-8").read()
imports = [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))]
exec(compile(ast.Module(imports, []), sys.argv[1], "exec"))
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("script", "forbidden"),
    [
        ("tables", ("matplotlib", "seaborn", "typst", "jinja2", "layerwise.report.document")),
        ("figures", ("jinja2", "layerwise.report.gather", "layerwise.corpus", "zarr")),
        ("report", ("matplotlib", "scipy", "layerwise.report.gather", "layerwise.corpus", "zarr")),
    ],
)
def test_a_script_imports_only_what_it_runs(repository, script, forbidden):
    command = [sys.executable, "-c", IMPORTS, str(repository / "scripts" / f"{script}.py")]
    ran = subprocess.run(
        command,
        cwd=repository / "scripts",
        env={"PYTHONPATH": f"{repository}:{repository / 'scripts'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ran.stdout.split())
    assert f"layerwise.report.{'run_tables' if script != 'figures' else 'figures.all'}" in loaded
    assert not loaded & {*HEAVY, *forbidden}
    assert not [name for name in loaded if name.startswith("layerwise.analyses")]
    # Comparisons of layers, but nothing that trains them.
    compared = {"layerwise.tasks", "layerwise.tasks.paired", "layerwise.tasks.ranks"}
    assert {name for name in loaded if name.startswith("layerwise.tasks")} == (
        compared if script == "tables" else set()
    )
    computed = {name for name in loaded if name.startswith(("layerwise.cca", "layerwise.measures"))}
    # The mean of scores and its interval have one implementation.
    means = {"layerwise.cca", "layerwise.cca.summary", "layerwise.cca.paired"}
    assert computed == (means if script == "tables" else set())
