"""Every family against transformers itself, one utterance at a time with its own processor."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    Data2VecAudioConfig,
    HubertConfig,
    PreTrainedConfig,
    SEWConfig,
    UniSpeechConfig,
    UniSpeechSatConfig,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
)
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from layerwise.errors import AudioError, ModelError
from layerwise.models import SpeechModel, load_model
from layerwise.models.base import Waveform
from layerwise.models.conv_stem import PADS_EXACTLY

TOLERANCE = 1e-4
SECONDS = (0.03, 1.0, 0.71, 2.5, 5.0, 0.03)
SMALL = {
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [16, 12, 12, 12, 12, 12, 16],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
DATA2VEC = {**SMALL, "num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}
SEW = {
    **SMALL,
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "squeeze_factor": 2,
}

CONFIGS: dict[str, PreTrainedConfig] = {
    "wav2vec2-base": Wav2Vec2Config(**SMALL),
    "wav2vec2-large": Wav2Vec2Config(**SMALL, **LARGE),
    "hubert-base": HubertConfig(**SMALL),
    "hubert-large": HubertConfig(**SMALL, **LARGE),
    "mhubert": HubertConfig(**SMALL, conv_pos_batch_norm=True),
    "distilhubert": HubertConfig(**SMALL, feat_proj_layer_norm=False),
    "wavlm-base": WavLMConfig(**SMALL),
    "wavlm-large": WavLMConfig(**SMALL, **LARGE),
    "data2vec": Data2VecAudioConfig(**DATA2VEC),
    "unispeech": UniSpeechConfig(**SMALL),
    "unispeech-sat": UniSpeechSatConfig(**SMALL, **LARGE),
    "wav2vec2-conformer": Wav2Vec2ConformerConfig(**SMALL, position_embeddings_type="relative"),
    "sew": SEWConfig(**SEW),
}


def noise(seconds: float, seed: int) -> Waveform:
    generator = np.random.default_rng(seed)
    level = generator.uniform(0.01, 0.5)
    samples = level * generator.standard_normal(round(seconds * 16_000)) + 0.05
    return samples.astype(np.float32)


WAVEFORMS = [noise(seconds, seed) for seed, seconds in enumerate(SECONDS)]


def save(config: PreTrainedConfig, folder: Path, do_normalize: bool = True) -> str:
    torch.manual_seed(1)
    model = AutoModel.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():  # zero biases and unit gains would hide mistakes
            parameter.add_(0.05 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_()
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=do_normalize).save_pretrained(folder)
    return str(folder)


def oracle(folder: str, waveform: Waveform) -> dict[str, torch.Tensor]:
    """Each layer (frames, dim) as the modules of a model of transformers return it for one utterance."""
    model = AutoModel.from_pretrained(folder).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    values = extractor(waveform, sampling_rate=16_000, return_tensors="pt").input_values
    layers: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        hidden = values[:, None]
        for i, conv in enumerate(model.feature_extractor.conv_layers, 1):
            hidden = conv(hidden)
            layers[f"C{i}"] = hidden[0].T
        inputs: list[torch.Tensor] = []
        outputs: list[torch.Tensor] = []
        for block in model.encoder.layers:
            block.register_forward_pre_hook(lambda module, args: inputs.append(args[0][0].clone()))
        model.encoder.layers[-1].register_forward_hook(
            lambda module, args, output: outputs.append(
                (output[0] if isinstance(output, tuple) else output).clone()
            )
        )
        output = model(values, output_hidden_states=True)
    assert torch.equal(output.hidden_states[0][0], inputs[0])
    layers |= {f"T{i}": value for i, value in enumerate([*inputs, outputs[0].reshape(inputs[0].shape)])}
    return layers | {"last": output.last_hidden_state[0]}


def assert_close(ours: np.ndarray, theirs: torch.Tensor, what: str) -> None:
    assert ours.dtype == np.float32
    assert ours.shape == tuple(theirs.shape), what
    assert np.abs(ours - theirs.numpy()).max() < TOLERANCE, what


@pytest.mark.parametrize("name", CONFIGS)
def test_mixed_batch_equals_transformers_one_by_one(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]
    folder = save(config, tmp_path, do_normalize=name != "wavlm-base")
    model = load_model(folder)
    waveforms = [waveform for waveform in WAVEFORMS if name != "sew" or len(waveform) > 480]
    encoded = model.encode(waveforms, batch_samples=10**7)
    final_norm = name.endswith("large") or name in ("wav2vec2-conformer", "unispeech-sat")
    assert model.layers == (
        *(f"C{i}" for i in range(1, 8)),
        *("T0", "T1", "T2", "T3"),
        *(("T3+ln",) if final_norm else ()),
    )
    for waveform, layers in zip(waveforms, encoded, strict=True):
        expected = oracle(folder, waveform)
        last = expected.pop("last")
        for layer, values in expected.items():
            assert_close(layers[layer], values, f"{name} {layer}")
        if name != "sew":  # SEW upsamples after its last block
            assert_close(layers["T3+ln" if final_norm else "T3"], last, f"{name} last")
        assert {layer: len(values) for layer, values in layers.items()} == {
            layer: model.num_frames(len(waveform), layer) for layer in model.layers
        }


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(CONFIGS["wav2vec2-base"], tmp_path_factory.mktemp("wav2vec2"))


def test_the_list_of_models_that_may_be_padded_is_the_tested_one() -> None:
    assert {config.model_type for config in CONFIGS.values()} - PADS_EXACTLY == {"wav2vec2-conformer", "sew"}
    assert {config.model_type for config in CONFIGS.values()} >= PADS_EXACTLY


def test_models_that_padding_would_change_refuse_a_mixed_batch(tmp_path: Path) -> None:
    model = load_model(save(CONFIGS["wav2vec2-conformer"], tmp_path))
    with pytest.raises(ModelError, match="cannot share a padded batch"):
        model.forward(WAVEFORMS[1:3])


def test_hooks_and_patches_leave_no_residue(wav2vec2: str) -> None:
    model = load_model(wav2vec2)
    before = model.encode(WAVEFORMS[1:2])
    model.encode(WAVEFORMS)
    encoder = model.model  # type: ignore[attr-defined]
    for module in encoder.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert "forward" not in vars(module)
    after = model.encode(WAVEFORMS[1:2])
    assert all(np.array_equal(before[0][layer], after[0][layer]) for layer in model.layers)


def test_hooks_are_removed_when_the_forward_pass_fails(
    wav2vec2: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(wav2vec2)
    encoder = model.model  # type: ignore[attr-defined]

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(encoder.encoder.layers[1], "forward", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        model.encode(WAVEFORMS)
    monkeypatch.undo()
    assert not any(module._forward_hooks or "forward" in vars(module) for module in encoder.modules())


def test_grids_of_the_standard_stem(wav2vec2: str) -> None:
    model = load_model(wav2vec2)
    assert [model.grid(f"C{i}").receptive_field for i in range(1, 8)] == [10, 20, 40, 80, 160, 240, 400]
    assert model.frame_stride == Fraction(1, 50)
    assert model.grid("T2").first_centre_seconds == Fraction(399, 32_000)
    assert [model.dim(layer) for layer in ("C1", "C2", "T3")] == [16, 12, 24]
    assert model.num_frames(16_000, "T0") == 49


def test_random_twin_differs_from_its_source_and_follows_its_seed(wav2vec2: str) -> None:
    source, twin, again, other = (
        load_model(name, seed=seed).encode(WAVEFORMS[1:2])[0]
        for name, seed in (
            (wav2vec2, 0),
            (f"random:{wav2vec2}", 0),
            (f"random:{wav2vec2}", 0),
            (f"random:{wav2vec2}", 1),
        )
    )
    for layer in source:
        assert np.array_equal(twin[layer], again[layer])
        assert np.abs(twin[layer] - source[layer]).max() > 1e-2
        assert np.abs(twin[layer] - other[layer]).max() > 1e-2


def test_loading_a_twin_leaves_the_global_random_state_alone(wav2vec2: str) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_model(f"random:{wav2vec2}", seed=5)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.zeros(399, np.float32), r"waveform 1: 399 samples .* too short for one frame of layer C7"),
        (np.zeros(0, np.float32), "waveform 1: 0 samples"),
        (np.zeros(16_000), "waveform 1: expected a float32 array"),
        (np.zeros((2, 16_000), np.float32), r"waveform 1: .*\(2, 16000\)"),
        (np.full(16_000, np.nan, np.float32), "waveform 1: holds NaN"),
    ],
)
def test_waveforms_that_cannot_be_encoded_are_named(
    wav2vec2: str, waveform: np.ndarray, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        load_model(wav2vec2).encode([WAVEFORMS[1], waveform])


def test_errors_of_loading(wav2vec2: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for source, message in [
        ("logmell", "did you mean 'logmel'"),
        ("logmell:", "unknown family 'logmell'; did you mean 'logmel'.*Known families: random"),
        ("avhuber:x.pt", "unknown family 'avhuber'"),
        ("resources/models/no-such", "no such folder"),
        ("./nothing", "no such folder"),
        ("", "no such folder"),
        ("logmel:x", "takes no location"),
        ("random:logmel", "no random twin"),
        ("nobody/nothing", "--local-dir models/nothing"),
        (str(tmp_path), "holds config.json, preprocessor_config.json and model.safetensors"),
    ]:
        with pytest.raises(ModelError, match=message):
            load_model(source)
    with pytest.raises(ModelError, match="device 'tpu' is unknown"):
        load_model("logmel", device="tpu")
    with pytest.raises(ModelError, match="dtype 'int8' is unknown"):
        load_model("logmel", dtype="int8")


def test_a_checkpoint_with_missing_weights_is_refused(tmp_path: Path) -> None:
    folder = save(CONFIGS["hubert-base"], tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    removed = "encoder.layers.1.attention.k_proj.weight"
    save_file(
        {key: value for key, value in weights.items() if key != removed}, tmp_path / "model.safetensors"
    )
    with pytest.raises(ModelError, match=f"lacks 1 weights .*{removed}"):
        load_model(folder)


def test_a_checkpoint_for_another_sample_rate_is_refused(tmp_path: Path) -> None:
    folder = save(CONFIGS["hubert-base"], tmp_path)
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    with pytest.raises(ModelError, match="expects 8000 Hz"):
        load_model(folder)


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
    assert model.layers == ("C1", "C2", "T0", "T1", "T2", "T3", "T3+ln")
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


def test_whisper_refuses_audio_longer_than_its_window(whisper: str) -> None:
    with pytest.raises(AudioError, match=r"waveform 0: 5.01 s are longer than the 5 s window"):
        load_model(whisper).encode([noise(5.01, 0)])


def test_logmel_baseline() -> None:
    model = load_model("logmel")
    assert (model.layers, model.dim("T0"), model.frame_stride) == (("T0",), 80, Fraction(1, 100))
    encoded = model.encode(WAVEFORMS)
    assert [len(layers["T0"]) for layers in encoded] == [1 + len(waveform) // 160 for waveform in WAVEFORMS]
    for waveform, layers in zip(WAVEFORMS, encoded, strict=True):
        assert np.array_equal(layers["T0"], encode_alone(model, waveform)["T0"])
