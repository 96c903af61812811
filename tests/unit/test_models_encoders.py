"""Parakeet, Qwen2-Audio's encoder and Mimi against transformers itself, one utterance at a time."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from tiny_encoders import DEPTH, MAKERS, Oracle, save
from tiny_models import WAVEFORMS, assert_close, noise

from layerwise.models import load_model

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
