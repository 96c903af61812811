"""Whisper encoders against transformers itself, one utterance at a time with its own processor."""

import numpy as np
import pytest
import torch
from tiny_models import TOLERANCE, assert_close, noise
from transformers import AutoModel, WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from layerwise.errors import AudioError
from layerwise.models import SpeechModel, load_model
from layerwise.models.base import Waveform

SECONDS = (0.03, 1.0, 0.71, 2.5, 5.0, 0.03)
WAVEFORMS = [noise(seconds, seed) for seed, seconds in enumerate(SECONDS)]
WHISPER = WhisperConfig(
    d_model=24,
    encoder_layers=3,
    encoder_attention_heads=2,
    encoder_ffn_dim=32,
    decoder_layers=1,
    decoder_attention_heads=2,
    decoder_ffn_dim=32,
    num_mel_bins=20,
    max_source_positions=250,
    vocab_size=64,
    pad_token_id=0,
    bos_token_id=1,
    eos_token_id=2,
    decoder_start_token_id=1,
)


@pytest.fixture(scope="module", params=["encoder", "whole model"])
def whisper(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whisper")
    torch.manual_seed(1)
    model = AutoModel.from_config(WHISPER)
    (model.encoder if request.param == "encoder" else model).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=20, chunk_length=5).save_pretrained(folder)
    return str(folder)


def test_whisper_equals_transformers_one_by_one(whisper: str) -> None:
    model = load_model(whisper)
    assert model.layers == ("C1", "C2", "T0-pos", "T0", "T1", "T2", "T3", "T3+ln")
    waveforms = [*WAVEFORMS, np.ones(1, np.float32)]
    encoder = WhisperEncoder.from_pretrained(whisper, key_mapping={r"^encoder\.": ""}).eval()
    extractor = WhisperFeatureExtractor.from_pretrained(whisper)
    outputs: dict[str, torch.Tensor] = {}
    for name, module in [("C1", encoder.conv1), ("C2", encoder.conv2), ("T3", encoder.layers[2])]:
        module.register_forward_hook(
            lambda module, args, output, name=name: outputs.__setitem__(name, output[0])
        )
    for waveform, layers in zip(waveforms, model.encode(waveforms, batch_samples=160_000), strict=True):
        frames = -(-len(waveform) // 320)
        features = extractor(waveform, sampling_rate=16_000, return_tensors="pt").input_features
        with torch.no_grad():
            result = encoder(features, output_hidden_states=True)
        assert_close(
            layers["C1"], torch.nn.functional.gelu(outputs["C1"]).T[: -(-len(waveform) // 160)], "C1"
        )
        assert_close(layers["C2"], torch.nn.functional.gelu(outputs["C2"]).T[:frames], "C2")
        content = result.hidden_states[0][0] - encoder.embed_positions.weight
        assert_close(layers["T0-pos"], content[:frames].detach(), "T0-pos")
        for i in range(3):
            assert_close(layers[f"T{i}"], result.hidden_states[i][0, :frames], f"T{i}")
        assert_close(layers["T3"], outputs["T3"][:frames], "T3")
        assert_close(layers["T3+ln"], result.last_hidden_state[0, :frames], "T3+ln")


def encode_alone(model: SpeechModel, waveform: Waveform) -> dict[str, np.ndarray]:
    return model.encode([waveform])[0]


def test_trimming_spares_the_stem_and_changes_the_blocks(whisper: str) -> None:
    full, trimmed = load_model(whisper), load_model(whisper, window="trimmed")
    waveform = noise(1.0, 7)
    assert (full.cost(8_000), trimmed.cost(8_000), trimmed.cost(16_000)) == (80_000, 16_000, 32_000)
    assert trimmed.cost(80_000) == 80_000
    ours, theirs = encode_alone(trimmed, waveform), encode_alone(full, waveform)
    for layer in ("C1", "C2", "T0"):
        assert np.abs(ours[layer] - theirs[layer]).max() < TOLERANCE
    assert np.abs(ours["T3"] - theirs["T3"]).max() > 1e-3


def test_trimmed_whisper_does_not_depend_on_the_batch(whisper: str) -> None:
    model = load_model(whisper, window="trimmed")
    for waveform, layers in zip(WAVEFORMS, model.encode(WAVEFORMS, batch_samples=10**7), strict=True):
        alone = encode_alone(model, waveform)
        assert all(np.abs(layers[layer] - alone[layer]).max() < TOLERANCE for layer in model.layers)


def test_whisper_in_bfloat16_and_its_random_twin(whisper: str) -> None:
    exact = encode_alone(load_model(whisper), WAVEFORMS[3])
    rounded = encode_alone(load_model(whisper, dtype="bfloat16"), WAVEFORMS[3])
    twin = encode_alone(load_model(f"random:{whisper}"), WAVEFORMS[3])
    for layer, values in exact.items():
        assert np.linalg.norm(rounded[layer] - values) < 0.04 * np.linalg.norm(values), layer
        assert twin[layer].shape == values.shape
        assert np.isfinite(twin[layer]).all()
        assert np.abs(twin[layer] - values).max() > 1e-2, layer


def test_whisper_refuses_audio_longer_than_its_window(whisper: str) -> None:
    with pytest.raises(AudioError, match=r"waveform 0: 5.01 s are longer than the 5 s window"):
        load_model(whisper).encode([noise(5.01, 0)])
