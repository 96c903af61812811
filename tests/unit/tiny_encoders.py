"""Small random Parakeet, Qwen2-Audio and Mimi models, and what transformers itself makes of a waveform."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    EncodecFeatureExtractor,
    MimiConfig,
    MimiModel,
    ParakeetCTCConfig,
    ParakeetEncoderConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    ParakeetForTDT,
    ParakeetTDTConfig,
    PreTrainedModel,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    WhisperFeatureExtractor,
)

from layerwise.corpus.audio import resample
from layerwise.models.base import Waveform

DEPTH = 3
PARAKEET: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "subsampling_conv_channels": 4,
    "num_mel_bins": 16,
}
AUDIO: dict[str, Any] = {
    "model_type": "qwen2_audio_encoder",
    "d_model": 24,
    "encoder_layers": DEPTH,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "num_mel_bins": 20,
    "max_source_positions": 1050,
}
TEXT: dict[str, Any] = {
    "model_type": "qwen2",
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 500,
}
MIMI: dict[str, Any] = {
    "hidden_size": 24,
    "num_filters": 4,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
    "codebook_size": 16,
    "codebook_dim": 8,
    "vector_quantization_hidden_dimension": 8,
    "upsample_groups": 24,
    "num_quantizers": 2,
    "sliding_window": 40,
    "layer_scale_initial_scale": 0.5,
}


def parakeet(whole: bool = True, scale_input: bool = True) -> PreTrainedModel:
    """Return a CTC model or its encoder."""
    encoder = ParakeetEncoderConfig(**PARAKEET, scale_input=scale_input)
    if not whole:
        return AutoModel.from_config(encoder)
    return ParakeetForCTC(ParakeetCTCConfig(vocab_size=30, pad_token_id=29, encoder_config=encoder))


def parakeet_tdt() -> PreTrainedModel:
    """Return a transducer."""
    config = ParakeetTDTConfig(
        vocab_size=30, blank_token_id=29, decoder_hidden_size=16, encoder_config={**PARAKEET}
    )
    return ParakeetForTDT(config)


def qwen2_audio(whole: bool = True) -> PreTrainedModel:
    """Return the model with its language model, or the audio encoder alone."""
    model = Qwen2AudioForConditionalGeneration(
        Qwen2AudioConfig(audio_config=AUDIO, text_config=TEXT, audio_token_index=7)
    )
    return model if whole else model.model.audio_tower


def mimi(**changes: Any) -> PreTrainedModel:
    """Return the codec."""
    return MimiModel(MimiConfig(**{**MIMI, **changes}))


MAKERS: dict[str, Callable[[], PreTrainedModel]] = {
    "parakeet-ctc": parakeet,
    "parakeet-tdt": parakeet_tdt,
    "parakeet-encoder": lambda: parakeet(whole=False, scale_input=False),
    "qwen2-audio": qwen2_audio,
    "qwen2-audio-encoder": lambda: qwen2_audio(whole=False),
    "mimi": mimi,
    "mimi-16k": lambda: mimi(sampling_rate=16_000),
}


def save(name: str, folder: Path, **options: Any) -> str:
    """Save a random model with its feature extractor; return the folder as a model source."""
    torch.manual_seed(1)
    model = MAKERS[name]()
    with torch.no_grad():
        for parameter in model.parameters():  # zero biases and unit gains would hide mistakes
            parameter.add_(0.05 * torch.randn_like(parameter))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith("running_mean"):
                buffer.normal_()
            if buffer_name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
    model.save_pretrained(folder, **options)
    extractor_of(name).save_pretrained(folder)
    return str(folder)


def extractor_of(name: str) -> Any:
    """Return the feature extractor that goes with a model."""
    if name.startswith("parakeet"):
        return ParakeetFeatureExtractor(feature_size=16)
    if name.startswith("qwen2"):
        return WhisperFeatureExtractor(feature_size=20, chunk_length=21, return_attention_mask=True)
    return EncodecFeatureExtractor(sampling_rate=16_000 if name.endswith("16k") else 24_000)


class Oracle:
    """A model of transformers that encodes one utterance at a time, layers read by hooks on its modules."""

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.model: Any = AutoModel.from_pretrained(folder).eval()
        self.extractor = AutoFeatureExtractor.from_pretrained(folder)
        self.layers: dict[str, torch.Tensor] = {}
        model = self.model
        if name.startswith("parakeet"):
            blocks = (getattr(model, "encoder", None) or model).layers
        elif name.startswith("qwen2"):
            tower = getattr(model, "audio_tower", model)
            blocks = tower.layers
            for i, conv in enumerate((tower.conv1, tower.conv2), 1):
                self._hook(conv, f"C{i}", lambda value: torch.nn.functional.gelu(value).mT)
            self._hook(tower.layer_norm, f"T{DEPTH}+ln", lambda value: value)
        else:
            blocks = model.encoder.encoder_transformer.layers
            strided = [m for m in model.encoder.encoder_seanet.layers if int(getattr(m, "stride", 1)) > 1]
            for i, conv in enumerate(strided, 1):
                self._hook(conv, f"C{i}", lambda value: value.mT)
        blocks[0].register_forward_pre_hook(lambda module, args: self._keep("T0", args[0]))
        for i, block in enumerate(blocks, 1):
            self._hook(block, f"T{i}", lambda value: value)

    def _hook(self, module: torch.nn.Module, layer: str, change: Callable[..., torch.Tensor]) -> None:
        module.register_forward_hook(lambda _, __, output: self._keep(layer, change(output)))

    def _keep(self, layer: str, value: torch.Tensor) -> None:
        self.layers[layer] = value[0].clone()

    @torch.no_grad()
    def encode(self, waveform: Waveform) -> dict[str, torch.Tensor]:
        """Return each layer (frames, dim) of an utterance, its frames alone."""
        self.layers.clear()
        if self.name.startswith("mimi"):
            rate = self.extractor.sampling_rate
            waveform = waveform if rate == 16_000 else resample(waveform, 16_000, rate)
            inputs = self.extractor(waveform, sampling_rate=rate, return_tensors="pt")
            self.model.encode(inputs["input_values"], inputs["padding_mask"])
            return dict(self.layers)
        if self.name.startswith("parakeet"):
            encoder = getattr(self.model, "encoder", None) or self.model
            inputs = self.extractor(waveform, sampling_rate=16_000, return_tensors="pt")
            output = encoder(**inputs)
            frames = int(output.attention_mask.sum())
            self._keep(f"T{DEPTH}", output.last_hidden_state)
            return {layer: values[:frames] for layer, values in self.layers.items()}
        return self._qwen2_audio(waveform)

    def _qwen2_audio(self, waveform: Waveform) -> dict[str, torch.Tensor]:
        """Encode as the language model does: in the whole window, padding masked."""
        whole = hasattr(self.model, "audio_tower")
        tower = self.model.audio_tower if whole else self.model
        inputs = self.extractor(
            waveform, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True
        )
        mel = int(inputs["attention_mask"].sum())
        frames, pooled = map(int, tower._get_feat_extract_output_lengths(torch.tensor(mel)))
        if whole:
            tokens = torch.tensor([[5, *[7] * pooled, 6]])
            self.model(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                input_features=inputs["input_features"],
                feature_attention_mask=inputs["attention_mask"],
            )
        else:
            size = tower.config.max_source_positions
            tower(inputs["input_features"], attention_mask=(torch.arange(size) < frames)[None, None, None])
        ends = {"C1": mel, f"T{DEPTH}+ln": pooled}
        layers = {layer: values[: ends.get(layer, frames)] for layer, values in self.layers.items()}
        return layers | {"T0-pos": layers["C2"]}
