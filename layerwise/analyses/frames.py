"""Frames of a layer paired with frames of log-mel or of another layer."""

import logging
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from layerwise.analyses.base import PreparedTarget, Request, ViewPair, frame_namer
from layerwise.cca.moments import Index, RowsOf, View
from layerwise.errors import AnalysisError
from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol

logger = logging.getLogger(__name__)


class FrameTimes(NamedTuple):
    """Frames of concatenated utterances: offsets (U + 1), and when they are, in seconds."""

    offsets: Index
    stride: Fraction
    first_centre: Fraction


class FramePairs(NamedTuple):
    """Rows of paired frames in two grids, and the utterance (0..U-1) of each pair; all (n,).

    ``dropped``: layer frames whose partner the target does not have.
    """

    layer: Index
    target: Index
    utterance: Index
    dropped: int

    def where(self, chosen: NDArray[np.bool_]) -> "FramePairs":
        """Return the pairs that are chosen, (n,)."""
        return FramePairs(self.layer[chosen], self.target[chosen], self.utterance[chosen], self.dropped)


def pair_frames(layer: FrameTimes, target: FrameTimes, protocol: Protocol = "corrected") -> FramePairs:
    """Pair each frame of a layer with one frame of a target, whatever their strides.

    ``corrected``: the target frame whose centre is nearest (ties: the later), in exact fractions.
    ``paper``: target frame i * step for layer frame i (rounded where the strides have no whole ratio),
    whatever their centres. Utterances are cut to what both grids have. Raises AnalysisError if the grids have
    different utterances.
    """
    if len(layer.offsets) != len(target.offsets):
        raise AnalysisError(
            f"the layer has {len(layer.offsets) - 1} utterances and the target {len(target.offsets) - 1}; "
            "extract both from the same manifest"
        )
    step = layer.stride / target.stride
    lead = Fraction(0)
    if protocol == "corrected":
        lead = (layer.first_centre - target.first_centre) / target.stride
    first = lead + Fraction(1, 2)
    # The target frame of layer frame i is floor(first + i step), in whole numbers.
    slope, start_at = step.numerator * first.denominator, first.numerator * step.denominator
    unit = step.denominator * first.denominator
    rows, partners, utterances, dropped = [], [], [], 0
    for utterance, (start, stop) in enumerate(zip(layer.offsets[:-1], layer.offsets[1:], strict=True)):
        begin, end = target.offsets[utterance], target.offsets[utterance + 1]
        own = np.arange(stop - start)
        partner = (own * slope + start_at) // unit
        inside = (partner >= 0) & (partner < end - begin)
        rows.append(start + own[inside])
        partners.append(begin + partner[inside])
        utterances.append(np.full(int(inside.sum()), utterance))
        dropped += int((~inside).sum())
    return FramePairs(np.concatenate(rows), np.concatenate(partners), np.concatenate(utterances), dropped)


def open_frames(store: FeatureSource, layer: str, utterances: Sequence[str]) -> tuple[RowsOf, FrameTimes]:
    """Return the frames (n, dim) of utterances in a layer, read only where they are used, and their grid."""
    bounds = store.frame_offsets(layer, utterances)
    offsets = np.concatenate([[0], np.cumsum(bounds[:, 1] - bounds[:, 0])])
    rows = np.concatenate([np.arange(start, stop) for start, stop in bounds])
    grid = FrameTimes(offsets, store.stride(layer), store.first_centre(layer))
    return RowsOf(store.frames_view(layer), rows), grid


class PairedFrames(PreparedTarget):
    """Frames of each layer with those of ``target_layer`` in the store ``target``, paired in time.

    ``layers`` are all of the model unless they are given. ``layer_first``: x is the layer and y the target;
    else the other way round.
    """

    def __init__(
        self,
        request: Request,
        target: FeatureSource,
        target_layer: str,
        layers: Sequence[str] | None = None,
        *,
        layer_first: bool,
    ) -> None:
        self.request, self.layer_first = request, layer_first
        rows = request.rows("utterance")
        self.utterances = rows["utt_id"].tolist()
        self.units, self.drawn = request.units(rows), request.drawn(rows)
        request.check_utterances()
        self.given = request.describe(rows)
        self.layers = request.source.layers if layers is None else tuple(layers)
        target_frames, self.target_grid = open_frames(target, target_layer, self.utterances)
        self.target: View = target_frames
        self.kept: NDArray[np.bool_] | None = None  # target frames that take part, all unless a subclass says

    def views(self, layer: str) -> ViewPair:
        """Return the frames of a layer that have a partner, and their partners."""
        frames, grid = open_frames(self.request.source, layer, self.utterances)
        pairs = pair_frames(grid, self.target_grid, self.request.protocol)
        if pairs.dropped:
            logger.info(
                "%s, layer %s: %d of %d frames have no partner and are left out",
                self.request.name,
                layer,
                pairs.dropped,
                int(grid.offsets[-1]),
            )
        if self.kept is not None:
            pairs = pairs.where(self.kept[pairs.target])
        layer_view = RowsOf(frames.view, frames.rows[pairs.layer])
        target = RowsOf(self.target, pairs.target)
        x, y = (layer_view, target) if self.layer_first else (target, layer_view)
        name_row = frame_namer(self.utterances, grid.offsets, pairs.layer)
        given = None if self.given is None else RowsOf(self.given, pairs.utterance)
        return ViewPair(
            x,
            y,
            self.drawn[pairs.utterance],
            self.request.deal(self.units[pairs.utterance]),
            name_row,
            given,
            within=pairs.utterance,
            layer="x" if self.layer_first else "y",
        )
