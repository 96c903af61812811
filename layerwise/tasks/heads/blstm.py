"""SUPERB's head for speech recognition: recurrent, for CTC on characters."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from layerwise.seeds import derive_seed
from layerwise.tasks.heads.base import Head, Heads, Parameters

WIDTH = 1024
DROPOUT = 0.2


class BlstmHeads(Heads):
    """linear(1,024), two bidirectional LSTM layers of 1,024, linear(outputs), as S3PRL's RNNs for ASR.

    Under ``paper`` a fifth of the outputs of each LSTM layer is dropped in training, as there; dropping is
    drawn from the head's seed and the step, the same for all layers of the model. Heads are run in turn: this
    one has 45 million parameters, so that 14 heads with Adam take 10 GB.
    """

    def sizes(self) -> Mapping[str, tuple[tuple[int, ...], int]]:
        """Those of a projection, of the LSTM layers as PyTorch names them, and of the output."""
        sizes: dict[str, tuple[tuple[int, ...], int]] = {
            "projection_weight": ((self.shape.dim, WIDTH), self.shape.dim),
            "projection_bias": ((WIDTH,), self.shape.dim),
            "output_weight": ((2 * WIDTH, self.shape.outputs), 2 * WIDTH),
            "output_bias": ((self.shape.outputs,), 2 * WIDTH),
        }
        for layer, width in enumerate((WIDTH, 2 * WIDTH)):
            for way in ("", "_reverse"):
                sizes[f"lstm{layer}_weight_ih_l0{way}"] = ((4 * WIDTH, width), WIDTH)
                sizes[f"lstm{layer}_weight_hh_l0{way}"] = ((4 * WIDTH, WIDTH), WIDTH)
                sizes[f"lstm{layer}_bias_ih_l0{way}"] = ((4 * WIDTH,), WIDTH)
                sizes[f"lstm{layer}_bias_hh_l0{way}"] = ((4 * WIDTH,), WIDTH)
        return sizes

    def apply(self, frames: Tensor, own: Parameters, heads: Sequence[Head], lengths: Sequence[int]) -> Tensor:
        """Run one head after the other; frames behind an item's end give zeros."""
        logits = []
        for number, head in enumerate(heads):
            values = {name: stacked[number] for name, stacked in own.items()}
            mine = frames[number] if frames.dim() == 3 else frames
            hidden = mine @ values["projection_weight"] + values["projection_bias"]
            hidden = hidden.view(-1, len(lengths), WIDTH)
            for layer in range(2):
                hidden = self._recur(hidden, values, layer, lengths)
                if self.superb and self.step is not None:
                    hidden = hidden * self._kept(hidden, layer, head.seed)
            logits.append(hidden.flatten(0, 1) @ values["output_weight"] + values["output_bias"])
        return torch.stack(logits, dim=1)

    def _recur(
        self, hidden: Tensor, values: Mapping[str, Tensor], layer: int, lengths: Sequence[int]
    ) -> Tensor:
        """One bidirectional layer on (frames, items, width), each item over its own frames."""
        with torch.device("meta"):
            module = nn.LSTM(hidden.shape[-1], WIDTH, bidirectional=True, dtype=hidden.dtype)
        prefix = f"lstm{layer}_"
        weights = {
            name.removeprefix(prefix): value.contiguous()
            for name, value in values.items()
            if name.startswith(prefix)
        }
        packed = pack_padded_sequence(hidden, torch.tensor(lengths), enforce_sorted=False)
        output, _ = functional_call(module, weights, (packed,))
        return pad_packed_sequence(output, total_length=len(hidden))[0]

    def _kept(self, hidden: Tensor, layer: int, seed: int) -> Tensor:
        """Zero for what is dropped in this step, and what makes up for it elsewhere."""
        generator = torch.Generator().manual_seed(derive_seed(seed, "dropout", layer, self.step))
        drawn = torch.rand(hidden.shape, generator=generator)
        return ((drawn >= DROPOUT) / (1 - DROPOUT)).to(hidden)
