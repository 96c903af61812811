"""A whole run: what it makes, that it can be verified, and what a fault leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from synthetic import write_fluent, write_slurp

from layerwise.report.questions import QUESTIONS


def test_every_artifact_of_the_contract_is_made(finished):
    run = finished.path("results/ci")
    for name in (
        "corpus/manifest.parquet",
        "corpus/excluded.csv",
        "corpus/warnings.csv",
        "alignment/intervals.parquet",
        "alignment/quality.csv",
        "samples/0.parquet",
        "samples/1.parquet",
        "samples/segments.parquet",
        "features/hubert-tiny.zarr",
        "features/hubert-tiny.digest.json",
        "features/random-hubert-tiny.digest.json",
        "features/logmel.digest.json",
        "samples/infeasible.csv",
        "cca/hubert-tiny/cca-mel.csv",
        "cca/hubert-tiny/cca-mel.units.parquet",
        "cca/hubert-tiny/cca-mel.null.parquet",
        "cca/hubert-tiny/cca-mel.sizes.csv",
        "cca/hubert-tiny/cca-mel.traits.csv",
        "cca/hubert-tiny/cca-mel.infeasible.csv",
        "cca/logmel/cca-phone.csv",
        "downstream/hubert-tiny/pr.csv",
        "downstream/hubert-tiny/scenario.csv",
        "tables/layer_scores.csv",
        "tables/layer_summary.csv",
        "tables/downstream.csv",
        "tables/downstream_summary.csv",
        "tables/agreement.csv",
        "report/report.pdf",
        "report/report.html",
        "report/references.bib",
        "report/methods.md",
        "report/methods.tex",
    ):
        assert (run / name).exists(), name
    assert any((run / "alignment/textgrids").glob("*.TextGrid"))
    pdfs = {path.stem for path in (run / "figures").glob("*.pdf")}
    assert pdfs and pdfs == {path.stem for path in (run / "figures").glob("*.png")}


def test_a_finished_run_and_its_copy_differ_in_nothing(finished, tmp_path):
    copy, out = tmp_path / "copy", tmp_path / "compared"
    shutil.copytree(finished.path("results/ci"), copy, ignore=shutil.ignore_patterns("features"))
    command = [sys.executable, "-m", "layerwise.cli.main", "compare", "ci", str(copy), "--out", str(out)]
    path = {**os.environ, "PYTHONPATH": str(finished.folder)}
    done = subprocess.run(command, cwd=finished.folder, env=path, capture_output=True, text=True, check=True)
    assert "; 3 models" in done.stdout
    curves = pd.read_csv(out / "tables/curve_differences.csv", keep_default_na=False)
    summary = pd.read_csv(finished.path("results/ci/tables/layer_summary.csv"))
    assert len(curves) == len(summary) and set(curves["pairing"]) == {"paired"}
    assert (curves[["difference", "low", "high"]].astype(float) == 0).all().all()
    tasks = pd.read_csv(out / "tables/task_differences.csv")
    assert len(tasks) and (tasks["difference"] == 0).all()
    assert not len(pd.read_csv(out / "tables/configs.csv")) and not len(
        pd.read_csv(out / "tables/unmatched.csv")
    )
    assert (out / "compare.pdf").stat().st_size > 10_000 and "<h2" in (out / "compare.html").read_text()


def test_tables_have_the_columns_of_the_contract(finished):
    tables = finished.path("results/ci/tables")
    columns = {
        name: list(pd.read_csv(tables / f"{name}.csv").columns) for name in ("layer_scores", "downstream")
    }
    assert columns["layer_scores"] == [
        "model",
        "layer",
        "layer_index",
        "analysis",
        "sample",
        "trial",
        "score",
    ]
    assert columns["downstream"] == [
        *("model", "task", "layer", "seed", "learning_rate", "split", "metric", "value"),
    ]


def test_scores_cover_every_layer_sample_and_trial(finished):
    scores = pd.read_csv(finished.path("results/ci/tables/layer_scores.csv"))
    hubert = scores.query("model == 'hubert-tiny' and analysis == 'cca-phone'")
    assert {"C1", "T0", "T6", "T6+ln"} <= set(hubert.layer)
    assert (hubert.groupby("layer").size() == 2 * 5).all()  # sample sets, and each part once
    assert scores.score.between(-1, 1 + 1e-9).all()


def test_no_utterance_is_lost_silently(finished):
    run = finished.path("results/ci")
    manifest = pd.read_parquet(run / "corpus/manifest.parquet")
    quality = pd.read_csv(run / "alignment/quality.csv")
    assert len(manifest) + len(pd.read_csv(run / "corpus/excluded.csv")) == 80
    assert set(quality.utt_id) == set(manifest.utt_id)
    assert quality.query("status != 'aligned'").reason.notna().all()


def test_each_job_leaves_a_provenance_record(finished):
    run = finished.path("results/ci")
    recorded = {}
    for path in (run / "lineage").glob("*.json"):
        recorded.update(json.loads(path.read_text())["artifacts"])
    folders = tuple(f"{name}/" for name in recorded if finished.path(name).is_dir())
    made = {
        path.relative_to(finished.folder).as_posix()
        for stage in ("corpus", "samples", "cca", "downstream", "tables", "figures", "report")
        for path in (run / stage).rglob("*")
        if path.is_file()
    }
    assert {name for name in made if not name.startswith(folders)} <= set(recorded)
    assert {"results/ci/tables/views/curves/", "results/ci/tables/views/layers/"} <= set(folders)


def test_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.snakemake().output


def test_verify_accepts_whole_stores_and_names_a_flipped_byte(finished):
    finished.snakemake("verify")
    store = finished.path("results/ci/features/hubert-tiny.zarr")
    chunk = max(
        (path for path in store.rglob("c/*/*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    whole = chunk.read_bytes()
    try:
        chunk.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        broken = finished.snakemake("verify", check=False)
    finally:
        chunk.write_bytes(whole)
    assert broken.returncode != 0
    array, shard = chunk.relative_to(store).as_posix().split("/c/")
    assert f"array {array}, shard file c/{shard} differs" in broken.output


def test_same_inputs_give_the_same_bytes(clone):
    """Tables and the store digest of a forced second run equal those of the first."""
    names = [
        "results/ci/features/hubert-tiny.digest.json",
        "results/ci/cca/hubert-tiny/cca-phone.csv",
        "results/ci/cca/hubert-tiny/cca-phone.units.parquet",
        "results/ci/cca/hubert-tiny/cca-phone.null.parquet",
        "results/ci/downstream/hubert-tiny/pr.csv",
    ]
    before = {name: clone.path(name).read_bytes() for name in names}
    clone.snakemake("--forcerun", "extract", "cca", "downstream", "--", *names)
    assert {name: clone.path(name).read_bytes() for name in names} == before


def test_killed_extraction_resumes_and_is_never_taken_for_whole(clone):
    """kill -9 in an extraction: no store is there; a rerun goes on and ends with the same digest."""
    digest = "results/ci/features/hubert-tiny.digest.json"
    with clone.path("configs/ci.yaml").open("a") as config:
        config.write("extraction:\n  batch_seconds: 2\n")  # small batches, so that there are several blocks
    clone.snakemake("--forcerun", "extract", "--", digest)  # another batch size alone reruns nothing
    whole = clone.path(digest).read_bytes()
    store = clone.path("results/ci/features/hubert-tiny.zarr")
    journal = store.with_name(".hubert-tiny.zarr.partial") / "journal.json"
    clone.path(digest).unlink()
    shutil.rmtree(store)
    process = clone.start(digest)
    while not (journal.exists() and json.loads(journal.read_text())["samples"]):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not store.exists() and not clone.path(digest).exists()
    done = len(json.loads(journal.read_text())["samples"])
    clone.snakemake(digest)
    assert f"Resuming: {done} of " in clone.path("results/ci/logs/extract/hubert-tiny.log").read_text()
    assert clone.path(digest).read_bytes() == whole
    assert not journal.parent.exists()


def test_report_of_snakemake_answers_by_question(finished):
    """All that people read is in it, by question, with labels and a caption; no table without rows is."""
    finished.snakemake("--report", "snakemake-report.html")
    page = finished.path("snakemake-report.html").read_text()
    results, categories = (
        json.JSONDecoder().raw_decode(page.split(f'<script id="{name}">')[1].split(f"var {name} = ")[1])[0]
        for name in ("results", "categories")
    )
    assert set(categories) <= set(QUESTIONS) and {QUESTIONS[0], QUESTIONS[1]} <= set(categories)
    run = finished.path("results/ci")
    wanted = {path for name in ("figures", "tables") for path in (run / name).rglob("*") if path.is_file()}
    wanted = {path for path in wanted if path.suffix != ".json" and not path.name.startswith(".")}
    empty = {path for path in wanted if path.suffix == ".csv" and len(path.read_text().splitlines()) < 2}
    shown = {finished.path(name) for name in results}
    assert empty and shown == wanted - empty | {*(run / "report").iterdir()}
    assert all(result["labels"] and result["caption"] for result in results.values())
    layer = results["results/ci/tables/views/layers/hubert-tiny/T3.csv"]
    assert (
        layer["labels"] == {"model": "hubert-tiny", "layer": "T3"}
        and "layer T3 of hubert-tiny" in layer["caption"]
    )
    assert "layers/hubert-tiny/T3.csv" in str(categories["5 Which layer to take?"]["Layers"])


@pytest.mark.parametrize("debugger", [(), ("-m", "pdb", "-c", "continue", "-c", "quit")])
def test_a_script_runs_by_hand_as_in_a_run(clone, debugger):
    """The `snakemake` object of a job without a run: the same bytes; a file of another script is refused."""
    name = "results/ci/samples/0.parquet"
    before = clone.path(name).read_bytes()
    clone.path(name).unlink()
    command = [sys.executable, *debugger, "scripts/samples.py", name, f"--configfile={clone.config}"]
    where = {"cwd": clone.folder, "env": {**os.environ, "PYTHONPATH": str(clone.folder)}}
    done = subprocess.run(
        command, **where, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert clone.path(name).exists(), done.stdout + done.stderr
    assert clone.path(name).read_bytes() == before
    if not debugger:
        assert done.returncode == 0
        command[command.index("scripts/samples.py")] = "scripts/tables.py"
        refused = subprocess.run(command, **where, capture_output=True, text=True, check=False)
        assert refused.returncode != 0 and "is made by rule samples with samples.py" in refused.stderr


def test_missing_corpus_is_named(fresh):
    shutil.rmtree(fresh.path("resources/prompts"))
    failed = fresh.snakemake(check=False)
    assert failed.returncode != 0
    assert "`corpus.path`" in failed.output and "does not exist" in failed.output


def test_wrong_key_is_named_with_its_neighbour(fresh):
    failed = fresh.snakemake("--dry-run", "--config", "analysses=[cca-mel]", check=False)
    assert failed.returncode != 0
    assert "did you mean `analyses`" in failed.output


def test_broken_audio_is_excluded_and_listed(fresh):
    table = pd.read_csv(fresh.path("resources/prompts/prompts.tsv"), sep="\t")
    broken = fresh.path("resources/prompts") / table.audio_path[0]
    broken.write_bytes(b"not audio")
    config = fresh.path("configs/ci.yaml")
    config.write_text(config.read_text().replace("  max_utterances: 80\n", ""))
    fresh.snakemake("results/ci/corpus/manifest.parquet")
    excluded = pd.read_csv(fresh.path("results/ci/corpus/excluded.csv"))
    assert table.utt_id[0] in set(excluded.utt_id)
    assert excluded.reason.notna().all()


def put_librispeech(workflow):
    """One utterance for each subset that the configs read."""
    prompt = next(workflow.path("resources/prompts/audio").glob("*.ogg"))
    for number, subset in enumerate(("dev-clean", "train-clean-100", "test-clean")):
        chapter = workflow.path(f"data/LibriSpeech/{subset}/{number}/1")
        chapter.mkdir(parents=True)
        shutil.copy(prompt, chapter / f"{number}-1-0000.flac")
        (chapter / f"{number}-1.trans.txt").write_text(f"{number}-1-0000 HELLO\n")


@pytest.mark.parametrize("config", ["hub", "paper"])
def test_network_configs_plan_with_local_stand_ins(fresh, config):
    put_librispeech(fresh)
    for name in ("avhubert/base_vox_iter5.pt", "avhubert/large_vox_iter5.pt"):
        fresh.path(f"data/models/{name}").parent.mkdir(parents=True, exist_ok=True)
        fresh.path(f"data/models/{name}").touch()
    for folder in ("fast-vgs-coco", "fast-vgs-plus-coco"):
        fresh.path(f"data/models/{folder}").mkdir()
        for name in ("best_bundle.pth", "args.pkl"):
            fresh.path(f"data/models/{folder}/{name}").touch()
    write_slurp(fresh.path("data/slurp"), 3, flite=False)
    fresh.config = f"configs/{config}.yaml"
    if config == "paper":
        failed = fresh.snakemake("--dry-run", check=False)
        assert failed.returncode != 0
        assert "`corpora.fluent-speech-commands.path`" in failed.output and "fluent.ai" in failed.output
    write_fluent(fresh.path("data/fluent_speech_commands_dataset"), 6, 3, flite=False)
    models = {"hub": 3, "paper": 11}[config]
    jobs = fresh.planned()
    assert jobs["extract"] == 2 * models + 1
    assert jobs["cca"] == 4 * jobs["extract"] - 2  # log-mel is not compared with itself
    corpora, tasks = {"hub": (0, 0), "paper": (3, 5)}[config]
    assert jobs["task_manifest"] == corpora and jobs["task_align"] == 0
    assert jobs["task_extract"] == corpora * jobs["extract"]
    assert jobs["downstream"] == tasks * jobs["extract"]
