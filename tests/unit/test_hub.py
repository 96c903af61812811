"""Hub models against a local stand-in of the hub."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file
from servers import Hub, copy_model, running_hub

from layerwise.errors import DownloadError
from layerwise.files import sha256_file
from layerwise.models import load_model
from layerwise.models.hub import fetch_model, is_commit
from layerwise.specs.sources import hub_id

LOAD = """
import sys
import numpy as np
from layerwise.models import load_model
for pinned in sys.argv[1:]:
    name, commit = pinned.split("@")
    for source in (name, f"random:{name}"):
        model = load_model(source, revision=commit, device="cpu")
        print(model.revision == commit, len(model.encode([np.ones(8000, np.float32)])[0]["T0"]))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def model(repository: Path, tmp_path: Path) -> Path:
    return copy_model(repository / "resources/models/wav2vec2-tiny", tmp_path / "published")


@pytest.fixture(autouse=True)
def cache(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the stand-in in place of the hub."""
    template = huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE
    template = template.replace(huggingface_hub.constants.ENDPOINT, hub.url)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("facebook/hubert-base-ls960", "facebook/hubert-base-ls960"),
        ("random:facebook/hubert-base-ls960", "facebook/hubert-base-ls960"),
        ("huggingface:a/b", "a/b"),
        ("logmel", None),
        ("random:logmel", None),
        ("avhubert:data/model.pt", None),
        ("resources/models/hubert-tiny", None),
        ("data/models/absent", None),
        ("/absolute/path", None),
        ("../above", None),
    ],
)
def test_which_sources_are_on_the_hub(source: str, expected: str | None) -> None:
    assert hub_id(source) == expected


def test_a_local_folder_is_not_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert hub_id("data/model") is None and hub_id("random:data/model") is None


def test_only_what_is_needed_is_fetched_and_its_commit_recorded(
    hub: Hub, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.publish("someone/tiny", model)
    record = fetch_model("someone/tiny")
    names = ["config.json", "model.safetensors", "preprocessor_config.json"]
    assert record == {
        "source": "someone/tiny",
        "revision": None,
        "commit": commit,
        "model_type": "wav2vec2",
        "licence": "mit",
        "files": {
            name: {"bytes": (model / name).stat().st_size, "sha256": sha256_file(model / name)}
            for name in names
        },
    }
    assert hub.fetched() == {*names, "README.md"}
    # Again: nothing but the listing is asked for. Offline: nothing at all, the same record.
    hub.requests.clear()
    assert fetch_model("someone/tiny") == record
    assert hub.fetched() == set()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert fetch_model("someone/tiny") == record
    assert hub.requests == []


def test_a_repository_with_pickled_weights_only(hub: Hub, model: Path) -> None:
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()
    hub.publish("someone/tiny", model)
    files: Any = fetch_model("someone/tiny")["files"]
    assert set(files) == {*("config.json", "preprocessor_config.json", "pytorch_model.bin")}
    (model / "pytorch_model.bin").unlink()
    hub.publish("someone/tiny", model)
    with pytest.raises(DownloadError, match="no weights for PyTorch"):
        fetch_model("someone/tiny")


def test_a_twin_needs_no_weights(hub: Hub, model: Path) -> None:
    hub.publish("someone/tiny", model)
    record = fetch_model("someone/tiny", weights=False)
    files: Any = record["files"]
    assert set(files) == {"config.json", "preprocessor_config.json"}
    assert hub.fetched() == {*files, "README.md"}


def test_revisions_resolve_to_their_commits(hub: Hub, model: Path, tmp_path: Path) -> None:
    old = hub.publish("someone/tiny", model, "v1")
    changed = Path(shutil.copytree(model, tmp_path / "changed"))
    (changed / "config.json").write_text((model / "config.json").read_text() + "\n")
    new = hub.publish("someone/tiny", changed)
    assert old != new
    for revision, commit in ((None, new), ("v1", old), (old, old)):
        assert fetch_model("someone/tiny", revision)["commit"] == commit
    with pytest.raises(DownloadError, match="no revision 'v7'"):
        fetch_model("someone/tiny", "v7")


def test_a_broken_connection_is_continued(hub: Hub, model: Path) -> None:
    hub.publish("someone/tiny", model)
    hub.dropped.add("model.safetensors")
    files: Any = fetch_model("someone/tiny")["files"]
    fetched = files["model.safetensors"]
    assert fetched["sha256"] == sha256_file(model / "model.safetensors")
    assert not hub.dropped


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_file_is_named(hub: Hub, model: Path, name: str) -> None:
    hub.publish("someone/tiny", model)
    hub.broken.add(name)
    with pytest.raises(DownloadError, match=f"{name}: damaged.* delete "):
        fetch_model("someone/tiny")


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(DownloadError, match="'someone/tiny': no local folder, and the hub has no such model"):
        fetch_model("someone/tiny")


def expect_advice(cache: Path) -> None:
    with pytest.raises(DownloadError) as failed:
        fetch_model("someone/tiny")
    assert "hf download someone/tiny --local-dir data/models/tiny" in str(failed.value)
    assert str(cache) in str(failed.value)


def test_without_network_the_message_says_what_to_do(hub: Hub, cache: Path) -> None:
    hub.shutdown()
    hub.server_close()
    expect_advice(cache)


def test_offline_mode_is_respected(hub: Hub, model: Path, cache: Path, offline: None) -> None:
    hub.publish("someone/tiny", model)
    expect_advice(cache)
    assert hub.requests == []


def test_fetched_commits_load_without_a_request(hub: Hub, model: Path, tmp_path: Path) -> None:
    """In a process of its own, as in a run; weights as safetensors and pickled."""
    pickled = Path(shutil.copytree(model, tmp_path / "pickled"))
    torch.save(load_file(model / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    assert is_commit(hub.publish("someone/tiny", model))
    hub.publish("someone/pickled", pickled)
    pinned = [f"{name}@{fetch_model(name)['commit']}" for name in ("someone/tiny", "someone/pickled")]
    hub.requests.clear()
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, *pinned],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "cache")},
        text=True,
        capture_output=True,
    )
    assert loaded.stdout == "True 24\n" * 4, loaded.stderr
    assert not [request for request in hub.requests if "someone" in request]


def test_a_repository_with_a_processor_config_only_is_fetched_and_read(hub: Hub, model: Path) -> None:
    extractor = json.loads((model / "preprocessor_config.json").read_text())
    (model / "preprocessor_config.json").unlink()
    (model / "processor_config.json").write_text(json.dumps({"feature_extractor": extractor}))
    commit = hub.publish("someone/tiny", model)
    assert "processor_config.json" in set(fetch_model("someone/tiny")["files"])  # type: ignore[call-overload]
    assert load_model("someone/tiny", revision=commit).layers[0] == "C1"
