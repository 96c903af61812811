"""Small random models of every transformers family, and what transformers itself makes of a waveform."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    Data2VecAudioConfig,
    HubertConfig,
    PreTrainedConfig,
    SeamlessM4TFeatureExtractor,
    SEWConfig,
    SEWDConfig,
    UniSpeechConfig,
    UniSpeechSatConfig,
    Wav2Vec2BertConfig,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
)

from layerwise.models.base import Waveform

TOLERANCE = 1e-4
# conv frames even and odd, alone and beside longer utterances; 0.03 s is one frame of the standard stem
SECONDS = (0.03, 20.0, 0.71, 2.5, 0.05, 1.0, 0.03)

BLOCKS: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
SMALL: dict[str, Any] = {
    **BLOCKS,
    "conv_dim": [16, 12, 12, 12, 12, 12, 16],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
LARGE: dict[str, Any] = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
DATA2VEC = {**SMALL, "num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5}
# slprl/mhubert-base-25hz: one more conv layer, and batch norm in the positional convolution
SLOWER = {
    **SMALL,
    "conv_dim": [16, 12, 12, 12, 12, 12, 12, 16],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2, 2],
    "conv_stride": [5, 2, 2, 2, 2, 2, 2, 2],
}
SQUEEZED = {**SMALL, "conv_dim": [8, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 16]}
BERT = {**BLOCKS, "output_hidden_size": 24, "left_max_position_embeddings": 16, "use_intermediate_ffn": True}

CONFIGS: dict[str, PreTrainedConfig] = {
    "wav2vec2-base": Wav2Vec2Config(**SMALL),
    "wav2vec2-large": Wav2Vec2Config(**SMALL, **LARGE),
    "mms": Wav2Vec2Config(**SMALL, **LARGE, adapter_attn_dim=8, add_adapter=True, output_hidden_size=24),
    "hubert-base": HubertConfig(**SMALL),
    "hubert-large": HubertConfig(**SMALL, **LARGE),
    "mhubert": HubertConfig(**SMALL, conv_pos_batch_norm=True),
    "mhubert-25hz": HubertConfig(**SLOWER, conv_pos_batch_norm=True),
    "distilhubert": HubertConfig(**{**SMALL, "num_hidden_layers": 2}, feat_proj_layer_norm=False),
    "wavlm-base": WavLMConfig(**SMALL),
    "wavlm-large": WavLMConfig(**SMALL, **LARGE),
    "data2vec": Data2VecAudioConfig(**DATA2VEC),
    "unispeech": UniSpeechConfig(**SMALL, **LARGE),
    "unispeech-sat-base": UniSpeechSatConfig(**SMALL),
    "unispeech-sat-large": UniSpeechSatConfig(**SMALL, **LARGE),
    "wav2vec2-conformer-relative": Wav2Vec2ConformerConfig(
        **SMALL, feat_extract_norm="layer", position_embeddings_type="relative"
    ),
    "wav2vec2-conformer-rotary": Wav2Vec2ConformerConfig(**SMALL, position_embeddings_type="rotary"),
    "sew": SEWConfig(**SQUEEZED),
    "sew-d": SEWDConfig(**SQUEEZED, feat_extract_norm="layer", position_buckets=16),
    "w2v-bert": Wav2Vec2BertConfig(**BERT, position_embeddings_type="relative_key"),
    "w2v-bert-rotary": Wav2Vec2BertConfig(**BERT, position_embeddings_type="rotary", add_adapter=True),
}
FINAL_NORM = frozenset(
    {name for name, config in CONFIGS.items() if getattr(config, "do_stable_layer_norm", False)}
    | {"wav2vec2-conformer-relative", "wav2vec2-conformer-rotary"}
)


def noise(seconds: float, seed: int) -> Waveform:
    generator = np.random.default_rng(seed)
    level = generator.uniform(0.01, 0.5)
    samples = level * generator.standard_normal(round(seconds * 16_000)) + 0.05
    return samples.astype(np.float32)


WAVEFORMS = [noise(seconds, seed) for seed, seconds in enumerate(SECONDS)]


def save(name: str, folder: Path, do_normalize: bool = True) -> str:
    """Save a random model of a family with its feature extractor; return the folder as a model source."""
    torch.manual_seed(1)
    model = AutoModel.from_config(CONFIGS[name])
    with torch.no_grad():
        for parameter in model.parameters():  # zero biases and unit gains would hide mistakes
            parameter.add_(0.05 * torch.randn_like(parameter))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith("running_mean"):
                buffer.normal_()
            if buffer_name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
    model.save_pretrained(folder)
    if name.startswith("w2v-bert"):
        SeamlessM4TFeatureExtractor(padding_value=1.0).save_pretrained(folder)
    else:
        Wav2Vec2FeatureExtractor(do_normalize=do_normalize).save_pretrained(folder)
    return str(folder)


class Oracle:
    """A model of transformers that encodes one utterance at a time, layers read by hooks on its modules."""

    def __init__(self, folder: str) -> None:
        self.model = AutoModel.from_pretrained(folder).eval()
        self.extractor = AutoFeatureExtractor.from_pretrained(folder)
        self.layers: dict[str, torch.Tensor] = {}
        encoder = self.model.encoder
        blocks: Sequence[torch.nn.Module] = getattr(encoder, "layers", None) or encoder.encoder.layer
        convs = getattr(getattr(self.model, "feature_extractor", None), "conv_layers", [])
        for i, conv in enumerate(convs, 1):
            conv.register_forward_hook(lambda *args, i=i: self._keep(f"C{i}", args[-1].transpose(1, 2)))
        blocks[0].register_forward_pre_hook(lambda module, args: self._keep("T0", args[0]))
        for i, block in enumerate(blocks, 1):
            block.register_forward_hook(lambda *args, i=i: self._keep(f"T{i}", args[-1]))

    def _keep(self, layer: str, value: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        tensor = value[0] if isinstance(value, tuple) else value
        self.layers[layer] = tensor.reshape(-1, tensor.shape[-1]).clone()

    def encode(self, waveform: Waveform) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return each layer (frames, dim) of an utterance, and the last hidden state."""
        inputs = self.extractor(waveform, sampling_rate=16_000, return_tensors="pt")
        self.layers.clear()
        with torch.no_grad():
            output = self.model(**inputs, output_hidden_states=True)
        frames = int(inputs["attention_mask"].sum()) if "attention_mask" in inputs else None
        assert torch.equal(output.hidden_states[0][0], self.layers["T0"])
        layers = {layer: values[:frames] for layer, values in self.layers.items()}
        return layers, output.last_hidden_state[0, :frames]


def assert_close(ours: np.ndarray, theirs: torch.Tensor, what: str) -> None:
    assert ours.dtype == np.float32
    assert ours.shape == tuple(theirs.shape), what
    assert np.abs(ours - theirs.numpy()).max() < TOLERANCE, what
