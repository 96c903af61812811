"""Parakeet, Qwen2-Audio's encoder and Mimi against transformers itself, one utterance at a time."""

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from extraction_job import corpus, read
from tiny_encoders import DEPTH, MAKERS, Oracle, extractor_of, mimi, save
from tiny_models import WAVEFORMS, assert_close, noise

from layerwise.errors import AudioError, ModelError
from layerwise.features.extract import extract
from layerwise.features.pooling import frame_range
from layerwise.features.store import FeatureStore
from layerwise.models import load_model
from layerwise.tasks.features import task_layers

BLOCKS = tuple(f"T{i}" for i in range(DEPTH + 1))
LAYERS = {
    "parakeet": BLOCKS,
    "qwen2": ("C1", "C2", "T0-pos", *BLOCKS, f"T{DEPTH}+ln"),
    "mimi": ("C1", "C2", "C3", "C4", *BLOCKS),
}
SHORTEST = {"parakeet": 320, "qwen2": 321, "mimi": 1}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    return cache(lambda name: save(name, tmp_path_factory.mktemp(name)))


def family(name: str) -> str:
    return name.partition("-")[0]


@pytest.mark.parametrize("name", MAKERS)
def test_mixed_batch_equals_transformers_one_by_one(name: str, saved: Callable[[str], str]) -> None:
    model, oracle = load_model(saved(name)), Oracle(name, saved(name))
    assert model.layers == LAYERS[family(name)]
    shortest = noise(SHORTEST[family(name)] / 16_000, 8)
    waveforms = [*WAVEFORMS, noise(1.2801, 7), noise(1.28, 6), shortest]
    for waveform, layers in zip(waveforms, model.encode(waveforms, batch_samples=10**7), strict=True):
        expected = oracle.encode(waveform)
        assert set(expected) == set(layers)
        for layer, values in expected.items():
            assert_close(layers[layer], values, f"{name} {layer} {len(waveform)}")
            assert model.num_frames(len(waveform), layer) == len(values), layer
            assert model.dim(layer) == values.shape[1]


@pytest.mark.parametrize("name", ["parakeet-ctc", "qwen2-audio", "mimi"])
def test_what_is_too_short_is_refused(name: str, saved: Callable[[str], str]) -> None:
    shortest = SHORTEST[family(name)]
    with pytest.raises(AudioError, match=f"waveform 0: {shortest - 1} samples .*too short"):
        load_model(saved(name)).encode([np.ones(shortest - 1, np.float32)])


def test_qwen2_audio_refuses_what_is_longer_than_its_window(saved: Callable[[str], str]) -> None:
    model = load_model(saved("qwen2-audio"))
    assert len(model.encode([noise(21.0, 2)])[0]["T1"]) == 1050
    with pytest.raises(AudioError, match=r"waveform 0: 21.01 s are longer than the 21 s window"):
        model.encode([noise(21.01, 0)])


@pytest.mark.parametrize("name", ["parakeet-ctc", "qwen2-audio", "mimi"])
def test_bfloat16_and_the_random_twin(name: str, saved: Callable[[str], str]) -> None:
    waveforms = [noise(3.0, 3), noise(0.5, 4)]
    exact = load_model(saved(name)).encode(waveforms)
    rounded = load_model(saved(name), dtype="bfloat16").encode(waveforms)
    twins = load_model(f"random:{saved(name)}").encode(waveforms)
    for ours, theirs, twin in zip(rounded, exact, twins, strict=True):
        for layer, values in theirs.items():
            assert np.linalg.norm(ours[layer] - values) < 0.06 * np.linalg.norm(values), layer
            assert twin[layer].shape == values.shape and np.isfinite(twin[layer]).all()
            assert np.abs(twin[layer] - values).max() > 1e-2, layer


def test_mimi_in_a_batch_leaves_no_hooks(saved: Callable[[str], str]) -> None:
    model = load_model(saved("mimi"))
    before = model.encode(WAVEFORMS[5:6])[0]
    model.encode(WAVEFORMS[2:6])
    modules = model.model.modules()  # type: ignore[attr-defined]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    after = model.encode(WAVEFORMS[5:6])[0]
    assert all(np.array_equal(before[layer], after[layer]) for layer in model.layers)


def test_mimi_with_other_padding_is_batched_by_equal_length(tmp_path: Path) -> None:
    mimi(pad_mode="replicate").save_pretrained(tmp_path)
    extractor_of("mimi").save_pretrained(tmp_path)
    model, oracle = load_model(str(tmp_path)), Oracle("mimi", str(tmp_path))
    assert model.batch_key(8000) != model.batch_key(8001)
    for waveform, layers in zip(WAVEFORMS, model.encode(WAVEFORMS), strict=True):
        for layer, values in oracle.encode(waveform).items():
            assert_close(layers[layer], values, layer)


def edited(folder: str, target: Path, file: str, **changes: object) -> str:
    copy = Path(shutil.copytree(folder, target / "copy"))
    content = json.loads((copy / file).read_text())
    for key, value in changes.items():
        part, _, inner = key.rpartition("__")
        (content[part] if part else content)[inner] = value
    (copy / file).write_text(json.dumps(content))
    return str(copy)


PREPROCESSOR = "preprocessor_config.json"


@pytest.mark.parametrize(
    ("name", "file", "changes", "message"),
    [
        ("parakeet-ctc", PREPROCESSOR, {"feature_size": 80}, "makes 80 mel bands, but config.json says 16"),
        ("qwen2-audio", PREPROCESSOR, {"feature_size": 80}, "makes 80 mel bands .* says 20 bands"),
        ("qwen2-audio", PREPROCESSOR, {"chunk_length": 30}, "windows of 480000 samples"),
        ("mimi", PREPROCESSOR, {"sampling_rate": 16_000}, "says 16000 Hz and config.json 24000 Hz"),
        ("mimi", PREPROCESSOR, {"sampling_rate": 48_000}, "expects 48000 Hz audio"),
        ("parakeet-ctc", PREPROCESSOR, {"sampling_rate": 8_000}, "expects 8000 Hz audio"),
        ("mimi", "config.json", {"use_causal_conv": False}, "`use_causal_conv: false` .*not supported"),
        (
            "parakeet-ctc",
            "config.json",
            {"encoder_config__num_hidden_layers": 2},
            "weights of encoder block",
        ),
        ("mimi", "config.json", {"num_hidden_layers": 2}, "weights of encoder block"),
        ("qwen2-audio", "config.json", {"audio_config__encoder_layers": 2}, "weights of encoder block"),
        (
            "qwen2-audio",
            "config.json",
            {"audio_config__encoder_layers": 4},
            "lacks 15 weights",
        ),
        (
            "parakeet-ctc",
            "config.json",
            {"encoder_config__num_hidden_layers": 10**6},
            "more than any model",
        ),
        ("parakeet-ctc", "config.json", {"encoder_config__hidden_size": 32}, "other sizes than config.json"),
    ],
)
def test_files_of_other_models_are_named(
    name: str,
    file: str,
    changes: dict[str, object],
    message: str,
    saved: Callable[[str], str],
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelError, match=message) as error:
        load_model(edited(saved(name), tmp_path, file, **changes))
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("name", ["parakeet-ctc", "qwen2-audio", "mimi"])
def test_the_extractor_may_lie_in_the_processor_config(
    name: str, saved: Callable[[str], str], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(saved(name), tmp_path / "copy"))
    extractor = json.loads((folder / PREPROCESSOR).read_text())
    (folder / PREPROCESSOR).unlink()
    with pytest.raises(ModelError, match=r"holds config.json, preprocessor_config.json and"):
        load_model(str(folder))
    (folder / "processor_config.json").write_text(json.dumps({"feature_extractor": extractor}))
    ours, theirs = (load_model(str(source)).encode(WAVEFORMS[5:6])[0] for source in (folder, saved(name)))
    assert all(np.array_equal(ours[layer], theirs[layer]) for layer in theirs)


def test_a_store_has_pooled_layers_and_strides_that_are_no_whole_samples(
    saved: Callable[[str], str], tmp_path: Path
) -> None:
    manifest, segments = corpus([16_000, 9_000, 8_001])
    for name in ("qwen2-audio", "mimi"):
        utt_ids = manifest["utt_id"].tolist()
        model = load_model(saved(name))
        extract(model, manifest, segments, utt_ids, tmp_path / name, name="m", dtype="float32", read=read)
        store = FeatureStore(tmp_path / name)
        waveform = read(manifest["audio_path"][1])
        own = model.encode([waveform])[0]
        for layer in ("C1", "T0", model.layers[-1]):
            pooled = store.segments("word", layer)[2]
            stride = model.grid(layer).stride_seconds
            first, last = frame_range(0.0, 0.1, stride, len(own[layer]))
            np.testing.assert_allclose(pooled, own[layer][first:last].mean(axis=0), atol=1e-4)
        assert store.stride("C1") == Fraction(1, 100)
        assert task_layers(store) == BLOCKS
