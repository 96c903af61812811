"""Every family against transformers itself, one utterance at a time with its own processor."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from tiny_models import CONFIGS, FINAL_NORM, WAVEFORMS, Oracle, assert_close, noise, save

from layerwise.errors import AudioError, ModelError
from layerwise.models import SpeechModel, conv_stem, load_model
from layerwise.models.base import Waveform

# samples; 400 for others
SHORTEST = {"mhubert-25hz": 720, "sew": 720, "sew-d": 720, "w2v-bert": 560, "w2v-bert-rotary": 560}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Save a family once for all tests; wavlm-base stands for checkpoints without normalised input."""
    return cache(lambda name: save(name, tmp_path_factory.mktemp(name), do_normalize=name != "wavlm-base"))


def encodable(name: str) -> list[Waveform]:
    return [waveform for waveform in WAVEFORMS if len(waveform) >= SHORTEST.get(name, 400)]


@pytest.mark.parametrize("name", CONFIGS)
def test_mixed_batch_equals_transformers_one_by_one(name: str, saved: Callable[[str], str]) -> None:
    folder, config = saved(name), CONFIGS[name]
    model, oracle = load_model(folder), Oracle(folder)
    depth, convs = config.num_hidden_layers, len(getattr(config, "conv_dim", ()))
    top = f"T{depth}+ln" if name in FINAL_NORM else f"T{depth}"
    waveforms = encodable(name)
    encoded = model.encode(waveforms, batch_samples=10**7)
    for waveform, layers in zip(waveforms, encoded, strict=True):
        expected, last = oracle.encode(waveform)
        assert list(expected) == [
            *(f"C{i}" for i in range(1, convs + 1)),
            *(f"T{i}" for i in range(depth + 1)),
        ]
        assert model.layers == (*expected, *((top,) if name in FINAL_NORM else ()))
        for layer, values in expected.items():
            assert_close(layers[layer], values, f"{name} {layer}")
        if config.model_type not in ("sew", "sew-d") and not getattr(config, "add_adapter", False):
            assert_close(layers[top], last, f"{name} last")
        assert {layer: len(values) for layer, values in layers.items()} == {
            layer: model.num_frames(len(waveform), layer) for layer in model.layers
        }


@pytest.mark.parametrize("name", CONFIGS)
def test_the_shortest_utterance(name: str, saved: Callable[[str], str]) -> None:
    model = load_model(saved(name))
    shortest = SHORTEST.get(name, 400)
    top = model.layers[-1]
    assert len(model.encode([np.ones(shortest, np.float32)])[0][top]) == 1
    with pytest.raises(AudioError, match=f"waveform 0: {shortest - 1} samples .* too short for one frame"):
        model.encode([np.ones(shortest - 1, np.float32)])


@pytest.mark.parametrize("name", CONFIGS)
def test_bfloat16_stays_near_float32(name: str, saved: Callable[[str], str]) -> None:
    waveforms = [noise(3.0, 3), noise(0.5, 4)]
    exact = load_model(saved(name)).encode(waveforms)
    rounded = load_model(saved(name), dtype="bfloat16").encode(waveforms)
    for ours, theirs in zip(rounded, exact, strict=True):
        for layer, values in theirs.items():
            error = np.linalg.norm(ours[layer] - values) / np.linalg.norm(values)
            assert error < 0.04, f"{name} {layer} {error:.3f}"


@pytest.mark.parametrize("name", ["wav2vec2-conformer-rotary", "w2v-bert-rotary"])
def test_bfloat16_tells_late_frames_apart(name: str, saved: Callable[[str], str]) -> None:
    hidden = torch.zeros(1, 1000, CONFIGS[name].hidden_size)
    exact, rounded = (
        load_model(saved(name), dtype=dtype).model.encoder.embed_positions(hidden)  # type: ignore[attr-defined]
        for dtype in ("float32", "bfloat16")
    )
    assert (exact - rounded).abs().max() < 0.01


@pytest.mark.parametrize("name", CONFIGS)
def test_random_twin_has_the_layers_of_its_source_and_other_values(
    name: str, saved: Callable[[str], str]
) -> None:
    waveform = noise(0.5, 5)
    source = load_model(saved(name)).encode([waveform])[0]
    twin = load_model(f"random:{saved(name)}").encode([waveform])[0]
    assert {layer: values.shape for layer, values in twin.items()} == {
        layer: values.shape for layer, values in source.items()
    }
    for layer, values in twin.items():
        assert np.isfinite(values).all()
        assert np.abs(values - source[layer]).max() > 1e-2, layer


def test_the_list_of_models_that_may_be_padded_is_the_tested_one() -> None:
    assert {config.model_type for config in CONFIGS.values()} == {*conv_stem.PADS_EXACTLY, "wav2vec2-bert"}


def test_other_models_share_batches_of_equal_length_only(
    saved: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conv_stem, "PADS_EXACTLY", frozenset())
    model = load_model(saved("hubert-base"))
    with pytest.raises(ModelError, match="cannot share a padded batch"):
        model.forward(WAVEFORMS[2:4])
    waveforms = [WAVEFORMS[3], noise(2.5, 9), WAVEFORMS[2]]
    for waveform, layers in zip(waveforms, model.encode(waveforms, batch_samples=10**7), strict=True):
        expected, _ = Oracle(saved("hubert-base")).encode(waveform)
        for layer, values in expected.items():
            assert_close(layers[layer], values, layer)


@pytest.mark.parametrize("name", ["hubert-base", "sew-d", "wav2vec2-conformer-relative", "w2v-bert"])
def test_hooks_and_patches_leave_no_residue(name: str, saved: Callable[[str], str]) -> None:
    model = load_model(saved(name))
    before = model.encode(WAVEFORMS[5:6])
    model.encode(WAVEFORMS[2:6])
    assert not any(map(patched, modules(model)))
    after = model.encode(WAVEFORMS[5:6])
    assert all(np.array_equal(before[0][layer], after[0][layer]) for layer in model.layers)


def test_hooks_are_removed_when_the_forward_pass_fails(
    saved: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(saved("sew"))

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setitem(vars(model.blocks[1]), "forward", fail)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="out of memory"):
        model.encode(WAVEFORMS[2:6])
    monkeypatch.undo()
    assert not any(map(patched, modules(model)))


def modules(model: SpeechModel) -> list[torch.nn.Module]:
    return list(model.model.modules())  # type: ignore[attr-defined]


def patched(module: torch.nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module))
