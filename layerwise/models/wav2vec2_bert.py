"""w2v-BERT 2.0: conformer blocks on log-mel filterbanks, with no convolutional stem.

The checkpoint's feature extractor makes 80 Kaldi filterbanks every 10 ms (25 ms windows), normalises each
over the utterance and stacks pairs of frames, so that frames come every 20 ms. Layers: ``T0`` is the input of
the first block (the stacked filterbanks after layer norm and projection), ``Tl`` what block l returns; each
block ends in a layer norm of its own.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModel

from layerwise.corpus.audio import SAMPLE_RATE
from layerwise.models.base import Grid, LoadOptions, SpeechModel, Waveform
from layerwise.models.blocks import capturing, describe_blocks
from layerwise.models.huggingface import Checkpoint

WINDOW, HOP = 400, 160  # samples; fixed in transformers' SeamlessM4TFeatureExtractor


class Wav2Vec2BertModel(SpeechModel):
    """A w2v-BERT 2.0 encoder with its filterbanks."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.revision = checkpoint.revision
        self.device = checkpoint.options.device
        self.dtype = checkpoint.options.dtype
        self.extractor = checkpoint.extractor
        self.model = checkpoint.build(AutoModel)
        self.parameters = self.model.num_parameters()
        self.blocks = self.model.encoder.layers
        stack = self.extractor.stride
        grid = Grid.unpadded(stack * HOP, WINDOW + (stack - 1) * HOP)
        self.table = describe_blocks(checkpoint.config.hidden_size, grid, len(self.blocks), final_norm=False)

    def num_frames(self, samples: int, layer: str) -> int:
        """Return how many whole pairs of filterbank frames there are; an odd last one is not encoded."""
        return self.grid(layer).whole_frames(samples)

    def _forward(self, waveforms: Sequence[Waveform]) -> dict[str, torch.Tensor]:
        features = np.asarray(
            self.extractor(list(waveforms), sampling_rate=SAMPLE_RATE, pad_to_multiple_of=None)[
                "input_features"
            ]
        )
        ends = [self.num_frames(len(waveform), "T0") for waveform in waveforms]
        mask = None
        if len(set(ends)) > 1:
            valid = torch.arange(features.shape[1]) < torch.tensor(ends)[:, None]
            mask = valid.long().to(self.device)
        with capturing((), self.blocks) as captured:
            self.model(torch.from_numpy(features).to(self.device, self.dtype), attention_mask=mask)
        return captured


def load(location: str, options: LoadOptions) -> Wav2Vec2BertModel:
    """Load a w2v-BERT 2.0 encoder."""
    return Wav2Vec2BertModel(Checkpoint(location, options))
