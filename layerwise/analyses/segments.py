"""Pooled phone and word segments of each layer with a target for each label."""

import logging
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import PreparedTarget, Request, ViewPair, row_namer
from layerwise.cca.moments import View
from layerwise.cca.splits import rare_classes
from layerwise.errors import AnalysisError
from layerwise.features.source import SegmentKind

logger = logging.getLogger(__name__)


class LabelledSegments(PreparedTarget):
    """Segments of one kind with ``encode(labels)``, parts stratified by label.

    Labels that are not ``known`` (default: all are) and classes too rare to be in training, dev and test
    parts are left out and logged. ``by_type`` puts all segments of a label into one part instead; the label
    is then also what the bootstrap resamples.
    """

    def __init__(
        self,
        request: Request,
        kind: SegmentKind,
        encode: Callable[[NDArray[Any]], View],
        *,
        known: Collection[str] | None = None,
        by_type: bool = False,
    ) -> None:
        self.source, self.kind, self.layers = request.source, kind, request.source.layers
        rows = request.rows(kind)
        if known is not None:
            rows = _without(request.name, rows, set(rows["label"]) - set(known), "without a target")
        if not by_type:
            groups = request.units(rows) if request.protocol == "corrected" else None
            rare = set(rare_classes(rows["label"].to_numpy(str), groups))
            rows = _without(request.name, rows, rare, "too rare to train and test")
        if rows["label"].nunique() < 2:
            raise AnalysisError(f"{request.name}: fewer than two classes are frequent enough: use more data")
        labels = rows["label"].to_numpy(str)
        self.rows = rows["segment"].to_numpy(np.int64)
        self.units = labels if by_type else request.units(rows)
        self.target = encode(labels)
        self.part = request.deal_types(labels) if by_type else request.deal(self.units, labels)
        self.name_row = row_namer(rows)

    def views(self, layer: str) -> ViewPair:
        """Return the segments of a layer and their targets."""
        segments = self.source.segments(self.kind, layer, self.rows)
        return ViewPair(segments, self.target, self.units, self.part, self.name_row)


def _without(name: str, rows: pd.DataFrame, labels: set[str], reason: str) -> pd.DataFrame:
    """Leave out the rows of some labels and say so."""
    kept = rows[~rows["label"].isin(labels)]
    if labels:
        logger.warning(
            "%s: %d of %d classes (%d of %d segments) left out, %s: %s",
            name,
            len(labels),
            rows["label"].nunique(),
            len(rows) - len(kept),
            len(rows),
            reason,
            ", ".join(sorted(labels)),
        )
    return kept
