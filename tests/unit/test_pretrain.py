import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from scipy.fft import rfft
from torch.nn import functional
from transformers import AutoFeatureExtractor, AutoModel

from layerwise.errors import CorpusError, ModelError
from layerwise.files import sha256_file
from layerwise.pretrain.data import MaskedBatch, Masking, load_packed, pack_speech, utterance_mfcc
from layerwise.pretrain.export import Origin, export_model
from layerwise.pretrain.model import Architecture, build_trunk, gabor_filters
from layerwise.pretrain.objectives import Contrastive, MaskedPrediction, Quantiser
from layerwise.pretrain.run import pretrain, pretrain_stem
from layerwise.pretrain.train import CHECKPOINT, CURVE, Training, train

TOY = Architecture(
    channels=32, width=16, blocks=2, heads=2, feed_forward=32, positional_kernel=8, positional_groups=2
)
CLUSTERS = 8
CODES = {"codes": 8, "dim": 16}
SHORT = Training(
    steps=24, crops=4, crop_frames=40, learning_rate=5e-3, warmup_steps=4, fade_steps=10, log_every=4
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 40 s of tone sequences in noise, one file that is no audio, one too short."""
    folder = tmp_path_factory.mktemp("speech")
    generator = np.random.default_rng(0)
    for number in range(10):
        hertz = np.repeat(generator.choice([200, 500, 1100, 2300, 4700], 40), 1600)
        tones = np.sin(2 * np.pi * np.cumsum(hertz) / 16000)
        noise = generator.normal(size=len(tones))
        soundfile.write(folder / f"tones{number}.flac", 0.3 * tones + 0.03 * noise, 16000)
    (folder / "broken.wav").write_bytes(b"no audio at all")
    soundfile.write(folder / "click.wav", np.zeros(100), 16000)
    return folder


@pytest.fixture(scope="module")
def packed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packed") / "data"
    pack_speech([folder], target, CLUSTERS, seed=3)
    return target


@pytest.fixture(scope="module")
def stem(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stem")
    settings = Training(steps=10, crops=4, crop_frames=40, warmup_steps=2, log_every=5)
    pretrain_stem(packed, folder / "stem.safetensors", folder, TOY, settings, seed=3)
    return folder / "stem.safetensors"


def weights(learner: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in learner.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_packing_lists_every_file_and_its_reason(packed: Path) -> None:
    table = pd.read_csv(packed / "utterances.csv", keep_default_na=False)
    assert len(table) == 12
    excluded = table[table.excluded != ""]
    assert [Path(path).name for path in excluded.path] == ["broken.wav", "click.wav"]
    assert "not audio" in excluded.excluded.iloc[0] and "too short" in excluded.excluded.iloc[1]
    used = table[table.excluded == ""]
    assert (used.frames == (64000 - 400) // 320 + 1).all()
    assert (used.first_frame == used.frames.cumsum().shift(fill_value=0)).all()


def test_packed_frames_lie_on_the_grid_of_the_stem(packed: Path, folder: Path) -> None:
    speech = load_packed(packed)
    table = pd.read_csv(packed / "utterances.csv", keep_default_na=False)
    third = table[table.excluded == ""].iloc[2]
    samples, _ = soundfile.read(third.path, dtype="float32")
    expected = (samples - samples.mean()) / samples.std()
    start = third.first_frame * 320
    np.testing.assert_allclose(
        speech.waveform[start : start + 320 * third.frames], expected[: 320 * 199], atol=5e-3
    )
    assert len(speech.waveform) == 320 * len(speech.clusters) + 80
    rows = slice(third.first_frame, third.first_frame + third.frames)
    np.testing.assert_allclose(speech.mfcc[rows], utterance_mfcc(samples), atol=5e-3)


def test_mfcc_frame_sees_the_samples_of_its_frame() -> None:
    generator = np.random.default_rng(1)
    samples = generator.normal(size=16000).astype(np.float32)
    samples[:8500] *= 1e-3  # frame 25 sees samples 8000 to 8400, frame 26 samples 8320 to 8720
    mfcc = utterance_mfcc(samples)
    assert mfcc.shape == ((16000 - 400) // 320 + 1, 39)
    np.testing.assert_allclose(mfcc.mean(axis=0), 0, atol=0.2)
    assert (mfcc[:26, 0] < -0.5).all() and (mfcc[27:, 0] > 0.5).all()


def test_packing_is_seeded_and_complete(folder: Path, packed: Path, tmp_path: Path) -> None:
    pack_speech([folder], tmp_path / "again", CLUSTERS, seed=3)
    for name in ("waveform.npy", "mfcc.npy", "clusters.npy", "utterances.csv"):
        assert sha256_file(packed / name) == sha256_file(tmp_path / "again" / name)


def test_clusters_follow_the_tones(packed: Path) -> None:
    speech = load_packed(packed)
    assert speech.cluster_count == CLUSTERS
    stays = (speech.clusters[1:] == speech.clusters[:-1]).mean()
    assert stays > 0.5  # a tone lasts five frames; independent clusters would stay in one frame of eight


def test_no_audio_and_too_little_audio(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no usable audio below"):
        pack_speech([tmp_path], tmp_path / "data", CLUSTERS, seed=0)
    assert not (tmp_path / "data").exists()
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(0).normal(size=4000) / 9, 16000)
    with pytest.raises(CorpusError, match="12 frames cannot make 100 clusters"):
        pack_speech([tmp_path], tmp_path / "data", 100, seed=0)
    pack_speech([tmp_path], tmp_path / "data", 2, seed=0)
    with pytest.raises(CorpusError, match="12 frames, fewer than one crop of 40"):
        load_packed(tmp_path / "data").random_batch(2, 40, Masking(), 0)


@given(
    probability=st.floats(0.05, 0.9),
    length=st.integers(1, 10),
    frames=st.integers(20, 150),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_masks_are_spans_in_the_expected_number(
    probability: float, length: int, frames: int, seed: int
) -> None:
    mask = Masking(probability, length).draw(5, frames, seed)
    assert mask.shape == (5, frames)
    spans = max(1, round(probability * frames / length))
    masked = mask.sum(axis=1)
    assert (masked >= length).all() and (masked <= spans * length).all()
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(int)
    for row in padded:
        starts, ends = np.flatnonzero(np.diff(row) == 1), np.flatnonzero(np.diff(row) == -1)
        assert len(starts) <= spans and (ends - starts >= length).all()


def test_default_masking_hides_about_half() -> None:
    # Spans start uniformly: a frame far from the edges escapes all of n spans with (1 - 10/141)^n.
    share = Masking().draw(2000, 150, 0)[:, 20:130].mean()
    assert share == pytest.approx(1 - (1 - 10 / 141) ** 10, abs=0.03)


def test_both_trunks_start_with_the_same_weights() -> None:
    torch.manual_seed(0)
    hubert = build_trunk("hubert", TOY)
    torch.manual_seed(0)
    assert same(weights(hubert), weights(build_trunk("wav2vec2", TOY)))


def test_stem_has_the_standard_receptive_field_and_stride() -> None:
    trunk = build_trunk("hubert", TOY).eval()
    waveform = torch.randn(1, 4000, requires_grad=True)
    frames = trunk.feature_extractor(waveform).transpose(1, 2)
    assert frames.shape[1] == (4000 - 400) // 320 + 1
    frames[0, 3].square().sum().backward()
    assert waveform.grad is not None
    touched = torch.nonzero(waveform.grad[0])
    assert touched.min() >= 960 and touched.max() < 960 + 400


def test_gabor_filters_are_mel_spaced_pairs() -> None:
    filters = gabor_filters(64, 240)[:, 0].numpy()
    np.testing.assert_allclose((filters**2).sum(axis=1), 1, rtol=1e-5)
    spectrum = np.abs(rfft(filters, 16000, axis=1))
    peaks = spectrum.argmax(axis=1)
    mels = 2595 * np.log10(1 + peaks / 700)
    steps = np.diff(mels[::2])[8:20]  # away from the edges, where filters are cut off
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.02)
    np.testing.assert_allclose(peaks[16:40:2], peaks[17:41:2], rtol=0.01)


def toy_batch(packed: Path, seed: int = 0) -> MaskedBatch:
    return load_packed(packed).random_batch(4, 40, Masking(), seed)


def test_contrast_equals_a_loop_over_masked_frames(packed: Path) -> None:
    batch = toy_batch(packed)
    torch.manual_seed(0)
    learner = Contrastive(TOY, codes=4, dim=8)
    torch.manual_seed(1)
    loss, values = learner(batch, 1.0)
    torch.manual_seed(1)
    outputs = learner.trunk(batch.waveforms, mask_time_indices=batch.mask)
    codes, perplexity = learner.quantiser(outputs.extract_features, batch.mask, temperature=0.5)
    targets, predicted = learner.target_projection(codes), learner.projection(outputs.last_hidden_state)
    losses, hits = [], []
    for crop in range(4):
        hidden = torch.nonzero(batch.mask[crop]).flatten().tolist()
        for frame in hidden:
            others = [
                i for i in hidden if i != frame and not torch.allclose(codes[crop, i], codes[crop, frame])
            ]
            candidates = torch.stack([targets[crop, i] for i in (frame, *others)])
            logits = functional.cosine_similarity(predicted[crop, frame][None], candidates) / 0.1
            losses.append(-logits.log_softmax(0)[0])
            hits.append(bool(logits.argmax() == 0))
    expected = torch.stack(losses).mean()
    assert values["loss"] == pytest.approx(expected.item(), rel=1e-4)
    assert values["accuracy"] == pytest.approx(np.mean(hits), abs=0.02)
    assert loss.item() == pytest.approx(expected.item() + 0.1 * (8 - perplexity.item()) / 8, rel=1e-4)


def test_quantiser_starts_at_the_clusters_of_its_latents() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = 5 * torch.randn(4, 12, generator=generator)
    latents = centres.repeat(50, 1) + 0.1 * torch.randn(200, 12, generator=generator)
    quantiser = Quantiser(12, groups=2, codes=4, dim=12)
    quantiser.initialise(latents, seed=0)
    mask = torch.ones(1, 200, dtype=torch.bool)
    codes, perplexity = quantiser(latents[None], mask, temperature=0.5)
    assert perplexity.item() == pytest.approx(8, abs=0.1)
    assert len(torch.unique(codes[0].round(decimals=3), dim=0)) == 4
    axes = torch.linalg.svd(latents - latents.mean(0), full_matrices=False)[2]
    rebuilt = codes[0, :, :6] @ axes[0::2] + codes[0, :, 6:] @ axes[1::2] + latents.mean(0)
    assert (rebuilt - latents).norm(dim=1).mean() < 1.0


def test_unused_codes_leave_the_gradient_finite() -> None:
    quantiser = Quantiser(4, groups=1, codes=3, dim=4)
    torch.nn.init.zeros_(quantiser.weight_proj.weight)
    quantiser.weight_proj.bias.data = torch.tensor([0.0, 0.0, -1e4])
    _, perplexity = quantiser(torch.randn(1, 5, 4), torch.ones(1, 5, dtype=torch.bool), temperature=1.0)
    assert perplexity.item() == pytest.approx(2)
    perplexity.backward()
    gradient = quantiser.weight_proj.bias.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()


def test_unmasked_loss_fades_out(packed: Path) -> None:
    torch.manual_seed(0)
    learner = MaskedPrediction(TOY, CLUSTERS).eval()
    batch = toy_batch(packed)
    early, start = learner(batch, 0.0)
    late, end = learner(batch, 1.0)
    assert start == end and late.item() == pytest.approx(end["loss"])
    states = learner.trunk(batch.waveforms, mask_time_indices=batch.mask).last_hidden_state
    logits = functional.cosine_similarity(
        learner.projection(states)[~batch.mask][:, None], learner.embeddings[None], dim=-1
    )
    unmasked = functional.cross_entropy(logits / 0.1, batch.clusters[~batch.mask])
    assert early.item() == pytest.approx(late.item() + 0.5 * unmasked.item(), rel=1e-4)


@pytest.mark.parametrize("autocast", [False, True])
def test_frames_with_the_codes_of_the_target_are_no_distractors(packed: Path, autocast: bool) -> None:
    torch.manual_seed(0)
    learner = Contrastive(TOY, **CODES)
    torch.nn.init.zeros_(learner.quantiser.weight_proj.weight)
    torch.nn.init.constant_(learner.quantiser.weight_proj.bias, -1e4)
    learner.quantiser.weight_proj.bias.data[::8] = 0.0  # the first code of each group, for every frame
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        _, values = learner(toy_batch(packed), 0.0)
    assert values["chance"] == pytest.approx(1)


@pytest.mark.parametrize("kind", [MaskedPrediction, Contrastive])
def test_training_beats_chance(packed: Path, tmp_path: Path, kind: type) -> None:
    torch.manual_seed(0)
    learner = MaskedPrediction(TOY, CLUSTERS) if kind is MaskedPrediction else Contrastive(TOY, **CODES)
    speech = load_packed(packed)
    if isinstance(learner, Contrastive):
        learner.initialise_codes(toy_batch(packed).waveforms, seed=0)
    curve = train(learner, speech, Training(**(vars(SHORT) | {"steps": 80})), Masking(), tmp_path, seed=0)
    assert curve["loss"].iloc[-3:].mean() < curve["loss"].iloc[0]
    assert curve["accuracy"].iloc[-3:].mean() > 1.5 * curve["chance"].iloc[-1]
    assert curve["audio_hours"].iloc[-1] == pytest.approx(80 * 4 * 40 * 0.02 / 3600)
    pd.testing.assert_frame_equal(curve, pd.read_csv(tmp_path / CURVE), rtol=1e-12)


KILLED = """
import json, os, signal, sys
import torch
from layerwise.pretrain.data import Masking, load_packed
from layerwise.pretrain.model import Architecture
from layerwise.pretrain.objectives import Contrastive
from layerwise.pretrain.train import Training, train

class Killed(Contrastive):
    calls = 0

    def forward(self, batch, progress):
        self.calls += 1
        if self.calls == 12:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(batch, progress)

data, folder, sizes, settings, codes = sys.argv[1:]
torch.set_num_threads(1)
torch.manual_seed(0)
learner = Killed(Architecture(**json.loads(sizes)), **json.loads(codes))
train(learner, load_packed(data), Training(**json.loads(settings)), Masking(), folder, seed=5)
"""


def test_killed_run_resumes_to_the_same_weights(packed: Path, tmp_path: Path) -> None:
    speech = load_packed(packed)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    whole = Contrastive(TOY, **CODES)
    expected = train(whole, speech, SHORT, Masking(), tmp_path / "whole", seed=5)

    eager = json.dumps(vars(SHORT) | {"checkpoint_seconds": 0.0})
    command = [sys.executable, "-c", KILLED, str(packed), str(tmp_path / "killed"), json.dumps(vars(TOY))]
    killed = subprocess.run([*command, eager, json.dumps(CODES)], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert torch.load(tmp_path / "killed" / CHECKPOINT, weights_only=True)["step"] == 11
    resumed = Contrastive(TOY, **CODES)
    curve = train(resumed, speech, SHORT, Masking(), tmp_path / "killed", seed=5)
    assert same(weights(whole), weights(resumed))
    pd.testing.assert_frame_equal(curve.drop(columns="wall_seconds"), expected.drop(columns="wall_seconds"))
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == [CHECKPOINT, CURVE]
    fewer = Training(**(vars(SHORT) | {"steps": 20}))
    with pytest.raises(ModelError, match="at step 24, beyond `steps: 20`"):
        train(resumed, speech, fewer, Masking(), tmp_path / "killed", seed=5)


def test_steps_can_be_chosen_until_the_decay_begins(packed: Path, tmp_path: Path) -> None:
    speech = load_packed(packed)
    torch.manual_seed(0)
    straight = MaskedPrediction(TOY, CLUSTERS)
    train(straight, speech, SHORT, Masking(), tmp_path / "straight", seed=0)
    torch.manual_seed(0)
    stopped = MaskedPrediction(TOY, CLUSTERS)
    longer = Training(**(vars(SHORT) | {"steps": 1000, "checkpoint_seconds": 0.0}))
    calls = iter([None] * 15)
    stop = stopped.register_forward_pre_hook(lambda *_: next(calls))
    with pytest.raises(StopIteration):
        train(stopped, speech, longer, Masking(), tmp_path / "longer", seed=0)
    stop.remove()
    train(stopped, speech, SHORT, Masking(), tmp_path / "longer", seed=0)
    assert same(weights(straight), weights(stopped))


def test_learning_rate_warms_up_stays_and_decays_to_zero() -> None:
    settings = Training(steps=1000, warmup_steps=100, decay=0.2)
    assert [settings.rate(step) for step in (0, 49, 99, 500, 800)] == [0.01, 0.5, 1, 1, 1]
    assert [settings.rate(step) for step in (900, 999)] == [0.5, 0.005]


def test_divergence_is_an_error_that_names_the_step(packed: Path, tmp_path: Path) -> None:
    learner = MaskedPrediction(TOY, CLUSTERS)
    torch.nn.init.constant_(learner.projection.bias, torch.nan)
    with pytest.raises(ModelError, match="hubert: the loss is nan at step 0: train fewer steps"):
        train(learner, load_packed(packed), SHORT, Masking(), tmp_path / "hubert", seed=0)


@pytest.fixture(scope="module")
def models(packed: Path, stem: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for objective in ("hubert", "wav2vec2"):
        target = folder / f"{objective}-tiny"
        pretrain(
            packed, stem, target, folder / objective, objective, TOY, SHORT, Masking(), 3, ("Tones, CC0.",)
        )
    return folder


def test_siblings_differ_in_the_objective_alone(models: Path) -> None:
    hubert, wav2vec2 = (pd.read_csv(models / f"{name}-tiny" / CURVE) for name in ("hubert", "wav2vec2"))
    for column in ("step", "audio_hours", "learning_rate"):
        assert hubert[column].equals(wav2vec2[column])
    assert hubert["step"].iloc[-1] == SHORT.steps
    configs = [
        json.loads((models / f"{name}-tiny" / "config.json").read_text()) for name in ("hubert", "wav2vec2")
    ]
    sizes = (
        "conv_dim",
        "conv_kernel",
        "conv_stride",
        "hidden_size",
        "num_hidden_layers",
        "intermediate_size",
    )
    assert all(configs[0][size] == configs[1][size] for size in sizes)


@pytest.mark.parametrize("name", ["hubert", "wav2vec2"])
def test_exported_folder_loads_and_encodes_the_same(
    models: Path, packed: Path, stem: Path, name: Any
) -> None:
    folder = models / f"{name}-tiny"
    saved = load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float16}
    trained = torch.load(models / name / CHECKPOINT, weights_only=True)["objective"]
    trunk = build_trunk(name, TOY).eval()
    trunk.load_state_dict(
        {key.removeprefix("trunk."): value for key, value in trained.items() if key.startswith("trunk.")}
    )
    loaded = AutoModel.from_pretrained(folder).eval()
    assert type(loaded) is type(trunk)
    waveforms = toy_batch(packed).waveforms
    with torch.no_grad():
        expected = trunk(waveforms, output_hidden_states=True).hidden_states
        actual = loaded(waveforms, output_hidden_states=True).hidden_states
    for one, other in zip(expected, actual, strict=True):
        torch.testing.assert_close(one, other.float(), atol=2e-2, rtol=2e-2)
    features = AutoFeatureExtractor.from_pretrained(folder)
    assert features.do_normalize and features.sampling_rate == 16000


def test_model_card_tells_origin_and_digest(models: Path) -> None:
    card = (models / "hubert-tiny" / "README.md").read_text()
    digest = sha256_file(models / "hubert-tiny" / "model.safetensors")
    assert digest in card and "- Tones, CC0." in card and "24 steps of 4 crops of 0.8 s" in card
    assert "| 24 | 0.02133 |" in card
    assert (models / "hubert-tiny" / "training_curve.png").stat().st_size > 1000


def test_weights_beyond_float16_are_refused(tmp_path: Path) -> None:
    trunk = build_trunk("hubert", TOY)
    torch.nn.init.constant_(trunk.masked_spec_embed, 1e6)
    origin = Origin("hubert", SHORT, Masking(), 1.0, 0, ())
    with pytest.raises(ModelError, match="big: masked_spec_embed does not fit float16"):
        export_model(trunk, origin, pd.DataFrame(), tmp_path / "big")
    assert not (tmp_path / "big").exists()
