"""AV-HuBERT from generated checkpoints with the original names, against the published forward pass."""

import math
import sys
import types
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fairseq_oracle import (
    Weights,
    block,
    encoder_shapes,
    gelu,
    layer_norm,
    linear,
    linear_shapes,
    positional,
    random_weights,
)

from layerwise.errors import AudioError, ModelError
from layerwise.files import sha256_file
from layerwise.models import LoadOptions, load_model
from layerwise.models.avhubert import AVHubert
from layerwise.models.base import Waveform
from layerwise.models.filterbank import log_filterbank, num_frames

TOLERANCE = 1e-4
DIM, FFN, HEADS, DEPTH = 32, 48, 4, 3
# what the published configurations say, but for the sizes
MODEL = {
    "_name": "av_hubert",
    "encoder_layers": DEPTH,
    "encoder_embed_dim": DIM,
    "encoder_ffn_embed_dim": FFN,
    "encoder_attention_heads": HEADS,
    "layer_norm_first": True,
    "modality_fuse": "concat",
    "extractor_mode": "default",
    "masking_type": "input",
    "encoder_layerdrop": 0.05,
}
TASK = {"_name": "av_hubert_pretraining", "stack_order_audio": 4, "normalize": True, "labels": ["km"]}


def used_shapes(depth: int, dim: int, ffn: int, fuse: str = "concat", **positions: Any):
    """Names and shapes of the weights of the audio stream; fused inputs are 2D wide (concat) or D (add)."""
    fused = 2 * dim if fuse == "concat" else dim
    shapes = {
        **linear_shapes("feature_extractor_audio.proj", dim, 104),
        "layer_norm.weight": (fused,),
        "layer_norm.bias": (fused,),
        **encoder_shapes(depth, dim, ffn, **positions),
    }
    return shapes | (linear_shapes("post_extract_proj", dim, fused) if fuse == "concat" else {})


def unused_shapes(dim: int):
    """Some of the video stream, and what pre-training adds."""
    return {
        "feature_extractor_video.resnet.frontend3D.0.weight": (4, 1, 5, 7, 7),
        "feature_extractor_video.resnet.trunk.layer1.0.bn1.running_mean": (4,),
        "feature_extractor_video.resnet.trunk.layer1.0.bn1.num_batches_tracked": (),
        **linear_shapes("feature_extractor_video.proj", dim, 8),
        "mask_emb": (104,),
        **linear_shapes("final_proj", 8, dim),
        "label_embs_concat": (24, 8),
    }


def write(path: Path, model: dict, task: dict, weights: Weights) -> str:
    """Save a checkpoint as fairseq's trainer does, with a label dictionary of a class not installed here."""
    fairseq = {
        name: types.ModuleType(name) for name in ("fairseq", "fairseq.data", "fairseq.data.dictionary")
    }
    dictionary = type("Dictionary", (), {"__module__": "fairseq.data.dictionary"})
    vars(fairseq["fairseq.data.dictionary"])["Dictionary"] = dictionary
    labels = dictionary()
    labels.symbols, labels.count, labels.indices = ["<s>", "0"], [1, 5], {"<s>": 0, "0": 1}
    sys.modules.update(fairseq)
    try:
        torch.save(
            {
                "args": None,
                "cfg": {"model": model, "task": task, "common": {"fp16": True, "seed": 1337}},
                "model": weights,
                "criterion": None,
                "optimizer_history": [{"criterion_name": "AVHubertCriterion", "num_updates": 400000}],
                "task_state": {"dictionaries": [labels]},
                "extra_state": {"metrics": {"loss": np.float64(2.5)}, "epoch": 3},
                "last_optimizer_state": {"state": {0: {"exp_avg": torch.zeros(3)}}},
            },
            path,
        )
    finally:
        for name in fairseq:
            del sys.modules[name]
    return f"avhubert:{path}"


def waveforms() -> list[Waveform]:
    generator = np.random.default_rng(3)
    lengths = (480, 16_000, 1, 400, 401, 1041, 24_321)
    signals = [0.1 * generator.standard_normal(length) + 0.02 for length in lengths]
    signals[1][5000:9000] = 0  # digital silence
    return [signal.astype(np.float32) for signal in signals]


MEL_TOP = 2595 * math.log10(1 + 8000 / 700)
ANGLES = 2 * np.pi * np.outer(np.arange(257), np.arange(512)) / 512
COSINES, SINES = np.cos(ANGLES), np.sin(ANGLES)


def slow_filterbank(waveform: Waveform) -> np.ndarray:
    """logfbank of python_speech_features 0.6 with its defaults, in loops: a DFT by its definition."""
    signal = [float(sample) for sample in waveform]
    emphasised = [signal[0]] + [signal[i] - 0.97 * signal[i - 1] for i in range(1, len(signal))]
    count = 1 if len(signal) <= 400 else 1 + math.ceil((len(signal) - 400) / 160)
    corners = [math.floor(513 * 700 * (10 ** (i * MEL_TOP / 27 / 2595) - 1) / 16_000) for i in range(28)]
    rows = []
    for start in range(0, count * 160, 160):
        frame = np.zeros(512)
        part = emphasised[start : start + 400]
        frame[: len(part)] = part
        power = ((COSINES @ frame) ** 2 + (SINES @ frame) ** 2) / 512
        row = []
        for left, centre, right in zip(corners, corners[1:], corners[2:], strict=False):
            energy = sum(power[i] * (i - left) / (centre - left) for i in range(left, centre))
            energy += sum(power[i] * (right - i) / (right - centre) for i in range(centre, right))
            row.append(math.log(energy if energy else 2.220446049250313e-16))
        rows.append(row)
    return np.array(rows)


def oracle(weights: Weights, waveform: Waveform, model: dict, task: dict) -> dict[str, torch.Tensor]:
    """Each layer (frames, dim) of extract_finetune (avhubert/hubert.py) with audio alone."""
    energies = slow_filterbank(waveform)
    zeros = np.zeros((-len(energies) % 4, 26))
    stacked = torch.from_numpy(np.concatenate([energies, zeros]).astype(np.float32).reshape(-1, 104))
    if task["normalize"]:
        centred = stacked.double() - stacked.double().mean(1, keepdim=True)
        stacked = (centred / (centred.pow(2).mean(1, keepdim=True) + 1e-5).sqrt()).float()
    audio = linear(weights, "feature_extractor_audio.proj", stacked)
    video = torch.zeros_like(audio)
    fused = torch.cat([audio, video], dim=1) if model["modality_fuse"] == "concat" else audio + video
    hidden = layer_norm(weights, "layer_norm", fused)
    if "post_extract_proj.weight" in weights:
        hidden = linear(weights, "post_extract_proj", hidden)
    hidden = positional(weights, "encoder.pos_conv.0", hidden)
    if not model["layer_norm_first"]:
        hidden = layer_norm(weights, "encoder.layer_norm", hidden)
    layers = {"C1": audio, "T0": hidden}
    activation = torch.relu if model.get("activation_fn") == "relu" else gelu
    for index in range(DEPTH):
        hidden = block(
            weights, f"encoder.layers.{index}", hidden, HEADS, model["layer_norm_first"], activation
        )
        layers[f"T{index + 1}"] = hidden
    if model["layer_norm_first"]:
        layers[f"T{DEPTH}+ln"] = layer_norm(weights, "encoder.layer_norm", hidden)
    return layers


OTHER = {
    "layer_norm_first": False,
    "modality_fuse": "add",
    "conv_pos": 5,
    "conv_pos_groups": 2,
    "activation_fn": "relu",
    "masking_type": "feature",
}


@pytest.mark.parametrize(
    ("model", "task", "shapes"),
    [
        (MODEL, TASK, used_shapes(DEPTH, DIM, FFN)),
        (
            MODEL | OTHER,
            TASK | {"normalize": False},
            used_shapes(DEPTH, DIM, FFN, fuse="add", taps=5, groups=2),
        ),
    ],
    ids=["published", "other options"],
)
def test_a_padded_batch_equals_the_published_forward_pass_one_by_one(
    model: dict, task: dict, shapes: dict, tmp_path: Path
) -> None:
    weights = random_weights(shapes | unused_shapes(DIM), seed=5)
    loaded = load_model(write(tmp_path / "base.pt", model, task, weights))
    signals = waveforms()
    expected = [oracle(weights, waveform, model, task) for waveform in signals]
    assert loaded.layers == tuple(expected[0])
    for encoded in (loaded.encode(signals, batch_samples=10**7), loaded.encode(signals, batch_samples=1)):
        for waveform, ours, theirs in zip(signals, encoded, expected, strict=True):
            for layer, values in theirs.items():
                assert ours[layer].shape == (loaded.num_frames(len(waveform), layer), DIM)
                assert np.abs(ours[layer] - values.numpy()).max() < TOLERANCE, (layer, len(waveform))


@pytest.fixture
def source(tmp_path: Path) -> str:
    weights = random_weights(used_shapes(DEPTH, DIM, FFN) | unused_shapes(DIM), seed=5)
    return write(tmp_path / "base.pt", MODEL, TASK, weights)


def test_filterbank_equals_its_definition_and_the_package() -> None:
    for waveform in waveforms():
        assert log_filterbank(waveform).shape == (num_frames(len(waveform)), 26)
        np.testing.assert_allclose(log_filterbank(waveform), slow_filterbank(waveform), atol=2e-5)
    time = np.arange(1000) / 16_000
    tones = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * 3100 * time)
    # logfbank of the package python_speech_features 0.6 for the same float32 samples
    first = [-10.07801, -9.35511, -7.48736, -5.46303, -1.85003, -2.30853, -5.75707, -6.66333, -7.10985]
    last = [-4.78022, -0.09463, -1.53699, -5.8223, -6.66344, -7.15603, -7.48628, -7.67869, -7.81886, -7.85835]
    energies = log_filterbank(tones.astype(np.float32))
    assert energies.shape == (5, 26)
    np.testing.assert_allclose(energies[0, :9], first, atol=2e-5)
    np.testing.assert_allclose(energies[-1, -10:], last, atol=2e-5)


def test_an_impulse_moves_the_frames_that_the_grid_says(source: str) -> None:
    model = load_model(source)
    assert model.frame_stride == Fraction(1, 25)
    grid = model.grid("C1")
    quiet = waveforms()[1]
    before = model.encode([quiet])[0]["C1"]
    for sample in (1279, 1280, 2158, 2159, 2160, 8000):
        loud = quiet.copy()
        loud[sample] += 0.5
        changed = np.abs(model.encode([loud])[0]["C1"] - before).max(axis=1) > 0
        first = grid.first_centre - Fraction(grid.receptive_field - 1, 2)
        start = np.array([first + number * grid.stride for number in range(len(before))])
        seen = (start <= sample) & (sample < start + grid.receptive_field)
        assert changed.tolist() == seen.tolist(), sample


def test_half_precision_weights_are_read_and_the_file_is_the_revision(tmp_path: Path) -> None:
    weights = random_weights(used_shapes(DEPTH, DIM, FFN) | unused_shapes(DIM), seed=5)
    half = {name: values.half() for name, values in weights.items()}
    source = write(tmp_path / "half.pt", MODEL, TASK, half)
    model = load_model(source)
    rounded = {name: values.float() for name, values in half.items()}
    signal = waveforms()[1]
    for layer, values in oracle(rounded, signal, MODEL, TASK).items():
        assert np.abs(model.encode([signal])[0][layer] - values.numpy()).max() < TOLERANCE
    revision = f"sha256:{sha256_file(tmp_path / 'half.pt')}"
    assert model.revision == revision == load_model(source, revision=revision).revision
    with pytest.raises(ModelError, match=f"its revision is {revision}, and not sha256:0"):
        load_model(source, revision="sha256:0")


def test_random_twin_differs_from_its_source_and_follows_its_seed(source: str) -> None:
    signal = waveforms()[1:2]
    original, twin, again, other = (
        load_model(name, seed=seed).encode(signal)[0]
        for name, seed in (
            (source, 0),
            (f"random:{source}", 0),
            (f"random:{source}", 0),
            (f"random:{source}", 1),
        )
    )
    for layer in original:
        assert np.array_equal(twin[layer], again[layer])
        assert np.abs(twin[layer] - original[layer]).max() > 1e-2
        assert np.abs(twin[layer] - other[layer]).max() > 1e-2


def test_an_empty_waveform_is_refused(source: str) -> None:
    with pytest.raises(AudioError, match="0 samples"):
        load_model(source).encode([np.zeros(0, np.float32)])


@pytest.mark.parametrize(
    ("sizes", "millions"),
    [
        ({}, 91.04),  # the base configurations rely on defaults
        (
            {
                "encoder_layers": 24,
                "encoder_embed_dim": 1024,
                "encoder_ffn_embed_dim": 4096,
                "encoder_attention_heads": 16,
            },
            312.91,
        ),
    ],
    ids=["base", "large"],
)
def test_published_sizes_fit_without_allocating_them(sizes: dict, millions: float) -> None:
    fields = {key: value for key, value in MODEL.items() if not key.startswith("encoder_")} | sizes
    shapes = used_shapes(
        sizes.get("encoder_layers", 12),
        sizes.get("encoder_embed_dim", 768),
        sizes.get("encoder_ffn_embed_dim", 3072),
    )
    meta = torch.device("meta")
    with meta:
        weights = {name: torch.empty(shape) for name, shape in shapes.items()}
        model = AVHubert(
            fields, TASK, weights, "file.pt", LoadOptions(None, meta, torch.float32, 0, "full", random=True)
        )
    assert round(model.parameters / 1e6, 2) == millions
    assert len(model.layers) == sizes.get("encoder_layers", 12) + 3


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    weights = random_weights(used_shapes(DEPTH, DIM, FFN) | unused_shapes(DIM), seed=5)
    key = "encoder.layers.1.self_attn.k_proj.weight"

    def load_with(**changes: torch.Tensor | None) -> None:
        changed = {name: value for name, value in (weights | changes).items() if value is not None}
        load_model(write(tmp_path / "bad.pt", MODEL, TASK, changed))

    changes: Any
    for changes, message in [
        ({key: None}, f"bad.pt: .* 1 missing: {key}"),
        ({"encoder.layers.3.fc1.bias": torch.zeros(FFN)}, r"1 unexpected: encoder\.layers\.3\.fc1\.bias"),
        ({"final_projection": torch.zeros(1)}, "1 unexpected: final_projection"),
        ({key: torch.zeros(DIM, 2)}, rf"{key} \(32, 2\) instead of \(32, 32\)"),
        ({key: "text"}, f"1 missing: {key}"),
    ]:
        with pytest.raises(ModelError, match=message):
            load_with(**changes)
    with pytest.raises(ModelError, match=r"the weights do not fit .* and 11 more"):
        load_model(write(tmp_path / "deep.pt", MODEL | {"encoder_layers": 4}, TASK, weights))


def test_configurations_that_are_not_supported_are_named(tmp_path: Path) -> None:
    weights = random_weights(used_shapes(DEPTH, DIM, FFN), seed=5)
    model: Any
    task: Any
    for model, task, message in [
        ({"_name": "av_hubert_seq2seq"}, {}, "is a checkpoint of 'av_hubert_seq2seq'"),
        ({"sub_encoder_layers": 2}, {}, r"bad.pt, cfg.model: sub_encoder_layers is 2; layerwise supports 0"),
        ({"modality_fuse": "film"}, {}, "modality_fuse is 'film'; layerwise supports 'concat' or 'add'"),
        ({"activation_fn": "gelu_fast"}, {}, "activation_fn is 'gelu_fast'"),
        ({"encoder_attention_heads": 5}, {}, "32 cannot be split by encoder_attention_heads 5"),
        ({"encoder_layers": "3"}, {}, "encoder_layers is '3', not of type int"),
        ({}, {"stack_order_audio": 1}, "audio_feat_dim is 104; layerwise supports 26"),
    ]:
        with pytest.raises(ModelError, match=message):
            load_model(write(tmp_path / "bad.pt", MODEL | model, TASK | task, weights))
    torch.save({"model": weights, "cfg": None}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match="it is no fairseq checkpoint"):
        load_model(f"avhubert:{tmp_path / 'other.pt'}")
    with pytest.raises(ModelError, match=r"no\.pt: no such file; put the authors' checkpoint there"):
        load_model(f"avhubert:{tmp_path / 'no.pt'}")
