"""The table "change -> what reruns", row by row, on a finished run (dry runs after each change)."""

import os
import time
from contextlib import contextmanager

import pytest

CCA_ON = {"cca", "tables", "figures", "report"}
DOWNSTREAM_ON = {"downstream", "tables", "figures", "report"}
FEATURES_ON = {"extract"} | CCA_ON | DOWNSTREAM_ON
SAMPLES_ON = {"samples"} | FEATURES_ON
ALIGN_ON = {"align", "textgrids", "alignment_figure"} | SAMPLES_ON


@contextmanager
def edited(path, change):
    """Change a file for the time of a block; afterwards it has its old bytes."""
    before = path.read_bytes()
    path.write_bytes(change(before))
    later = time.time() + 2
    os.utime(path, (later, later))
    try:
        yield
    finally:
        path.write_bytes(before)


def comment(text: bytes) -> bytes:
    return text + b"\n# a change\n"


def replace(old: str, new: str):
    def change(text: bytes) -> bytes:
        assert old.encode() in text
        return text.replace(old.encode(), new.encode())

    return change


def test_nothing_changed(finished):
    assert not finished.planned()


@pytest.mark.parametrize(
    "name",
    [
        "layerwise/cca/pwcca.py",
        "scripts/extract.py",
        "resources/prompts/lexicon.txt",
        "resources/models/hubert-tiny/model.safetensors",
        "envs/requirements.lock",
        "results/ci/corpus/manifest.parquet",
        "results/ci/features/hubert-tiny.digest.json",
    ],
)
def test_a_touched_file_reruns_nothing(finished, name):
    later = time.time() + 2
    os.utime(finished.path(name), (later, later))
    assert not finished.planned()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layerwise/cca/pwcca.py", CCA_ON),
        ("scripts/cca.py", CCA_ON),
        ("layerwise/tasks/registry.py", DOWNSTREAM_ON),
        ("layerwise/models/base.py", FEATURES_ON),
        ("layerwise/features/pooling.py", FEATURES_ON),
        ("layerwise/sampling.py", SAMPLES_ON),
        ("layerwise/align/pocketsphinx.py", ALIGN_ON),
        ("layerwise/align/textgrid_writer.py", {"textgrids"}),
        ("layerwise/report/document.py", {"report"}),
        ("layerwise/config/docs.py", set()),
        ("layerwise/pretrain/train.py", set()),
        ("resources/prompts/lexicon.txt", ALIGN_ON),
        ("envs/requirements.lock", {"manifest"} | ALIGN_ON),
    ],
)
def test_an_edited_file_reruns_its_stage_and_what_follows(finished, name, expected):
    with edited(finished.path(name), comment):
        assert set(finished.planned()) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("parts: 5", "parts: 6", CCA_ON),
        ("epochs: 3", "epochs: 4", DOWNSTREAM_ON),
        ("phones_per_label: 40", "phones_per_label: 41", SAMPLES_ON),
        ("objective: masked cluster prediction", "objective: clusters", {"tables", "figures", "report"}),
        ("tasks: [pr, scenario]", "tasks: [pr, scenario]\nextraction:\n  threads: 2", set()),
    ],
)
def test_an_edited_key_reruns_the_rules_that_use_it(finished, old, new, expected):
    with edited(finished.path("configs/ci.yaml"), replace(old, new)):
        assert set(finished.planned()) == expected


def test_an_added_model_runs_only_its_own_jobs(finished):
    line = "analyses: [cca-mel"
    added = "  - name: second\n    source: resources/models/hubert-tiny\n    twin: false\n" + line
    with edited(finished.path("configs/ci.yaml"), replace(line, added)):
        jobs = finished.planned()
        messages = finished.messages()
    assert jobs["extract"] == 1 and jobs["cca"] == 2 and jobs["downstream"] == 2
    assert set(jobs) == FEATURES_ON
    assert "Encoding the corpus with second" in messages


def test_an_added_analysis_runs_only_itself(finished):
    with edited(finished.path("configs/ci.yaml"), replace("[cca-mel, ", "[cca-intra, cca-mel, ")):
        jobs = finished.planned()
    assert jobs["cca"] == 2 and set(jobs) == CCA_ON


def test_changed_audio_is_seen(finished):
    audio = sorted(finished.path("resources/prompts/audio").glob("*.ogg"))
    with edited(audio[0], lambda _: audio[1].read_bytes()):
        assert "manifest" in finished.planned()
