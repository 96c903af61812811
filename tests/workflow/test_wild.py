"""Files as people have them, through the workflow."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import yaml
from running import Workflow

from layerwise.align.praat_text import short_text

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


def write_parquet(path: Path, seeds: range) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = []
    for seed in seeds:
        stream = io.BytesIO()
        soundfile.write(stream, np.random.default_rng(seed).uniform(-0.1, 0.1, 9600), 16_000, format="FLAC")
        cells.append({"bytes": stream.getvalue(), "path": f"u{seed}.flac"})
    table = pa.table({"audio": cells, "text": ["she had"] * len(cells), "speaker_id": list(seeds)})
    pq.write_table(table, path, row_group_size=2)


def test_audio_in_parquet_with_an_alignment_of_phones_only(fresh: Workflow) -> None:
    for split, seeds in (("train", range(4)), ("validation", range(4, 6)), ("test", range(6, 8))):
        write_parquet(fresh.path(f"data/set/data/{split}-00000-of-00001.parquet"), seeds)
        for seed in seeds:
            phones = [(0.0, 0.2, "SH"), (0.2, 0.4, "IY1"), (0.4, 0.6, "")]
            grid = fresh.path(f"data/grids/u{seed}.TextGrid")
            grid.parent.mkdir(exist_ok=True)
            grid.write_text(short_text({"phones": phones}, 0.6))
    config = {
        **CONFIG,
        "corpus": {"path": "data/set", "reader": "hugging-face"},
        "aligner": "textgrid",
        "alignment": {"textgrid": {"path": "data/grids"}},
        "samples": {"number": 1, "min_tokens": 2},
        "analyses": ["cca-phone", "cca-word"],
    }
    fresh.config = "set.yaml"
    fresh.path("set.yaml").write_text(yaml.safe_dump(config))
    foreseen, figure = "results/wild/samples/infeasible.csv", "results/wild/figures/alignment.png"
    fresh.snakemake(foreseen, figure)
    manifest = pd.read_parquet(fresh.path(MANIFEST)).set_index("utt_id")
    assert manifest["split"].value_counts().to_dict() == {"train": 4, "dev": 2, "test": 2}
    assert manifest.loc["u5", "audio_path"] == "data/set/data/validation-00000-of-00001.parquet/audio/1"
    quality = pd.read_csv(fresh.path("results/wild/alignment/quality.csv"))
    assert set(quality["status"]) == {"aligned"} and set(quality["words"]) == {0}
    reasons = pd.read_csv(fresh.path(foreseen)).set_index("analysis")["reason"]
    assert "phones only" in reasons["cca-word"]
    assert not fresh.planned(foreseen, figure)
    write_parquet(fresh.path("data/set/data/test-00000-of-00001.parquet"), range(7, 9))
    assert fresh.planned(MANIFEST) == {"manifest": 1}
