"""Model sources: hub cache, folders, random twins, the log-mel baseline, and what is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import CONFIGS, WAVEFORMS, save
from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

from layerwise.errors import AudioError, ModelError
from layerwise.models import load_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save("wav2vec2-base", tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture
def offline_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty cache of a hub that cannot be reached."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("revision", [None, "v1", COMMIT])
def test_a_hub_model_records_the_commit_that_its_revision_names(
    wav2vec2: str, offline_hub: Path, revision: str | None
) -> None:
    repository = offline_hub / "models--tiny--wav2vec2"
    shutil.copytree(wav2vec2, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    for name in ("main", "v1"):
        (repository / "refs" / name).write_text(COMMIT)
    for source in ("tiny/wav2vec2", "random:tiny/wav2vec2"):
        model = load_model(source, revision=revision)
        assert (model.source, model.revision) == (source, COMMIT)


def test_a_folder_records_the_commit_it_was_downloaded_from(wav2vec2: str, tmp_path: Path) -> None:
    assert load_model(wav2vec2).revision is None
    folder = shutil.copytree(wav2vec2, tmp_path / "copy")
    record = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    record.parent.mkdir(parents=True)
    record.write_text(f"{COMMIT}\na16a55fda99d2f2e7b69cce5cf93ff4ad3049930\n1712656091.123\n")
    assert load_model(str(folder)).revision == COMMIT


def test_a_checkpoint_with_a_head_gives_its_encoder(tmp_path: Path) -> None:
    torch.manual_seed(2)
    config: Any = CONFIGS["wav2vec2-base"]
    whole = Wav2Vec2ForCTC(config).eval()
    whole.save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(tmp_path)
    with torch.no_grad():
        expected = whole.wav2vec2(torch.from_numpy(WAVEFORMS[5])[None]).last_hidden_state[0].numpy()
    assert np.abs(load_model(str(tmp_path)).encode(WAVEFORMS[5:6])[0]["T3"] - expected).max() < 1e-4


def test_a_random_twin_follows_its_seed(wav2vec2: str) -> None:
    twin, again, other = (
        load_model(f"random:{wav2vec2}", seed=seed).encode(WAVEFORMS[5:6])[0] for seed in (0, 0, 1)
    )
    for layer in twin:
        assert np.array_equal(twin[layer], again[layer])
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
        (np.zeros((2, 16_000), np.float32), r"waveform 1: .*\(2, 16000\)"),
        (np.full(16_000, np.nan, np.float32), "waveform 1: holds NaN"),
    ],
)
def test_waveforms_that_cannot_be_encoded_are_named(
    wav2vec2: str, waveform: np.ndarray, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        load_model(wav2vec2).encode([WAVEFORMS[5], waveform])


@pytest.mark.usefixtures("offline_hub")
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("logmell", "did you mean 'logmel'"),
        ("logmell:", "unknown family 'logmell'; did you mean 'logmel'.*Known families: random"),
        ("nonsense:x.pt", "unknown family 'nonsense'"),
        ("resources/models/no-such", "no such folder"),
        ("./nothing", "no such folder"),
        ("", "no such folder"),
        ("logmel:x", "takes no location"),
        ("random:logmel", "no random twin"),
    ],
)
def test_unknown_sources_are_refused(source: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_model(source)


@pytest.mark.usefixtures("offline_hub")
def test_without_network_the_error_says_what_to_download_and_where_to_put_it() -> None:
    with pytest.raises(ModelError, match="`hf download nobody/nothing --local-dir models/nothing`") as plain:
        load_model("nobody/nothing")
    assert "set `source: models/nothing`" in str(plain.value)
    assert "preprocessor_config.json" in str(plain.value)
    with pytest.raises(ModelError, match=r"'nobody/nothing', revision v2.*nothing --revision v2 --local-dir"):
        load_model("nobody/nothing", revision="v2")


def test_a_folder_without_a_model_and_unknown_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"holds config.json, preprocessor_config.json and model.safetensors"
    ):
        load_model(str(tmp_path))
    with pytest.raises(ModelError, match="device 'tpu' is unknown"):
        load_model("logmel", device="tpu")
    with pytest.raises(ModelError, match="dtype 'int8' is unknown"):
        load_model("logmel", dtype="int8")


def test_a_checkpoint_with_missing_weights_is_refused(tmp_path: Path) -> None:
    folder = save("hubert-base", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    removed = "encoder.layers.1.attention.k_proj.weight"
    save_file(
        {key: value for key, value in weights.items() if key != removed}, tmp_path / "model.safetensors"
    )
    with pytest.raises(ModelError, match=f"lacks 1 weights .*{removed}"):
        load_model(folder)


def test_a_checkpoint_for_another_sample_rate_is_refused(tmp_path: Path) -> None:
    folder = save("hubert-base", tmp_path)
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    with pytest.raises(ModelError, match="expects 8000 Hz"):
        load_model(folder)


@pytest.fixture
def torch_precision() -> Iterator[None]:
    """Put PyTorch's settings back afterwards."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


@pytest.mark.usefixtures("torch_precision")
@pytest.mark.parametrize(
    ("dtype", "products", "rounded"),
    [("tf32", "high", True), ("float32", "highest", False), ("bfloat16", "highest", False)],
)
def test_float32_on_cuda_is_exact_in_convolutions_too(dtype: str, products: str, rounded: bool) -> None:
    torch.backends.cudnn.allow_tf32 = not rounded
    load_model("logmel", dtype=dtype)
    assert torch.get_float32_matmul_precision() == products
    assert torch.backends.cudnn.allow_tf32 == rounded


def test_logmel_baseline() -> None:
    model = load_model("logmel")
    assert (model.layers, model.dim("T0"), model.frame_stride) == (("T0",), 80, Fraction(1, 100))
    encoded = model.encode(WAVEFORMS)
    assert [len(layers["T0"]) for layers in encoded] == [1 + len(waveform) // 160 for waveform in WAVEFORMS]
    for waveform, layers in zip(WAVEFORMS, encoded, strict=True):
        assert np.array_equal(layers["T0"], model.encode([waveform])[0]["T0"])


@pytest.mark.parametrize(
    "convert",
    [
        lambda waveform: waveform.astype(np.float64),
        lambda waveform: torch.from_numpy(waveform),
        lambda waveform: torch.from_numpy(waveform).double().requires_grad_(),
        lambda waveform: np.repeat(waveform, 2)[::2],
    ],
)
def test_waveforms_of_any_float_type_and_single_ones_are_encoded_alike(wav2vec2: str, convert) -> None:
    model = load_model(wav2vec2)
    expected = model.encode([WAVEFORMS[5]])
    for given in (convert(WAVEFORMS[5]), [convert(WAVEFORMS[5])], (convert(WAVEFORMS[5]),)):
        encoded = model.encode(given)
        assert len(encoded) == 1
        for layer in model.layers:
            np.testing.assert_array_equal(encoded[0][layer], expected[0][layer])
    assert model.encode([]) == []


@pytest.mark.parametrize(
    ("waveforms", "message"),
    [
        (
            [np.zeros(800, np.int16)],
            r"waveform 0: expected floats .* got int16 \(800,\); divide .* 16 bits by 32768",
        ),
        ([torch.zeros(800, dtype=torch.int32)], r"got torch.int32 \(800,\); divide .* 32 bits by 2147483648"),
        ([np.zeros(800, np.uint8)], "got uint8 .*convert it to floats"),
        ([np.zeros(800, bool)], "got bool .*convert it to floats"),
        (np.full(800, 1e4), r"got float64 \(800,\) with a peak of 10000; divide .* by 32768"),
        (
            np.zeros((2, 800)),
            r"or a list of such; got float64 \(2, 800\); average the channels .* list\(\.\.\.\)",
        ),
        (torch.zeros(1, 800), r"got torch.float32 \(1, 800\); take the one channel, squeeze\(\)"),
        ([np.zeros((800, 1))], r"waveform 0: .*squeeze"),
        ([0.0, 0.1], "waveform 0: .*got float; make it an array"),
        ([np.full(16_000, np.inf)], "waveform 0: holds NaN or infinite"),
    ],
)
def test_what_is_no_waveform_is_told_with_what_to_do(wav2vec2: str, waveforms, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        load_model(wav2vec2).encode(waveforms)


def _config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _first_bytes(folder: Path, count: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:count])


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04junk")


def _pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_pointer, "model.safetensors is a pointer of git-lfs, not the weights; run `git lfs pull`"),
        (partial(_first_bytes, count=0), "SafetensorError.*copy or download it again"),
        (partial(_first_bytes, count=5000), "SafetensorError.*copy or download it again"),
        (_pickled, "copy or download it again"),
        (
            partial(_config, num_hidden_layers=1),
            r"weights of encoder blocks that its config.json does not have",
        ),
        (partial(_config, num_hidden_layers=9), "the checkpoint lacks"),
        (partial(_config, num_hidden_layers=10**30), "`num_hidden_layers` is 10+, more than any model has"),
        (partial(_config, intermediate_size=40), "the weights have other sizes than config.json says"),
        (partial(_config, attn_implementation="flash_attention_9"), "flash_attention_9"),
        (partial(_config, _attn_implementation="flash_attention_2"), "FlashAttention2"),
        (lambda folder: (folder / "config.json").write_text("{"), "valid JSON"),
    ],
)
def test_a_spoiled_checkpoint_is_named_with_its_cause(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    folder = save("hubert-base", tmp_path)
    spoil(tmp_path)
    with pytest.raises(ModelError, match=message) as plain:
        load_model(folder)
    assert folder in str(plain.value)
