"""FaST-VGS, FaST-VGS+ and VG-HuBERT from generated bundles, against the published forward pass."""

import argparse
import pickle
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
from layerwise.models.base import Waveform
from layerwise.models.fastvgs import CONVS, FAST_VGS, VisuallyGrounded, parse_convs
from layerwise.models.vghubert import VG_HUBERT

TOLERANCE = 1e-4
WIDTH, DIM, FFN, HEADS, DEPTH = 16, 32, 48, 4, 3
ARGS = {
    "encoder_layers": 12,  # written before the authors' code cuts the model: not to be trusted
    "encoder_embed_dim": DIM,
    "encoder_ffn_embed_dim": FFN,
    "encoder_attention_heads": HEADS,
    "activation_fn": "gelu",
    "layer_norm_first": False,
    "extractor_mode": "default",
    "conv_bias": False,
    "quantize_input": False,
    "conv_feature_layers": f"[({WIDTH}, 10, 5)] + [({WIDTH}, 3, 2)] * 4 + [({WIDTH},2,2)] + [({WIDTH},2,2)]",
    "conv_pos": 128,
    "conv_pos_groups": 16,
    "layer_use": 7,
    "caption_w2v2_weight": None,
    "trm_layers": 6,
    "normalize": False,
    "learning_rate": 1e-4,
}
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)


def audio_shapes(depth: int, width: int, dim: int, ffn: int, positions: str):
    """Names and shapes of the weights of the audio branch, without the prefix."""
    convs = {
        f"feature_extractor.conv_layers.{index}.0.weight": (width, width if index else 1, kernel)
        for index, kernel in enumerate(KERNELS)
    }
    return {
        "cls_token": (1, 1, dim),
        **convs,
        "feature_extractor.conv_layers.0.2.weight": (width,),
        "feature_extractor.conv_layers.0.2.bias": (width,),
        "layer_norm.weight": (width,),
        "layer_norm.bias": (width,),
        **linear_shapes("post_extract_proj", dim, width),
        **encoder_shapes(depth, dim, ffn, positions=positions),
    }


# weights of the bundle that are not used, of small shapes
UNUSED = {
    "fastvgs": {
        **linear_shapes("conv1_trm1_trm3.quantizer.weight_proj", 8, WIDTH),
        "conv1_trm1_trm3.quantizer.vars": (1, 8, 4),
        **linear_shapes("conv1_trm1_trm3.project_q", 4, 8),
        **linear_shapes("conv1_trm1_trm3.final_proj", 4, DIM),
        "conv1_trm1_trm3.mask_emb": (DIM,),
        "conv2.layer1.0.conv1.weight": (4, 4, 1, 9),
        "conv2.bn1.num_batches_tracked": (),
        **linear_shapes("trm2.attention.self.query", DIM, DIM),
        **linear_shapes("trm2_proj", DIM, DIM),
        **linear_shapes("audio_cls_token_proj_coarse.0", DIM, DIM),
        **linear_shapes("audio_cls_token_proj_pre.2", DIM, DIM),
        **linear_shapes("visn_fc.visn_fc", DIM, 8),
        "visual_cls_token": (1, 1, DIM),
        **linear_shapes("trm.0.attention.self.query", DIM, DIM),
        **linear_shapes("visual_cls_token_proj_coarse.0", DIM, DIM),
    },
    "vghubert": {
        "trm.cls_token": (1, 1, 8),
        "trm.patch_embed.proj.weight": (8, 3, 8, 8),
        **linear_shapes("audio_cls_token_proj.0", DIM, DIM),
        **linear_shapes("visual_cls_token_proj.0", DIM, DIM),
        **linear_shapes("audio_feats_proj.0", DIM, DIM),
        **linear_shapes("visual_feats_proj.0", DIM, DIM),
    },
}
PREFIX = {"fastvgs": "conv1_trm1_trm3.", "vghubert": "audio_encoder."}
POSITIONS = {"fastvgs": "encoder.", "vghubert": ""}
EXTRA_ARGS = {"fastvgs": {}, "vghubert": {"use_audio_cls_token": True, "random_init_last_x": 3}}


def audio_weights(family: str, depth: int = DEPTH) -> Weights:
    return random_weights(audio_shapes(depth, WIDTH, DIM, FFN, POSITIONS[family]), seed=7)


def write(
    folder: Path, family: str, audio: Weights, args: dict | None = None, key: str = "dual_encoder"
) -> str:
    """Save args.pkl and best_bundle.pth as the authors' trainers do, numpy arrays of the sampler included."""
    folder.mkdir(exist_ok=True)
    values = ARGS | EXTRA_ARGS[family] | (args or {})
    (folder / "args.pkl").write_bytes(pickle.dumps(argparse.Namespace(**values)))
    dual = {PREFIX[family] + name: value for name, value in audio.items()}
    bundle = {
        key: dual | random_weights(UNUSED[family], seed=1),
        "optimizer": {"state": {0: {"step": 3, "next_m": torch.zeros(2)}}, "param_groups": [{"lr": 1e-4}]},
        "indices": np.random.default_rng(0).permutation(7),
    }
    if family == "fastvgs":
        bundle |= {"cross_encoder": {"fc.0.weight": torch.zeros(2, 2)}, "libri_indices": None}
    torch.save(bundle, folder / "best_bundle.pth")
    return f"{family}:{folder}"


def waveforms() -> list[Waveform]:
    generator = np.random.default_rng(3)
    lengths = (480, 16_000, 400, 7203, 40_321)
    return [(0.1 * generator.standard_normal(length) + 0.02).astype(np.float32) for length in lengths]


def oracle(family: str, weights: Weights, waveform: Waveform, normalise: bool, cls: bool = True):
    """Each layer (frames, dim), as models/w2v2_model.py of FaST-VGS and audio_encoder.py of VG-HuBERT say."""
    x = torch.from_numpy(waveform).double()
    if normalise:
        x = (x - x.mean()) / x.std(correction=0)
    hidden = x.float()[None, None]
    layers = {}
    for index, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True)):
        name = f"feature_extractor.conv_layers.{index}"
        assert weights[f"{name}.0.weight"].shape[-1] == kernel
        hidden = torch.nn.functional.conv1d(hidden, weights[f"{name}.0.weight"], stride=stride)
        if index == 0:
            centred = hidden - hidden.mean(-1, keepdim=True)
            scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()
            hidden = scaled * weights[f"{name}.2.weight"][:, None] + weights[f"{name}.2.bias"][:, None]
        hidden = gelu(hidden)
        layers[f"C{index + 1}"] = hidden[0].T
    frames = linear(weights, "post_extract_proj", layer_norm(weights, "layer_norm", hidden[0].T))
    token = weights["cls_token"][0] if cls else torch.zeros(0, DIM)
    if family == "fastvgs":
        hidden = positional(weights, "encoder.pos_conv.0", torch.cat([token, frames]))
    else:
        hidden = torch.cat([token, positional(weights, "pos_conv.0", frames)])
    hidden = layer_norm(weights, "encoder.layer_norm", hidden)
    layers["T0"] = hidden[len(token) :]
    for index in range(DEPTH):
        hidden = block(weights, f"encoder.layers.{index}", hidden, HEADS, pre_norm=False)
        layers[f"T{index + 1}"] = hidden[len(token) :]
    return layers


@pytest.mark.parametrize(
    ("family", "args", "cls", "normalise", "key"),
    [
        ("fastvgs", {}, True, True, "dual_encoder"),
        ("fastvgs", {"caption_w2v2_weight": 1.0, "normalize": True}, True, True, "dual_encoder"),
        ("vghubert", {}, True, False, "dual_encoder"),
        ("vghubert", {"use_audio_cls_token": False, "normalize": True}, False, True, "model"),
    ],
    ids=["fast-vgs", "fast-vgs-plus", "vg-hubert", "vg-hubert without cls"],
)
def test_a_padded_batch_equals_the_published_forward_pass_one_by_one(
    family: str, args: dict, cls: bool, normalise: bool, key: str, tmp_path: Path
) -> None:
    weights = audio_weights(family)
    if not cls:
        del weights["cls_token"]
    model = load_model(write(tmp_path / "model", family, weights, args, key))
    signals = waveforms()
    expected = [oracle(family, weights, waveform, normalise, cls) for waveform in signals]
    assert model.layers == tuple(expected[0])
    for encoded in (model.encode(signals, batch_samples=10**7), model.encode(signals, batch_samples=1)):
        for waveform, ours, theirs in zip(signals, encoded, expected, strict=True):
            for layer, values in theirs.items():
                assert ours[layer].shape == (model.num_frames(len(waveform), layer), values.shape[1])
                assert np.abs(ours[layer] - values.numpy()).max() < TOLERANCE, (layer, len(waveform))


def test_the_two_places_of_the_cls_vector_differ(tmp_path: Path) -> None:
    weights = audio_weights("fastvgs")
    moved = {name.replace("encoder.pos_conv", "pos_conv"): value for name, value in weights.items()}
    first = load_model(write(tmp_path / "a", "fastvgs", weights)).encode(waveforms()[1:2])[0]
    second = load_model(write(tmp_path / "b", "vghubert", moved, {"normalize": True})).encode(
        waveforms()[1:2]
    )[0]
    assert np.abs(first["C7"] - second["C7"]).max() < TOLERANCE
    assert np.abs(first["T1"] - second["T1"]).max() > 0.1


def test_names_with_the_prefix_of_data_parallel_training_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    source = write(folder, "fastvgs", audio_weights("fastvgs"))
    expected = load_model(source).encode(waveforms()[:1])[0]
    bundle = torch.load(folder / "best_bundle.pth", weights_only=False)
    bundle["dual_encoder"] = {f"module.{name}": value for name, value in bundle["dual_encoder"].items()}
    torch.save(bundle, folder / "best_bundle.pth")
    encoded = load_model(source).encode(waveforms()[:1])[0]
    assert all(np.array_equal(encoded[layer], values) for layer, values in expected.items())


def test_grid_revision_and_random_twin(tmp_path: Path) -> None:
    source = write(tmp_path / "model", "fastvgs", audio_weights("fastvgs"))
    model, twin, other = (
        load_model(name, seed=seed)
        for name, seed in ((source, 0), (f"random:{source}", 0), (f"random:{source}", 1))
    )
    assert [model.grid(f"C{i}").receptive_field for i in range(1, 8)] == [10, 20, 40, 80, 160, 240, 400]
    assert model.num_frames(16_000, "T0") == 49
    assert model.frame_stride * 50 == 1
    assert model.revision == f"sha256:{sha256_file(tmp_path / 'model/best_bundle.pth')}"
    encoded = [each.encode(waveforms()[1:2])[0] for each in (model, twin, other)]
    for layer in model.layers:
        assert np.abs(encoded[0][layer] - encoded[1][layer]).max() > 1e-2
        assert np.abs(encoded[1][layer] - encoded[2][layer]).max() > 1e-2


def test_silence_has_no_standard_deviation(tmp_path: Path) -> None:
    silence = np.zeros(16_000, np.float32)
    with pytest.raises(AudioError, match=r"waveform 1: constant .* leave the utterance out"):
        load_model(write(tmp_path / "a", "fastvgs", audio_weights("fastvgs"))).encode(
            [waveforms()[0], silence]
        )
    encoded = load_model(write(tmp_path / "b", "vghubert", audio_weights("vghubert"))).encode([silence])
    assert np.isfinite(encoded[0]["T3"]).all()


@pytest.mark.parametrize(
    ("family", "depth", "millions"),
    [("fastvgs", 8, 66.02), ("fastvgs", 12, 94.37), ("vghubert", 12, 94.37)],
    ids=["fast-vgs", "fast-vgs-plus", "vg-hubert"],
)
def test_published_sizes_fit_without_allocating_them(family: str, depth: int, millions: float) -> None:
    shapes = audio_shapes(depth, 512, 768, 3072, POSITIONS[family])
    args = {"encoder_layers": 12, "conv_feature_layers": CONVS} | EXTRA_ARGS[family]
    meta = torch.device("meta")
    with meta:
        weights = {PREFIX[family] + name: torch.empty(shape) for name, shape in shapes.items()}
        model = VisuallyGrounded(
            {"fastvgs": FAST_VGS, "vghubert": VG_HUBERT}[family],
            args,
            weights,
            "folder",
            LoadOptions(None, meta, torch.float32, 0, "full", random=True),
        )
    assert round(model.parameters / 1e6, 2) == millions
    assert model.layers[-1] == f"T{depth}"


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    weights = audio_weights("fastvgs")
    gap = {name: value for name, value in weights.items() if ".layers.1." not in name}
    for changed, message in [
        (gap, r"16 missing: conv1_trm1_trm3\.encoder\.layers\.1\.\S+, .* and 11 more"),
        (
            weights | {"pos_conv.0.bias": torch.zeros(DIM)},
            r"1 unexpected: conv1_trm1_trm3\.pos_conv\.0\.bias",
        ),
        (weights | {"cls_token": torch.zeros(1, DIM)}, r"cls_token \(1, 32\) instead of \(1, 1, 32\)"),
    ]:
        with pytest.raises(ModelError, match=rf"best_bundle\.pth: .*{message}"):
            load_model(write(tmp_path / "model", "fastvgs", changed))
    with pytest.raises(
        ModelError, match=r"34 missing: audio_encoder\.feature_extractor.* 90 unexpected: conv1"
    ):
        load_model("vghubert:" + write(tmp_path / "model", "fastvgs", weights).partition(":")[2])


def test_args_that_are_not_supported_are_named(tmp_path: Path) -> None:
    weights = audio_weights("fastvgs")
    args: Any
    for args, message in [
        ({"extractor_mode": "layer_norm"}, r"args\.pkl: extractor_mode is 'layer_norm'; layerwise supports"),
        ({"layer_norm_first": True}, "layer_norm_first is True"),
        ({"encoder_attention_heads": None}, "encoder_attention_heads is None, not of type int"),
        ({"conv_feature_layers": "__import__('os').getcwd()"}, "is no sum of lists"),
    ]:
        with pytest.raises(ModelError, match=message):
            load_model(write(tmp_path / "model", "fastvgs", weights, args))
    with pytest.raises(ModelError, match=r"args\.pkl: no such file"):
        load_model(f"fastvgs:{tmp_path / 'nowhere'}")
    torch.save({"dual_encoder": [1]}, tmp_path / "model/best_bundle.pth")
    write_args = {"extractor_mode": "default"}
    (tmp_path / "model/args.pkl").write_bytes(pickle.dumps(argparse.Namespace(**write_args)))
    with pytest.raises(ModelError, match="it is no bundle of FaST-VGS"):
        load_model(f"fastvgs:{tmp_path / 'model'}")


@pytest.mark.parametrize(
    "text",
    [
        "[(512, 10, 5)] * 10**9",
        "[(512, 10, 5)] * 1000000",
        "[(512, 10)]",
        "[(512, 10, -5)]",
        "[]",
        "",
        "[(512, 10, 5)] + x",
        "(",
    ],
)
def test_conv_layers_in_another_notation_are_refused(text: str) -> None:
    with pytest.raises(ModelError, match="is no sum of lists"):
        parse_convs(text, "args.pkl")


def test_conv_layers_are_parsed_as_python_would_evaluate_them() -> None:
    assert parse_convs(CONVS, "args.pkl") == [(512, 10, 5), *[(512, 3, 2)] * 4, (512, 2, 2), (512, 2, 2)]
