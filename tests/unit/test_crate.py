"""`layerwise crate`: a run as an RO-Crate, by reference and whole, valid by the validator of the profile."""

import base64
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from layerwise.cli.main import main
from layerwise.files import sha256_file, write_json
from layerwise.lineage.content import digest

RAN: dict[str, Any] = {
    "started": "2026-01-01T10:00:00+00:00",
    "ended": "2026-01-01T10:01:00+00:00",
    "peak_mb": 100,
    "threads": 2,
    "device": "cpu",
    "command": "snakemake --cores 1",
    "config_files": "config.yaml",
    "slurm_job": "",
    "git": {"commit": "c0ffee", "dirty": True},
    "host": {"system": "Linux", "blas": "openblas 0.3"},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a run of two jobs: audio to a manifest and a folder, both to a table."""
    monkeypatch.chdir(tmp_path)
    for name in ("Snakefile", "config.yaml", "scripts/manifest.py", "scripts/tables.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    run = tmp_path / "results/demo"
    for folder in ("corpus", "textgrids", "tables", "lineage/runs"):
        (run / folder).mkdir(parents=True)
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio/a b.wav").write_bytes(b"RIFF")
    (run / "corpus/manifest.csv").write_text("a\n")
    (run / "corpus/empty.csv").write_text("a\n")  # same content, another file
    (run / "textgrids/a.TextGrid").write_text("grid")
    (run / "tables/scores.csv").write_text("layer,score\nT1,.5\n")
    job(
        "corpus.manifest.json",
        "manifest",
        ["corpus/manifest.csv", "corpus/empty.csv", "textgrids"],
        {"files": ["audio/a b.wav"]},
        {"corpus": "CC-BY-4.0 (config)"},
    )
    made = ["results/demo/corpus/manifest.csv", "results/demo/textgrids"]
    job("tables.json", "tables", ["tables/scores.csv"], {"manifest": made}, {})
    return tmp_path


def job(
    name: str, rule: str, outputs: list[str], inputs: dict[str, list[str]], licences: dict[str, str]
) -> None:
    made = [f"results/demo/{path}" for path in outputs]
    record = {
        "rule": rule,
        "artifacts": {path: digest(path) for path in made},
        "inputs": {role: {path: digest(path) for path in paths} for role, paths in inputs.items()},
        "params": {"script": f"{rule}.py", "code": "1" * 64, "environment": "2" * 64, "seed": 1},
        "versions": {"python": "3.11"},
    }
    write_json(record, f"results/demo/lineage/{name}")
    write_json(RAN | {"licences": licences}, f"results/demo/lineage/runs/{name}")


def graph_of(folder: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((folder / "ro-crate-metadata.json").read_text())
    graph = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(graph) == len(content["@graph"])
    for entity in graph.values():  # nothing points nowhere
        for value in entity.values():
            for link in value if isinstance(value, list) else [value]:
                if isinstance(link, dict) and not link["@id"].startswith("http"):
                    assert link["@id"] in graph, (entity["@id"], link)
    return graph


def ids(value: Any) -> set[str]:
    return {link["@id"] for link in (value if isinstance(value, list) else [value])}


def test_by_reference_files_stand_by_their_content(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crate", "demo", "out"]) == 0
    assert "Written: out" in capsys.readouterr().out
    graph = graph_of(place / "out")
    action = graph["#job/corpus.manifest"]
    audio = next(iter(ids(action["object"]) & {name for name in graph if name.startswith("ni:")}))
    sha256 = sha256_file(place / "audio/a b.wav")
    value = audio.removeprefix("ni:///sha-256;").partition("?")[0]
    assert base64.urlsafe_b64decode(value + "=").hex() == sha256 == graph[audio]["sha256"]
    assert graph[audio]["name"] == "audio/a b.wav"
    assert graph[audio]["contentSize"] == "4"
    assert graph[graph[audio]["license"]["@id"]]["name"] == "CC-BY-4.0 (config)"
    assert len(ids(action["result"])) == 3  # the two equal files are two
    assert (action["startTime"], action["endTime"]) == (RAN["started"], RAN["ended"])
    assert "commit c0ffee with edits" in action["description"]
    keys = {
        graph[key]["name"]: graph[key]["value"] for key in ids(action["object"]) if key.startswith("#key")
    }
    assert keys == {"seed": "1", "SHA-256 of code": "1" * 64, "SHA-256 of environment": "2" * 64}
    # The chain: what one job made is what the next one read.
    assert ids(graph["#job/tables"]["object"]) & ids(action["result"])
    assert {"Snakefile", "scripts/tables.py", "config.yaml"} <= {
        path.relative_to(place / "out").as_posix() for path in (place / "out").rglob("*")
    }
    assert not (place / "out/results/demo/tables").exists()
    assert (place / "out/results/demo/lineage/tables.json").is_file()
    assert graph["#organize"]["result"] == {"@id": "#run"}
    assert ids(graph["#run"]["object"]) == {audio, "config.yaml"}


def test_whole_it_holds_the_results_and_if_asked_the_inputs(place: Path) -> None:
    assert main(["crate", "demo", "out", "--data"]) == 0
    assert (place / "out/results/demo/tables/scores.csv").is_file()
    assert (place / "out/results/demo/textgrids/a.TextGrid").is_file()
    assert not (place / "out/audio").exists()
    assert main(["crate", "demo", "all.zip", "--data", "--inputs", "--license", "https://a.b/c"]) == 0
    with zipfile.ZipFile(place / "all.zip") as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        assert {"audio/a b.wav", "results/demo/tables/scores.csv"} <= set(names)
        content = json.loads(archive.read("ro-crate-metadata.json"))
    root = next(entity for entity in content["@graph"] if entity["@id"] == "./")
    assert root["license"] == {"@id": "https://a.b/c"}


def test_what_is_not_as_recorded_is_refused_or_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "audio/a b.wav").write_bytes(b"another")
    assert main(["crate", "demo", "out", "--inputs"]) == 0
    said = capsys.readouterr().out
    assert "audio/a b.wav: changed since it was read" in said
    assert not (place / "out/audio").exists()
    (place / "results/demo/tables/scores.csv").write_text("edited")
    assert main(["crate", "demo", "new"]) == 1
    assert "scores.csv: changed since a rule wrote it" in capsys.readouterr().err
    assert main(["crate", "demo", "out"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["crate", "none", "new"]) == 1


def test_many_files_of_one_role_are_one_entity(place: Path) -> None:
    for number in range(101):
        (place / f"audio/{number}.wav").write_bytes(bytes(number))
    job(
        "corpus.manifest.json",
        "manifest",
        ["corpus/manifest.csv", "corpus/empty.csv", "textgrids"],
        {"files": [f"audio/{number}.wav" for number in range(101)]},
        {},
    )
    assert main(["crate", "demo", "out"]) == 0
    graph = graph_of(place / "out")
    names = [entity["name"] for name, entity in graph.items() if name.startswith("ni:") and "files" in name]
    assert names == ["files: 101 files"]


@pytest.mark.parametrize("wish", [[], ["--data", "--inputs"]])
def test_it_is_valid(place: Path, repository: Path, wish: list[str]) -> None:
    programs = repository / ".uv/validator/bin"
    if not programs.exists():
        pytest.skip("no validator of RO-Crates here: sh tests/install_validator.sh")
    assert main(["crate", "demo", "out", *wish]) == 0
    cache = place / "cache"
    subprocess.run([programs / "python", repository / "tests/crate_context.py", cache], check=True)
    profile = ["--no-auto-profile", "--profile-identifier", "provenance-run-crate", "--no-paging", "-v"]
    command: list[str | Path] = [
        programs / "rocrate-validator",
        "validate",
        "--offline",
        "--cache-path",
        cache,
        *profile,
        "out",
    ]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "is a valid provenance-run-crate-0.5" in done.stdout, done.stdout
