"""The recipes of CONTRIBUTING.md, followed in a finished run: only the new things' own jobs run."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml
from recipes import MODULES, add_to_repository, write_plugin
from running import Workflow

PLUGINS = Path(__file__).parent / "plugins"
# What each change of the analyses brings about, beside their own jobs.
SHARED_MESSAGES = [
    "Cutting the tables into curves and layers",
    "Drawing the figures",
    "Gathering the tables",
    "Looking for analyses that cannot be run",
    "Writing the report",
]
HUBERT = {"name": "hubert-tiny", "source": "resources/models/hubert-tiny", "twin": False}
MINE = {"name": "mine", "source": "gru:data/gru.pt", "twin": False}


def install_package(folder: Path) -> Path:
    """What pip leaves of a package with an entry point."""
    shutil.copytree(PLUGINS / "their_measures", folder / "their_measures")
    about = folder / "their_measures-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-measures\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[layerwise.analyses]\nvoicing = their_measures:VOICING\n")
    return folder


def use_config(workflow: Workflow, **changes: Any) -> None:
    """Use configs/ci.yaml with other values of some keys."""
    config = yaml.safe_load(workflow.path("configs/ci.yaml").read_text())
    workflow.path("mine.yaml").write_text(yaml.safe_dump(config | changes))
    workflow.config = "mine.yaml"


def write_checkpoint(workflow: Workflow) -> None:
    """A checkpoint for the recipe of a model."""
    generator = torch.Generator().manual_seed(0)
    network = torch.nn.Module()
    network.stem = torch.nn.Conv1d(1, 64, kernel_size=400, stride=320)
    network.blocks = torch.nn.ModuleList(torch.nn.GRU(64, 64) for _ in range(2))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    workflow.path("data").mkdir(exist_ok=True)
    torch.save(network.state_dict(), workflow.path("data/gru.pt"))


def write_corpus(workflow: Workflow) -> None:
    """The finished run's corpus and alignment, as the recipes of a reader and an aligner read them."""
    run = workflow.path("results/ci")
    manifest = pd.read_parquet(run / "corpus/manifest.parquet")
    kaldi, aligned = workflow.path("data/kaldi"), workflow.path("data/aligned")
    kaldi.mkdir(parents=True)
    aligned.mkdir()
    columns = {"wav.scp": "../../" + manifest.audio_path, "text": manifest.text, "utt2spk": manifest.speaker}
    for name, values in columns.items():
        (kaldi / name).write_text("".join(f"{line}\n" for line in manifest.utt_id + " " + values))
    for utt_id, rows in pd.read_parquet(run / "alignment/intervals.parquet").groupby("utt_id"):
        rows.drop(columns="utt_id").to_csv(aligned / f"{utt_id}.csv", index=False)


def check_reader_and_aligner(workflow: Workflow) -> None:
    """Both in a run of their own, which ends with the same corpus and alignment as the finished run."""
    intervals, manifest = "alignment/intervals.parquet", "corpus/manifest.parquet"
    assert workflow.plan(f"results/other/{intervals}").messages == [
        "Aligning with csv",
        "Checking the audio of data/kaldi",
    ]
    workflow.snakemake(f"results/other/{intervals}")
    assert not workflow.planned(f"results/other/{intervals}")
    for name, columns in ((intervals, None), (manifest, ["utt_id", "speaker", "samples", "text", "sha256"])):
        expected, found = (
            pd.read_parquet(workflow.path(f"results/{run}/{name}"), columns=columns)
            for run in ("ci", "other")
        )
        pd.testing.assert_frame_equal(found, expected)


def check_report(workflow: Workflow, analyses: dict[str, str], tasks: dict[str, str]) -> None:
    """The new names are in the tables, their titles in the report."""
    tables = workflow.path("results/ci/tables")
    scores = pd.read_csv(tables / "layer_scores.csv").query("model == 'mine'")
    assert set(analyses) <= set(scores.analysis)
    assert set(scores.layer) == {"T0", "T1", "T2"} and scores.score.notna().all()
    downstream = pd.read_csv(tables / "downstream.csv").query("model == 'mine'")
    assert set(tasks) <= set(downstream.task) and (downstream.value >= 0).all()  # an error rate may pass 1
    page = workflow.path("results/ci/report/report.html").read_text()
    for title in ("mine", *analyses.values(), *tasks.values()):
        assert title in page, title


def test_a_module_and_a_line_for_each_kind(clone: Workflow) -> None:
    for kind in MODULES:
        add_to_repository(clone.folder, kind)
    assert not clone.planned()
    write_checkpoint(clone)
    use_config(
        clone,
        models=[HUBERT, MINE],
        analyses=["cca-phone", "cca-manner"],
        measures=["isotropy"],
        tasks=["pr", "scenario", "first-phone"],  # pr: the frames of the finished run are wanted still
    )
    models = ["mine", "hubert-tiny", "logmel"]
    assert clone.plan().messages == sorted(
        [
            "Encoding the corpus with mine",
            "cca-phone of mine",
            "pr on every layer of mine",
            "scenario on every layer of mine",
            *(f"cca-manner of {model}" for model in models),
            *(f"isotropy of {model}" for model in models),
            *(f"first-phone on every layer of {model}" for model in models),
            *SHARED_MESSAGES,
        ]
    )
    clone.snakemake()
    assert not clone.planned()
    check_report(clone, {"cca-manner": "CCA-manner (manner of articulation)"}, {"first-phone": "First phone"})
    assert set(pd.read_csv(clone.path("results/ci/tables/measures.csv")).model) == set(models)
    assert "Isotropy, frames: " in clone.path("results/ci/report/report.html").read_text()

    write_corpus(clone)
    corpus = {"path": "data/kaldi", "reader": "kaldi", "min_seconds": 0.5}
    alignment = {"csv": {"path": "data/aligned"}}
    use_config(clone, run="other", corpus=corpus, aligner="csv", alignment=alignment)
    check_reader_and_aligner(clone)
    tables = sorted(clone.path("data/aligned").glob("*.csv"))
    tables[0].write_text(tables[1].read_text())
    assert clone.planned("results/other/alignment/intervals.parquet") == {"align": 1}


def test_plug_ins_in_files_and_from_a_package(
    clone: Workflow, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone.packages = (install_package(tmp_path_factory.mktemp("site")),)
    folder = clone.path("mine")
    folder.mkdir()
    written = [write_plugin(folder, kind) for kind in ("models", "aligners", "readers")]
    files = [*written, Path(shutil.copy(PLUGINS / "my_plugins.py", folder))]
    plugins = [file.relative_to(clone.folder).as_posix() for file in files]
    write_checkpoint(clone)
    use_config(
        clone,
        plugins=plugins,
        models=[MINE],
        analyses=["duration", "voicing"],
        tasks=["pr", "length"],
        options={"duration": {"at_least": 0.05}, "length": {"most": 2}},
    )
    of_file = [f"duration of {model}" for model in ("mine", "logmel")]
    of_file += [f"length on every layer of {model}" for model in ("mine", "logmel")]
    of_package = [f"voicing of {model}" for model in ("mine", "logmel")]
    assert clone.plan().messages == sorted(
        [
            "Encoding the corpus with mine",
            "pr on every layer of mine",
            *of_file,
            *of_package,
            *SHARED_MESSAGES,
        ]
    )
    clone.snakemake()
    check_report(
        clone, {"duration": "Duration of phones", "voicing": "Voicing"}, {"length": "Number of words"}
    )
    check_options(clone)

    of_package_files = list(clone.packages[0].glob("their_measures/*.py"))
    for path in (*files, *of_package_files):
        path.write_text(path.read_text() + "# a comment\n")
    assert not clone.planned()
    edit(clone.packages[0] / "their_measures/voicing.py")
    assert clone.plan().messages == sorted([*of_package, *SHARED_MESSAGES])
    edit(folder / "my_plugins.py")
    assert clone.plan().messages == sorted([*of_file, *of_package, *SHARED_MESSAGES])

    write_corpus(clone)
    use_config(
        clone,
        run="other",
        plugins=plugins,
        corpus={"path": "data/kaldi", "reader": "kaldi", "min_seconds": 0.5},
        aligner="csv",
        options={"csv": {"path": "data/aligned"}},
    )
    check_reader_and_aligner(clone)


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "CHANGED = True\n")


def check_options(workflow: Workflow) -> None:
    """What the config gives below `options:` has reached the code."""
    run = workflow.path("results/ci")
    phones = pd.read_parquet(run / "samples/0.parquet").query("kind == 'phone'")
    long = (phones.end - phones.start >= 0.05).sum()
    scores = pd.read_csv(run / "cca/mine/duration.csv").query("sample == 0")
    assert 0 < long < len(phones)
    assert (scores[["n_train", "n_dev", "n_test"]].sum(axis=1) == long).all()
    decodes = pd.read_csv(run / "downstream/mine/length.decodes.csv", dtype=str)
    assert set(decodes.reference) == {"1", "2"}
