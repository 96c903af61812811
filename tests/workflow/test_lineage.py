"""What a finished run makes of replaced, edited and deleted files: real runs, and the jobs that they ran."""

import base64
import gzip
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from running import Workflow

from layerwise.features.digest import verify

RUN = "results/ci"
CSV = f"{RUN}/tables/layer_scores.csv"
PLANNED_ANEW = {"manifest", "align", "samples", "selection"}


def jobs_done(workflow: Workflow, *arguments: str) -> list[str]:
    """Run snakemake to its end; return the rules of the jobs that it ran."""
    output = workflow.snakemake(*arguments).output
    done = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", output, re.MULTILINE)
    return sorted(set(done) - {"all"})


def replace_by_older(path: Path, content: bytes) -> None:
    """What `mv`, `cp -p`, `tar` and `rsync -a` do: another file in the same place, older than all results."""
    aside = path.with_name(f"{path.name}.aside")
    aside.write_bytes(content)
    shutil.copymode(path, aside)
    long_ago = time.time() - 1e7
    os.utime(aside, (long_ago, long_ago))
    aside.replace(path)


def audio_of(workflow: Workflow) -> list[Path]:
    return sorted(workflow.path("resources/prompts/audio").glob("*.ogg"))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("resources/prompts/prompts.tsv", "manifest"),
        ("resources/prompts/lexicon.txt", "align"),
        ("resources/models/hubert-tiny/config.json", "extract"),
        ("report/template.typ", "report"),
    ],
)
def test_an_older_file_in_the_same_place_is_seen(finished: Workflow, name: str, rule: str) -> None:
    path = finished.path(name)
    before = path.read_bytes()
    try:
        replace_by_older(path, before + b"\n")
        assert rule in finished.planned()
        replace_by_older(path, before)
        assert not finished.planned(), "the same bytes, whatever the times"
    finally:
        path.write_bytes(before)


def test_older_audio_of_the_same_size_is_seen(finished: Workflow) -> None:
    path = audio_of(finished)[0]
    before = path.read_bytes()
    try:
        replace_by_older(path, before[:-1] + bytes([before[-1] ^ 1]))
        assert path.stat().st_size == len(before)
        assert "manifest" in finished.planned()
    finally:
        path.write_bytes(before)


def test_a_wave_ends_where_the_bytes_are_the_same(clone: Workflow) -> None:
    assert jobs_done(clone, "--forcerun", "manifest") == ["manifest"]
    assert not clone.planned()

    table = clone.path("resources/prompts/prompts.tsv")
    head, *rows = table.read_text().splitlines(keepends=True)
    table.write_text("".join([head, *reversed(rows)]))
    assert jobs_done(clone) == ["manifest"]
    assert not clone.planned()


def test_audio_that_no_sample_has_encodes_nothing_anew(clone: Workflow) -> None:
    """An utterance of a run without tasks changes: it is checked and aligned, and no model sees it."""
    config = clone.path(clone.config)
    shorter = {
        "run: ci": "run: few",
        "tasks: [pr, scenario]": "tasks: []",
        "analyses: [cca-mel, cca-phone]": "analyses: [cca-mel]",
        "number: 2": "number: 1",
        "frame_utterances: 40": "frame_utterances: 20",
        "phones_per_label: 40": "phones_per_label: 1",
        "words: 20": "words: 2",
        "tokens_per_word: 10": "tokens_per_word: 5",
    }
    text = config.read_text()
    for old, new in shorter.items():
        assert old in text
        text = text.replace(old, new)
    config.write_text(text)
    clone.snakemake()
    manifest = pd.read_parquet(clone.path("results/few/corpus/manifest.parquet"))
    selection = pd.read_parquet(clone.path("results/few/samples/selection.parquet"))
    unused = manifest[~manifest.utt_id.isin(selection.utt_id)]
    assert 0 < len(unused) < len(manifest)
    changed = clone.path(unused.audio_path.iloc[0])
    changed.write_bytes(changed.read_bytes() + b"\0")
    done = set(jobs_done(clone))
    assert {"manifest", "selection"} <= done
    assert not done & {"extract", "cca", "downstream"}, done


def test_deleted_deliverables_come_back(clone: Workflow) -> None:
    deleted = {
        f"{RUN}/corpus/warnings.csv": "manifest",
        f"{RUN}/tables/layer_scores.csv": "tables",
        f"{RUN}/figures/layers.png": "figures",
        f"{RUN}/report/report.html": "report",
        f"{RUN}/report/references.bib": "report",
        f"{RUN}/cca/logmel/cca-phone.csv": "cca",
        f"{RUN}/downstream/logmel/pr.weights.csv": "downstream",
        f"{RUN}/features/logmel.digest.json": "extract",
    }
    for name, rule in deleted.items():
        path = clone.path(name)
        aside = path.rename(path.with_name("aside"))
        assert rule in clone.planned(), name
        aside.rename(path)
    assert not clone.planned()
    before = clone.path(CSV).read_bytes()
    clone.path(CSV).unlink()
    assert jobs_done(clone) == ["figures", "report", "tables", "views"]
    assert clone.path(CSV).read_bytes() == before


def test_a_store_that_was_deleted_to_free_the_disk_comes_back_when_it_is_asked_for(clone: Workflow) -> None:
    shutil.rmtree(clone.path(f"{RUN}/features/logmel.zarr"))
    assert not clone.planned()
    assert {"extract", "cca"} <= set(clone.planned("--forcerun", "cca"))


def _told(clone: Workflow) -> tuple[str, dict[str, Any]]:
    """The page and its data, without when its figures were drawn and how long that took."""
    page = clone.path(f"{RUN}/report/report.html").read_text()
    page = re.sub(r'<div class="cost">.*?</table>', "", page, flags=re.DOTALL)
    page = re.sub(r'<dd class="circumstance">.*?</dd>', "", page)
    start, packed, end = re.split(r'(?<=id="page-data">)([^<]*)', page, maxsplit=1)
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    del data["job"]["ended"], data["job"]["seconds"]
    return start + end, data


def test_a_number_changed_by_hand_is_found_and_goes_nowhere(clone: Workflow) -> None:
    scores = clone.path(f"{RUN}/cca/hubert-tiny/cca-phone.csv")
    before, report = scores.read_text(), _told(clone)
    scores.write_text(re.sub(r"0\.\d(\d+)", r"0.9\1", before, count=1))
    assert scores.read_text() != before
    verified = clone.snakemake("verify", check=False)
    assert verified.returncode != 0
    assert f"{RUN}/cca/hubert-tiny/cca-phone.csv differs from what rule `cca` wrote" in verified.output
    refused = clone.snakemake(check=False)
    assert refused.returncode != 0
    assert "cca-phone.csv: changed since rule `cca` wrote it; delete it and run again" in refused.output
    scores.unlink()
    clone.snakemake()
    assert scores.read_text() == before
    assert _told(clone) == report
    clone.snakemake("verify")


def test_code_edited_while_its_job_runs_is_refused(clone: Workflow) -> None:
    name, module = f"{RUN}/features/logmel.digest.json", clone.path("layerwise/models/logmel.py")
    before, log = module.read_text(), clone.path(f"{RUN}/logs/extract/logmel.log")
    log.unlink()
    process = clone.start("--forcerun", "extract", "--", name)
    while not log.exists() and process.poll() is None:
        time.sleep(0.01)
    module.write_text(f"{before}\nCHANGED = True\n")
    output, _ = process.communicate()
    assert process.returncode != 0
    assert "code that it imports was edited" in output
    assert not clone.path(name).exists()
    module.write_text(before)
    assert jobs_done(clone, name) == ["extract"]


@pytest.mark.parametrize("notes", [True, False])
def test_results_copied_with_new_times_are_as_finished(first: Workflow, tmp_path: Path, notes: bool) -> None:
    shutil.copytree(first.folder, tmp_path, copy_function=shutil.copyfile, dirs_exist_ok=True)
    copy = Workflow(tmp_path)
    if not notes:
        shutil.rmtree(tmp_path / ".snakemake")
        copy.snakemake("--touch")
    assert not copy.planned()


def extracted(workflow: Workflow, *models: str) -> list[str]:
    """Make the stores of models and what they need; return the rules of the jobs that ran."""
    return jobs_done(workflow, "--", *(f"{RUN}/features/{model}.digest.json" for model in models))


def carried_over(workflow: Workflow, model: str) -> list[tuple[str, int]]:
    """From which stores the run record of an extraction says how many utterances were carried over."""
    record = json.loads(workflow.path(f"{RUN}/lineage/runs/features.{model}.zarr.json").read_text())
    return [(each["store"], each["utterances"]) for each in record["carried_over"]]


def check_store(workflow: Workflow, model: str) -> None:
    features = workflow.path(f"{RUN}/features")
    assert not verify(features / f"{model}.zarr", features / f"{model}.digest.json")
    assert not (features / f".before/{model}.zarr").exists()


def edit(workflow: Workflow, old: str, new: str) -> None:
    config = workflow.path(workflow.config)
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


def test_a_renamed_model_encodes_nothing(clone: Workflow) -> None:
    edit(clone, "name: hubert-tiny", "name: renamed")
    assert extracted(clone, "renamed") == ["extract"]
    (given,) = carried_over(clone, "renamed")
    assert given == (f"{RUN}/features/hubert-tiny.zarr", 80)
    check_store(clone, "renamed")
    shard = "frames/T0/c/0/0"
    features = clone.path(f"{RUN}/features")
    assert (features / "renamed.zarr" / shard).samefile(features / "hubert-tiny.zarr" / shard)


def wanted(workflow: Workflow) -> dict[str, set[tuple[str, float, float]]]:
    """Segments that the samples want of each utterance that is encoded."""
    samples = workflow.path(f"{RUN}/samples")
    segments = pd.read_parquet(samples / "segments.parquet")
    found: dict[str, set[tuple[str, float, float]]] = {
        utt_id: set() for utt_id in pd.read_parquet(samples / "selection.parquet").utt_id
    }
    for utt_id, *segment in segments[["utt_id", "kind", "start", "end"]].itertuples(index=False):
        found[utt_id].add(tuple(segment))
    return found


def test_other_sample_sets_encode_only_what_is_new(clone: Workflow) -> None:
    """With tasks the frames of all are stored: what is new are segments."""
    before, digest = wanted(clone), clone.path(f"{RUN}/features/logmel.digest.json").read_bytes()
    edit(clone, "number: 2", "number: 1")
    assert "extract" in extracted(clone, "logmel")
    assert carried_over(clone, "logmel") == [(f"{RUN}/features/.before/logmel.zarr", 80)]
    fewer = wanted(clone)
    edit(clone, "number: 1", "number: 2")
    extracted(clone, "logmel")
    same = sum(segments <= fewer[utt_id] for utt_id, segments in before.items())
    assert 0 < same < 80
    assert carried_over(clone, "logmel") == [(f"{RUN}/features/.before/logmel.zarr", same)]
    check_store(clone, "logmel")
    edit(clone, "max_utterances: 80", "max_utterances: 90")
    extracted(clone, "logmel")
    assert digest != clone.path(f"{RUN}/features/logmel.digest.json").read_bytes()
    assert len(wanted(clone)) == 90
    check_store(clone, "logmel")


def test_a_forced_extraction_carries_nothing_over(clone: Workflow) -> None:
    name = f"{RUN}/features/logmel.digest.json"
    before = clone.path(name).read_bytes()
    assert jobs_done(clone, "--forcerun", "extract", "--", name) == ["extract"]
    assert not carried_over(clone, "logmel")
    assert clone.path(name).read_bytes() == before


def test_shards_of_one_model_are_joined_into_its_store(clone: Workflow) -> None:
    """In small batches, so that there are blocks enough; by force, or it would be carried over."""
    name = f"{RUN}/features/logmel.digest.json"
    edit(clone, "analyses: [cca-mel", "extraction: {batch_seconds: 2}\nanalyses: [cca-mel")
    jobs_done(clone, "--forcerun", "extract", "--", name)
    whole, record = clone.path(name).read_bytes(), f"{RUN}/lineage/features.logmel.zarr.json"
    recorded = clone.path(record).read_bytes()
    shutil.rmtree(clone.path(f"{RUN}/features/logmel.zarr"))
    edit(clone, "batch_seconds: 2", "batch_seconds: 2, shards: 3")
    forced = ("--forcerun", "extract", "extract_part", "--", name)
    assert jobs_done(clone, *forced) == ["extract", "extract_part"]
    parts = carried_over(clone, "logmel")
    assert len(parts) == 3
    assert sum(number for _, number in parts) == 80
    assert clone.path(name).read_bytes() == whole
    assert clone.path(record).read_bytes() == recorded
    assert not list(clone.path(f"{RUN}/features").glob("*.parts/*"))
    check_store(clone, "logmel")
