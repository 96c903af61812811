"""Tasks on corpora of their own: what is planned, where it comes from, and what reruns."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from running import Workflow, copy_repository, copy_workflow, made_once
from synthetic import write_fluent, write_slurp

CONFIG: dict[str, Any] = {
    "run": "toy",
    "corpus": {"path": "resources/prompts/prompts.tsv", "min_seconds": 0.5, "max_utterances": 40},
    "alignment": {"lexicon": "resources/prompts/lexicon.txt"},
    "samples": {"number": 1, "frame_utterances": 20, "words": 10, "min_tokens": 2},
    "models": [{"name": "hubert-tiny", "source": "resources/models/hubert-tiny", "twin": False}],
    "analyses": ["cca-mel"],
    "cca": {"parts": 5, "permutations": 0},
    "corpora": {
        "fsc": {"path": "data/fsc", "reader": "fluent-speech-commands"},
        "slurp": {"path": "data/slurp", "reader": "slurp", "slurp": {"recordings": ["headset"]}},
    },
    "tasks": [{"task": "ic", "corpus": "fsc"}, {"task": "slurp-scenario", "corpus": "slurp"}],
    "downstream": {"learning_rates": [0.01], "epochs": 20, "bootstrap": 20, "device": "cpu"},
    "extraction": {"device": "cpu"},
}
MODELS = ("hubert-tiny", "logmel")


def configure(workflow: Workflow, **changes: Any) -> None:
    workflow.config = "toy.yaml"
    workflow.path("toy.yaml").write_text(yaml.safe_dump({**CONFIG, **changes}))


def task(name: str, **changes: Any) -> list[dict[str, Any]]:
    """The tasks of the config, one of them changed."""
    return [{**entry, **(changes if entry["task"] == name else {})} for entry in CONFIG["tasks"]]


@pytest.fixture
def toy(fresh: Workflow) -> Workflow:
    write_fluent(fresh.path("data/fsc"), 12, 6, flite=False)
    write_slurp(fresh.path("data/slurp"), 3, flite=False)
    configure(fresh)
    return fresh


def test_only_what_tasks_need_is_planned(toy: Workflow) -> None:
    jobs = toy.planned()
    assert jobs["task_manifest"] == 2 and jobs["task_extract"] == 4 and jobs["downstream"] == 4
    assert jobs["task_align"] == 0
    # Nobody uses one of the corpora any more; then nothing of the other is stored.
    configure(toy, tasks=task("ic", features="live")[:1])
    jobs = toy.planned()
    assert jobs["task_manifest"] == 1 and jobs["task_extract"] == 0 and jobs["downstream"] == 2
    configure(toy, tasks=[{"task": "pr", "corpus": "fsc"}])
    assert toy.planned()["task_align"] == 0
    configure(toy, tasks=[{"task": "pr", "corpus": "fsc", "label": "alignment"}])
    jobs = toy.planned()
    assert jobs["task_align"] == 1 and jobs["task_extract"] == 2


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        ("data/fsc", "`corpora.fsc.path`: data/fsc does not exist"),
        ("data/fsc/data/test_data.csv", "`corpora.fsc`: data/fsc/data/test_data.csv: no such table"),
        ("data/slurp/dataset/slurp/devel.jsonl", "data/slurp/dataset/slurp/devel.jsonl: no such file"),
    ],
)
def test_a_missing_corpus_is_named_with_where_to_get_it(toy: Workflow, remove: str, message: str) -> None:
    path = toy.path(remove)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    failed = toy.snakemake("--dry-run", check=False)
    assert failed.returncode != 0
    assert message in failed.output
    assert ("fluent.ai" if "fsc" in remove else "zenodo.org") in failed.output


def test_manifests_of_corpora_and_what_reruns_them(toy: Workflow) -> None:
    manifests = [f"results/toy/corpora/{name}/manifest.parquet" for name in ("fsc", "slurp")]
    toy.snakemake(*manifests)
    fsc, slurp = (pd.read_parquet(toy.path(name)) for name in manifests)
    assert {"action", "object", "location"} <= set(fsc.columns) and fsc.split.nunique() == 3
    assert slurp.utt_id.str.endswith("-headset").all() and len(slurp) == 30
    splits = pd.read_csv(toy.path("results/toy/corpora/fsc/splits.csv"))
    assert splits.published.tolist() == [23_132, 3_118, 3_793]
    assert "the published corpus 23132" in toy.path("results/toy/logs/manifest/fsc.log").read_text()
    assert not toy.planned(*manifests)

    slurp_only = {"task_manifest": 1}
    (toy.path("data/slurp") / "notes.txt").touch()
    far = next(toy.path("data/slurp/audio/slurp_real").glob("*0.flac"))
    far.write_bytes(far.read_bytes())
    assert not toy.planned(*manifests)
    corpora = CONFIG["corpora"] | {"slurp": {"path": "data/slurp", "reader": "slurp"}}
    configure(toy, corpora=corpora)
    assert toy.planned(*manifests) == slurp_only
    configure(toy)
    reader = toy.path("layerwise/corpus/slurp.py")
    reader.write_text(reader.read_text() + "\nCHANGED = True\n")
    assert toy.planned(*manifests) == slurp_only


def test_two_subsets_that_are_missing_are_fetched_to_their_folders(toy: Workflow) -> None:
    corpus = {
        "path": "data/LibriSpeech",
        "reader": "librispeech",
        "download": ["librispeech-train-clean-100", "librispeech-dev-clean"],
        "librispeech": {"train": ["train-clean-100"], "dev": ["dev-clean"]},
    }
    tasks = [{"task": "asr", "corpus": "libri", "features": "live"}]
    configure(toy, corpora={"libri": corpus}, tasks=tasks)
    plan = toy.plan("download")
    assert plan.jobs["download_corpus"] == 2
    assert "Downloading librispeech-dev-clean to data/LibriSpeech/dev-clean" in plan.messages
    toy.path("data/LibriSpeech/dev-clean").mkdir(parents=True)
    assert toy.planned("download")["download_corpus"] == 1


@pytest.fixture(scope="module")
def spoken(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A finished run on 300 utterances of either layout, once for all workers of pytest-xdist."""

    def make(folder: Path) -> None:
        workflow = copy_repository(repository, folder)
        write_fluent(folder / "data/fsc")
        write_slurp(folder / "data/slurp")
        configure(workflow)
        workflow.snakemake()

    return Workflow(made_once(tmp_path_factory, "spoken", make), config="toy.yaml")


def test_spoken_corpora_through_training_and_report(spoken: Workflow) -> None:
    run = spoken.path("results/toy")
    scores = pd.read_csv(run / "tables/downstream_summary.csv")
    assert set(scores.task) == {"ic-on-fsc", "slurp-scenario-on-slurp"} and set(scores.model) == set(MODELS)
    best = scores[scores.model == "hubert-tiny"].groupby("task")["value"].max()
    assert best["slurp-scenario-on-slurp"] > 0.6  # of four; a third of the sentences are of one
    assert best["ic-on-fsc"] > 0.3  # of ten commands, by voices that were not heard
    splits = pd.read_csv(run / "tables/splits.csv", keep_default_na=False)
    fsc = splits[splits.corpus == "fsc"].set_index("split")
    assert fsc.utterances.to_dict() == {"train": 200, "dev": 50, "test": 50}
    page = (run / "report/report.html").read_text()
    assert "For tasks, fsc: 300 utterances" in page and "the published corpus 23132" in page
    assert "12 of 12 speakers are in another split too" in page


def test_a_finished_run_is_done_and_follows_its_corpora(spoken: Workflow, tmp_path: Path) -> None:
    workflow = copy_workflow(spoken, tmp_path)
    assert not workflow.planned()
    # A setting of one task reruns that task alone; another task on a stored corpus, only itself.
    report = {"tables": 1, "views": 1, "figures": 1, "report": 1}
    configure(workflow, tasks=task("ic", epochs=21))
    assert workflow.planned() == report | {"downstream": 2}
    configure(workflow, tasks=[*CONFIG["tasks"], {"task": "slurp-action", "corpus": "slurp"}])
    assert workflow.planned() == report | {"downstream": 2}
    configure(workflow)
    audio = next(workflow.path("data/fsc/wavs").rglob("*.wav"))
    audio.write_bytes(audio.read_bytes()[:-2] + b"\0\1")
    jobs = workflow.planned()
    assert jobs == report | {"task_manifest": 1, "task_extract": 2, "downstream": 2}
