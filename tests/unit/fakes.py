"""A feature source in memory."""

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


class FakeSource:
    """Features given as {layer: {utt_id: (frames, dim)}}; segments as {(kind, layer): (segments, dim)}."""

    def __init__(self, features: Mapping, segments: Mapping = {}, model="fake", stride=Fraction(1, 50)):
        self.features = features
        self.pooled = segments
        self.model = model
        self.layers = tuple(features)
        self.utterances = self.mean_utterances = tuple(next(iter(features.values())))
        self.frame_stride = stride

    def stride(self, layer: str) -> Fraction:
        return self.frame_stride

    def first_centre(self, layer: str) -> Fraction:
        return Fraction(1, 80)

    def dim(self, layer: str) -> int:
        return next(iter(self.features[layer].values())).shape[1]

    def frames(
        self, layer: str, utt_ids: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        parts = [self.features[layer][utt_id] for utt_id in (self.utterances if utt_ids is None else utt_ids)]
        return np.concatenate(parts), np.cumsum([0, *(len(part) for part in parts)])

    def frame_offsets(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.int64]:
        ends = np.cumsum([0, *map(len, self.features[layer].values())])
        bounds = dict(zip(self.features[layer], itertools.pairwise(ends), strict=True))
        wanted = self.utterances if utt_ids is None else utt_ids
        return np.array([bounds[utt_id] for utt_id in wanted], dtype=np.int64).reshape(-1, 2)

    def frames_view(self, layer: str) -> NDArray[np.float32]:
        return self.frames(layer)[0]

    def segments(self, kind: str, layer: str, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        pooled = self.pooled[kind, layer]
        return pooled if rows is None else pooled[rows]

    def utterance_means(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.float32]:
        ids = self.utterances if utt_ids is None else utt_ids
        return np.stack([self.features[layer][utt_id].mean(axis=0) for utt_id in ids])
