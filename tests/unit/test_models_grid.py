"""Frame grids: a click in the waveform moves the frames that see it, by the grid, and no other."""

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
import torch
from tiny_models import noise, save
from transformers import AutoModel, WhisperConfig, WhisperFeatureExtractor

from layerwise.models import SpeechModel, load_model
from layerwise.models.base import Grid

SAMPLES = 4000
CLICKS = (0, 1, 9, 399, 400, 719, 1234, 2000, 3519, 3999)


def frames_that_see(grid: Grid, sample: int, frames: int) -> list[int]:
    reach = Fraction(grid.receptive_field - 1, 2)
    return [
        frame for frame in range(frames) if abs(grid.first_centre + frame * grid.stride - sample) <= reach
    ]


def assert_clicks_move_what_the_grid_says(
    model: SpeechModel, layers: list[str], clicks: tuple[int, ...] = CLICKS
) -> None:
    """Layers must be free of statistics over the utterance."""
    waveform = noise(SAMPLES / 16_000, 11)
    before = model.encode([waveform])[0]
    for click in clicks:
        clicked = waveform.copy()
        clicked[click] += 1
        after = model.encode([clicked])[0]
        for layer in layers:
            moved = np.flatnonzero((after[layer] != before[layer]).any(axis=1)).tolist()
            assert moved == frames_that_see(model.grid(layer), click, len(before[layer])), (layer, click)


@pytest.mark.parametrize("name", ["wav2vec2-large", "data2vec", "sew-d", "wav2vec2-conformer-relative"])
def test_clicks_through_stems_with_layer_norm(name: str, tmp_path: Path) -> None:
    model = load_model(save(name, tmp_path, do_normalize=False))
    assert_clicks_move_what_the_grid_says(model, [layer for layer in model.layers if layer[0] == "C"])


@pytest.mark.parametrize("name", ["wavlm-base", "sew"])
def test_clicks_through_stems_whose_group_norm_is_taken_out(name: str, tmp_path: Path) -> None:
    """A group norm lets every sample move every frame, a little; the grid is that of the convolutions."""
    model = load_model(save(name, tmp_path, do_normalize=False))
    for conv in model.convs:  # type: ignore[attr-defined]
        if isinstance(getattr(conv, "layer_norm", None), torch.nn.GroupNorm):
            conv.layer_norm = torch.nn.Identity()
    assert_clicks_move_what_the_grid_says(model, [layer for layer in model.layers if layer[0] == "C"])


def test_clicks_through_w2v_bert_whose_filterbanks_are_not_normalised(tmp_path: Path) -> None:
    model = load_model(save("w2v-bert", tmp_path))
    extractor = model.extractor  # type: ignore[attr-defined]
    model.extractor = partial(extractor, do_normalize_per_mel_bins=False)  # type: ignore[attr-defined]
    assert model.grid("T0") == Grid(320, 560, Fraction(559, 2))
    assert_clicks_move_what_the_grid_says(model, ["T0"])


def test_clicks_through_whisper(tmp_path: Path) -> None:
    config = WhisperConfig(
        d_model=24,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        max_source_positions=50,
    )
    AutoModel.from_config(config).encoder.save_pretrained(tmp_path)
    WhisperFeatureExtractor(chunk_length=1).save_pretrained(tmp_path)
    model = load_model(str(tmp_path))
    # before sample 200 the extractor mirrors the waveform, so that a click there counts twice
    clicks = tuple(click for click in CLICKS if click > 200)
    assert_clicks_move_what_the_grid_says(model, ["C1", "C2", "T0"], clicks)


def test_clicks_through_parakeet_whose_log_mel_is_not_normalised(tmp_path: Path) -> None:
    model = load_model(tiny_encoders.save("parakeet-encoder", tmp_path))
    extractor = model.extractor  # type: ignore[attr-defined]
    layers = model.model.subsampling.layers  # type: ignore[attr-defined]
    for number, layer in enumerate(layers):
        if isinstance(layer, torch.nn.ReLU):  # with few channels, it hides what moves
            layers[number] = torch.nn.Identity()

    def unnormalised(waveforms: list[np.ndarray], sampling_rate: int) -> dict[str, torch.Tensor]:
        wave = torch.from_numpy(waveforms[0])[None]
        emphasised = torch.cat([wave[:, :1], wave[:, 1:] - 0.97 * wave[:, :-1]], dim=1)
        mel = extractor._torch_extract_fbank_features(emphasised)
        mask = torch.arange(mel.shape[1])[None] < wave.shape[1] // 160
        return {"input_features": mel * mask[..., None], "attention_mask": mask}

    model.extractor = unnormalised  # type: ignore[attr-defined]
    assert model.grid("T0") == Grid(1280, 2639, Fraction(-1))
    clicks = tuple(click for click in CLICKS if click < 3840)  # log-mel's last frame is masked
    assert_clicks_move_what_the_grid_says(model, ["T0"], clicks)


def test_clicks_through_qwen2_audio(tmp_path: Path) -> None:
    model = load_model(tiny_encoders.save("qwen2-audio-encoder", tmp_path))
    # before sample 200 the extractor mirrors the waveform, so that a click there counts twice
    clicks = tuple(click for click in CLICKS if click > 200)
    assert_clicks_move_what_the_grid_says(model, ["C1", "C2", "T0"], clicks)
    assert model.grid("T3+ln") == Grid(640, 1359, Fraction(160))


def test_clicks_through_mimi(tmp_path: Path) -> None:
    model = load_model(tiny_encoders.save("mimi-16k", tmp_path))
    assert_clicks_move_what_the_grid_says(model, ["C1", "C2", "C3", "C4", "T0"])
    assert model.grid("C2") == Grid(20, 60, Fraction(-21, 2))


def test_mimi_hears_nothing_of_what_follows_a_frame(tmp_path: Path) -> None:
    model = load_model(tiny_encoders.save("mimi-16k", tmp_path))
    waveform = noise(1.0, 3)
    cut = 10 * int(model.grid("T0").stride)
    whole, start = (model.encode([wave])[0] for wave in (waveform, waveform[:cut]))
    for layer, values in start.items():
        np.testing.assert_allclose(whole[layer][: len(values)], values, atol=1e-5)


def test_grid_of_mimi_in_samples_at_16_khz(tmp_path: Path) -> None:
    model = load_model(tiny_encoders.save("mimi", tmp_path))
    assert [model.grid(f"C{i}").stride for i in range(1, 5)] == [Fraction(8, 3), Fraction(40, 3), 80, 640]
    assert model.frame_stride == Fraction(1, 25)
    assert model.grid("T0") == Grid(640, Fraction(8561, 3), Fraction(-787))


def test_grids_of_the_standard_stem(tmp_path: Path) -> None:
    model = load_model(save("wav2vec2-base", tmp_path))
    assert [model.grid(f"C{i}").receptive_field for i in range(1, 8)] == [10, 20, 40, 80, 160, 240, 400]
    assert model.frame_stride == Fraction(1, 50)
    assert model.grid("T2").first_centre_seconds == Fraction(399, 32_000)
    assert [model.dim(layer) for layer in ("C1", "C2", "T3")] == [16, 12, 24]
    assert model.num_frames(16_000, "T0") == 49


def test_grids_of_a_squeezed_model(tmp_path: Path) -> None:
    model = load_model(save("sew", tmp_path))
    assert model.grid("C13") == Grid(320, 400, Fraction(399, 2))
    assert model.grid("T0") == Grid(640, 720, Fraction(719, 2))
    assert [model.num_frames(samples, "T3") for samples in (719, 720, 1359, 1360)] == [0, 1, 1, 2]
