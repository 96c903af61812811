"""Pooled phone and word segments of each layer with a target for each label."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import View
from layerwise.cca.splits import rare_classes
from layerwise.cca.targets.base import Comparison, Problem, Request, row_namer
from layerwise.errors import AnalysisError
from layerwise.features.source import SegmentKind

logger = logging.getLogger(__name__)


class LabelledSegments(Comparison):
    """Segments of one kind with ``encode(labels)``, parts stratified by label.

    Classes too rare to be in training, dev and test parts are left out and logged.
    """

    def __init__(self, request: Request, kind: SegmentKind, encode: Callable[[NDArray[Any]], View]) -> None:
        self.source, self.kind, self.layers = request.source, kind, request.source.layers
        rows = request.rows(kind)
        groups = request.units(rows) if request.protocol == "corrected" else None
        rare = rare_classes(rows["label"].to_numpy(str), groups)
        kept = rows[~rows["label"].isin(rare)]
        if rare:
            logger.warning(
                "%s: %d of %d classes (%d of %d segments) left out, too rare to train and test: %s",
                request.name,
                len(rare),
                rows["label"].nunique(),
                len(rows) - len(kept),
                len(rows),
                ", ".join(rare),
            )
        if kept["label"].nunique() < 2:
            raise AnalysisError(f"{request.name}: fewer than two classes are frequent enough: use more data")
        labels = kept["label"].to_numpy(str)
        self.rows = kept["segment"].to_numpy(np.int64)
        self.units = request.units(kept)
        self.target = encode(labels)
        self.part = request.deal(self.units, labels)
        self.name_row = row_namer(kept)

    def problem(self, layer: str) -> Problem:
        """Return the segments of a layer and their targets."""
        segments = self.source.segments(self.kind, layer, self.rows)
        return Problem(segments, self.target, self.units, self.part, self.name_row)
