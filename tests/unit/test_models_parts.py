"""An encoder read out of a large model in shards: which files are opened, fetched and tracked."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from servers import Hub, running_hub
from tiny_encoders import qwen2_audio, save
from tiny_models import noise

from layerwise.errors import ModelError
from layerwise.models import load_model
from layerwise.models.hub import fetch_model
from layerwise.specs.models import MODELS

INDEX = "model.safetensors.index.json"
WAVEFORM = noise(0.7, 5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in one file."""
    return Path(save("qwen2-audio", tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in shards, some of which hold nothing of the encoder."""
    return Path(save("qwen2-audio", tmp_path_factory.mktemp("sharded"), max_shard_size="20KB"))


def shards_of_encoder(folder: Path) -> set[str]:
    names = json.loads((folder / INDEX).read_text())["weight_map"]
    return {shard for name, shard in names.items() if "audio_tower." in name}


def without_language_model(folder: Path, target: Path) -> Path:
    copy = Path(shutil.copytree(folder, target))
    for shard in copy.glob("*.safetensors"):
        if shard.name not in shards_of_encoder(copy):
            shard.unlink()
    return copy


def same_layers(ours: Any, theirs: Any) -> bool:
    one, other = (load_model(str(source)).encode([WAVEFORM])[0] for source in (ours, theirs))
    return all(np.array_equal(one[layer], other[layer]) for layer in other)


def test_shards_of_the_language_model_may_be_missing(whole: Path, sharded: Path, tmp_path: Path) -> None:
    copy = without_language_model(sharded, tmp_path / "copy")
    assert 0 < len([*copy.glob("*.safetensors")]) < len([*sharded.glob("*.safetensors")])
    assert same_layers(copy, whole) and same_layers(sharded, whole)
    parameters = load_model(str(copy)).parameters
    assert parameters == qwen2_audio(whole=False).num_parameters() < qwen2_audio().num_parameters() / 2


def test_no_weight_of_the_language_model_is_read(sharded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(file: Path, framework: str) -> Any:
        read.append(Path(file).name)
        return safe_open(file, framework=framework)

    monkeypatch.setattr("layerwise.models.parts.safe_open", noted)
    load_model(str(sharded))
    assert set(read) == shards_of_encoder(sharded)


def test_weights_in_bfloat16_become_float32(whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    weights = load_file(copy / "model.safetensors")
    rounded = {name: tensor.bfloat16() for name, tensor in weights.items()}
    save_file(rounded, copy / "model.safetensors", {"format": "pt"})
    model: Any = load_model(str(copy))
    name = next(name for name in rounded if name.endswith("audio_tower.conv1.weight"))
    assert torch.equal(model.encoder.conv1.weight.cpu(), rounded[name].float())


def test_names_of_other_versions_and_pickled_weights_are_read(whole: Path, tmp_path: Path) -> None:
    """Whether ``audio_tower.`` stands alone or below ``model.`` depends on the version that saved."""
    weights = load_file(whole / "model.safetensors")
    bare = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    for number, names in enumerate((bare, {f"model.{name}": value for name, value in bare.items()})):
        copy = Path(shutil.copytree(whole, tmp_path / str(number)))
        save_file(names, copy / "model.safetensors", {"format": "pt"})
        assert same_layers(copy, whole)
        (copy / "model.safetensors").unlink()
        torch.save(names, copy / "pytorch_model.bin")
        assert same_layers(copy, whole)


def test_faults_of_shards_are_named(sharded: Path, tmp_path: Path) -> None:
    first = min(shards_of_encoder(sharded))
    cases = [
        (lambda copy: (copy / first).unlink(), f"{first} is missing, which holds weights of the encoder"),
        (lambda copy: (copy / first).write_bytes(pickle.dumps(0)), f"{first} cannot be read"),
        (lambda copy: (copy / INDEX).write_text("[]"), f"{INDEX} cannot be read"),
        (lambda copy: save_file({"a": torch.ones(1)}, copy / first), f"{first} lacks .*audio_tower"),
    ]
    for number, (spoil, message) in enumerate(cases):
        copy = Path(shutil.copytree(sharded, tmp_path / str(number)))
        spoil(copy)
        with pytest.raises(ModelError, match=message) as error:
            load_model(str(copy))
        assert str(copy) in str(error.value)


def test_what_is_tracked_are_configs_and_the_shards_of_the_encoder(whole: Path, sharded: Path) -> None:
    spec = next(spec for spec in MODELS if spec.name == "qwen2-audio")
    names = {path.name for path in spec.files_of(sharded)}
    configs = {path.name for path in sharded.glob("*.json")}
    assert names == configs | shards_of_encoder(sharded)
    assert {path.name for path in spec.files_of(whole)} == {path.name for path in whole.iterdir()}


def test_only_shards_of_the_encoder_are_fetched(
    sharded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    with running_hub() as hub:
        fetched = _fetched(hub, sharded, tmp_path, monkeypatch, constants)
    assert {name for name in fetched if name.endswith(".safetensors")} == shards_of_encoder(sharded)


def _fetched(
    hub: Hub, folder: Path, target: Path, monkeypatch: pytest.MonkeyPatch, constants: Any
) -> set[str]:
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(target / "cache"))
    commit = hub.publish("someone/audio", folder)
    record: Any = fetch_model("someone/audio")
    assert record["model_type"] == "qwen2_audio"
    assert {*record["files"]} >= {"config.json", INDEX} | shards_of_encoder(folder)
    load_model("someone/audio", revision=commit)
    return hub.fetched()
