"""What the analyses and tasks need of a feature store, and nothing more."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

SegmentKind = Literal["phone", "word"]


class FrameView(Protocol):
    """The stored frames of one layer, (frames, dim), read on demand."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of stored frames and dimensions."""

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Read the wanted rows (n, dim), and of the store no more than the chunks they lie in."""


class FeatureSource(Protocol):
    """Read access to the stored features of one model.

    Layers are named ``C1..``, ``T0..TL`` and ``TL+ln``. Frames of utterances are concatenated in the
    order of ``utterances``; segment rows are those of ``samples/segments.parquet`` for their kind.
    """

    @property
    def model(self) -> str:
        """Name of the model in the run's config."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the stored layers, from the input upwards."""

    @property
    def utterances(self) -> tuple[str, ...]:
        """Ids of the utterances whose frames are stored, in stored order."""

    @property
    def mean_utterances(self) -> tuple[str, ...]:
        """Ids of the utterances whose mean frames are stored, in stored order."""

    def stride(self, layer: str) -> Fraction:
        """Seconds between stored frames of a layer (conv layers faster than 10 ms are stored at 10 ms)."""

    def first_centre(self, layer: str) -> Fraction:
        """Seconds from the start of the waveform to the centre of a layer's first frame."""

    def dim(self, layer: str) -> int:
        """Number of dimensions of a layer."""

    def frames(
        self, layer: str, utt_ids: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return frames (n, dim) of the given utterances (default: all) and offsets (len(utt_ids) + 1)."""

    def frame_offsets(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Return first and last-plus-one frame of each utterance in ``frames_view``: (len(utt_ids), 2)."""

    def frames_view(self, layer: str) -> FrameView:
        """Return the stored frames of a layer without reading them."""

    def segments(
        self, kind: SegmentKind, layer: str, rows: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return pooled segments (len(rows), dim); phones: middle third, words: all frames."""

    def utterance_means(self, layer: str, utt_ids: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return each utterance's mean over all its frames, (len(utt_ids), dim)."""
