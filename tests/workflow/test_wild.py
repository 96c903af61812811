"""Files as people have them, through the workflow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from running import Workflow

CONFIG = {
    "run": "wild",
    "corpus": {
        "path": "data/speech",
        "reader": "folder",
        "description": "Read aloud by {somebody}, <run> after <take>; 100 % {}",
    },
    "models": [{"name": "hubert-tiny", "source": "resources/models/hubert-tiny", "twin": False}],
}
MANIFEST = "results/wild/corpus/manifest.parquet"


def speak(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).uniform(-0.1, 0.1, 8000), 16_000)
    path.with_suffix(".txt").write_text("some words")


@pytest.fixture
def wild(fresh: Workflow) -> Workflow:
    data = fresh.path("data/speech")
    for seed, name in enumerate(("anna/{take1}.wav", "anna/a <run> b.wav", "anna/100%.wav", "ben/plain.WAV")):
        speak(data / name, seed)
    speak(fresh.path("elsewhere/cleo/linked.wav"), 9)
    (data / "cleo").symlink_to(fresh.path("elsewhere/cleo"))
    (data / "anna" / "._u.wav").write_bytes(b"\0\5\x16\7")
    (data / "anna" / "._u.txt").write_bytes(b"\0\xff\xfe")
    (data / "README.txt").write_text("about")
    (data / "ben" / "lost.txt").write_text("no audio")
    fresh.config = "wild.yaml"
    fresh.path("wild.yaml").write_text(yaml.safe_dump(CONFIG))
    return fresh


def test_odd_names_and_texts_are_read_and_tracked(wild: Workflow) -> None:
    wild.snakemake(MANIFEST)
    manifest = pd.read_parquet(wild.path(MANIFEST))
    assert set(manifest["utt_id"]) == {"{take1}", "a <run> b", "100%", "plain", "linked"}
    assert set(manifest["speaker"]) == {"anna", "ben", "cleo"}
    excluded = pd.read_csv(wild.path("results/wild/corpus/excluded.csv"))
    assert excluded["utt_id"].tolist() == ["lost"]
    assert not wild.planned(MANIFEST)
    assert wild.planned()["tables"] == 1
    speak(wild.path("data/speech/anna/{take1}.wav"), 77)
    assert wild.planned(MANIFEST) == {"manifest": 1}


def test_a_configured_path_with_braces_names_its_key(wild: Workflow) -> None:
    wild.path("wild.yaml").write_text(yaml.safe_dump({**CONFIG, "corpus": {"path": "data/{mine}"}}))
    ran = wild.snakemake("--dry-run", check=False)
    assert ran.returncode and "corpus.path" in ran.output and "rename the file or folder" in ran.output
