"""The frames of one stored layer as measures take them: by utterance, read when they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.features.source import FeatureSource


class LayerFrames(Mapping[str, NDArray[np.float32]]):
    """Frames (frames, dim) of a layer by utterance."""

    def __init__(self, source: FeatureSource, layer: str) -> None:
        self.source, self.layer = source, layer

    def __getitem__(self, utt_id: str) -> NDArray[np.float32]:
        return self.source.frames(self.layer, [utt_id])[0]

    def __contains__(self, utt_id: Any) -> bool:
        return utt_id in self.source.utterances

    def __iter__(self) -> Iterator[str]:
        return iter(self.source.utterances)

    def __len__(self) -> int:
        return len(self.source.utterances)


def by_layers(
    layers: Sequence[str], counts: Mapping[str, int], what: str, reason: str
) -> list[tuple[str, str]]:
    """Say how many were left out and why, once for all layers that left out as many."""
    found = sorted({count for count in counts.values() if count})
    return [
        (
            f"{count} {what}",
            f"{reason} ({', '.join(layer for layer in layers if counts.get(layer) == count)})",
        )
        for count in found
    ]
