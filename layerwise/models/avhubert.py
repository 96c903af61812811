"""AV-HuBERT (Shi et al., arXiv 2201.02184), its audio stream alone: ``avhubert:FILE``.

FILE is a pre-trained checkpoint of the authors (facebookresearch/av_hubert), as fairseq wrote it. The input
is 26 log filterbank energies every 10 ms, 4 of them stacked to 104 numbers every 40 ms; where the video's
features would join, there are zeros, as in the authors' code for a missing stream.

Layers: ``C1`` is the projected filterbanks (a linear map of 4 frames, so a convolution over them; layer 0
of Pasad et al.), ``T0`` the input of the first block: C1 and the zeros, through layer norm and projection,
plus the positional convolution. ``Tl`` is what block l returns; published models are pre-LN and have
``TL+ln`` too.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import HubertConfig
from transformers.models.hubert.modeling_hubert import HubertPreTrainedModel

from layerwise.errors import ModelError
from layerwise.models import filterbank
from layerwise.models.base import Grid, Layer, LoadOptions, SpeechModel, Waveform
from layerwise.models.blocks import describe_blocks
from layerwise.models.fairseq_encoder import (
    Fields,
    build,
    encoder_of,
    file_revision,
    original_name,
    run_encoder,
)
from layerwise.models.unpickle import read_checkpoint

# the video stream, and the heads and the mask of pre-training
UNUSED = ("feature_extractor_video", "mask_emb", "final_proj", "target_glu", "label_embs_concat")


class AudioStream(HubertPreTrainedModel):  # type: ignore[no-untyped-call]
    """The weights that the audio stream uses, under their original names but for the encoder's."""

    def __init__(self, config: HubertConfig, inputs: int, fused: int) -> None:
        super().__init__(config)
        self.feature_extractor_audio = nn.ModuleDict({"proj": nn.Linear(inputs, config.hidden_size)})
        self.layer_norm = nn.LayerNorm(fused)
        self.post_extract_proj = (
            nn.Linear(fused, config.hidden_size) if fused != config.hidden_size else nn.Identity()
        )
        self.encoder = encoder_of(config)
        self.post_init()  # type: ignore[no-untyped-call]


class AVHubert(SpeechModel):
    """The audio stream of an AV-HuBERT checkpoint."""

    def __init__(
        self,
        model: Mapping[str, Any],
        task: Mapping[str, Any],
        weights: Mapping[str, Any],
        where: str,
        options: LoadOptions,
    ) -> None:
        """``model`` and ``task`` are these sections of the checkpoint's configuration."""
        fields, front_end = Fields(model, f"{where}, cfg.model"), Fields(task, f"{where}, cfg.task")
        fields.require("sub_encoder_layers", 0, 0)
        self.stack = front_end.get("stack_order_audio", 1)
        self.normalise = front_end.get("normalize", False)
        inputs = fields.require("audio_feat_dim", 104, filterbank.N_FILTERS * self.stack)
        config = HubertConfig(**fields.encoder())
        fuse = fields.require("modality_fuse", "concat", "concat", "add")
        self.video = config.hidden_size if fuse == "concat" else 0
        self.device, self.dtype = options.device, options.dtype
        self.network = build(
            lambda: AudioStream(config, inputs, config.hidden_size + self.video),
            options,
            weights,
            name=original_name,
            unused=UNUSED,
            where=where,
        )
        self.parameters = self.network.num_parameters()
        # pre-emphasis looks one sample back
        hop, before = filterbank.HOP, 1
        field = before + filterbank.WINDOW + (self.stack - 1) * hop
        grid = Grid(self.stack * hop, field, Fraction(field - 1, 2) - before)
        meaning = f"{self.stack} stacked frames of log filterbanks, projected"
        self.table = {
            "C1": Layer(config.hidden_size, grid, meaning),
            **describe_blocks(
                config.hidden_size, grid, config.num_hidden_layers, config.do_stable_layer_norm
            ),
        }

    def num_frames(self, samples: int, layer: str) -> int:
        """Return the number of stacked frames: the last one may be padded."""
        return -(-filterbank.num_frames(samples) // self.stack)

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        features = [torch.from_numpy(self._features(waveform)) for waveform in waveforms]
        frames = [len(feature) for feature in features]
        values = nn.utils.rnn.pad_sequence(features, batch_first=True)
        if self.normalise:
            values = nn.functional.layer_norm(values, values.shape[-1:])
        audio = self.network.feature_extractor_audio["proj"](values.to(self.device, self.dtype))
        fused = nn.functional.pad(audio, (0, self.video))  # zeros in place of the video's features
        hidden = self.network.post_extract_proj(self.network.layer_norm(fused))
        return {"C1": audio, **run_encoder(self.network.encoder, hidden, frames)}

    def _features(self, waveform: Waveform) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return stacked log filterbanks (frames, 26 x stack), zeros for frames after the last one."""
        energies = filterbank.log_filterbank(waveform)
        padded = np.pad(energies, ((0, -len(energies) % self.stack), (0, 0)))
        return padded.reshape(-1, self.stack * filterbank.N_FILTERS)


def load(location: str, options: LoadOptions) -> AVHubert:
    """Load a pre-trained AV-HuBERT checkpoint file, or make its random twin."""
    checkpoint = read_checkpoint(location)
    cfg, weights = checkpoint.get("cfg"), checkpoint.get("model")
    if not (isinstance(cfg, dict) and isinstance(weights, dict)):
        raise ModelError(f"{location}: has no `cfg` and `model` dictionaries; it is no fairseq checkpoint")
    model, task = cfg.get("model"), cfg.get("task")
    if not (isinstance(model, dict) and isinstance(task, dict)):
        raise ModelError(f"{location}: its `cfg` has no `model` and `task` dictionaries")
    if (kind := model.get("_name")) != "av_hubert":
        raise ModelError(
            f"{location}: is a checkpoint of {kind!r}; layerwise reads pre-trained ones ('av_hubert') only, "
            "not fine-tuned ones and not other models of fairseq"
        )
    revision = file_revision(Path(location), options)
    loaded = AVHubert(model, task, weights, location, options)
    loaded.revision = revision
    return loaded
