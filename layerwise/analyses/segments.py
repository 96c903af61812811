"""Pooled phone and word segments of each layer with a target for each label."""

import logging
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import PreparedTarget, Request, ViewPair, row_namer
from layerwise.analyses.control import Control, control_labels
from layerwise.cca.moments import View
from layerwise.cca.splits import rare_classes
from layerwise.errors import InfeasibleError
from layerwise.features.source import SegmentKind

logger = logging.getLogger(__name__)


class LabelledSegments(PreparedTarget):
    """Segments of one kind with ``encode(targets)``, parts stratified by target.

    ``rows`` are sampled rows of that kind (default: all), which may have two more columns: ``target``, what
    is encoded in place of the label, and ``type``, what a type is if not the target. Targets that are
    not ``known`` (default: all are) and classes too rare to be in training, dev and test parts are left out
    and logged. Where the request splits by type, all segments of a type are in one part; the type is then
    also what intervals resample. ``control`` says how control targets are made (`control_labels`).

    Raises InfeasibleError where fewer than two classes, or fewer units than parts, are left.
    """

    def __init__(
        self,
        request: Request,
        kind: SegmentKind,
        encode: Callable[[NDArray[Any]], View],
        *,
        known: Collection[str] | None = None,
        rows: pd.DataFrame | None = None,
        control: Control = "draw",
    ) -> None:
        self.source, self.kind = request.source, kind
        by_type = request.split == "type"
        rows = request.rows(kind) if rows is None else rows
        rows = rows.assign(target=rows.get("target", rows["label"]))
        rows = rows.assign(type=rows.get("type", rows["target"]))
        if known is not None:
            rows = _without(request.name, rows, set(rows["target"]) - set(known), "without a target")
        units = rows["type"].to_numpy(str) if by_type else request.units(rows)
        one_type_each = by_type and rows.groupby("target")["type"].nunique().max() == 1
        if not one_type_each:
            groups = units if by_type or request.protocol == "corrected" else None
            rare = set(rare_classes(rows["target"].to_numpy(str), groups))
            keep = ~rows["target"].isin(rare).to_numpy()
            rows, units = _without(request.name, rows, rare, "too rare to train and test"), units[keep]
        if rows["target"].nunique() < 2:
            raise InfeasibleError(
                f"{request.name}: fewer than two classes are frequent enough: use more data"
            )
        targets, types = rows["target"].to_numpy(str), rows["type"].to_numpy(str)
        self.rows = rows["segment"].to_numpy(np.int64)
        self.drawn = types if by_type else request.drawn(rows)
        self.speakers = None if by_type else rows["speaker"].to_numpy(str)
        spread = None if one_type_each else targets
        self.part = request.deal_types(types, spread) if by_type else request.deal(units, spread)
        self.given = request.describe(rows)
        self.target = encode(targets)
        self.control: View | None = None
        if request.options.control and control != "none":
            self.control = encode(control_labels(types, targets, request.seed, control))
        self.name_row = row_namer(rows)
        self.layers = request.source.layers

    def views(self, layer: str) -> ViewPair:
        """Return the segments of a layer and their targets."""
        segments = self.source.segments(self.kind, layer, self.rows)
        return ViewPair(
            segments,
            self.target,
            self.drawn,
            self.part,
            self.name_row,
            self.given,
            self.control,
            speakers=self.speakers,
        )


def _without(name: str, rows: pd.DataFrame, targets: set[str], reason: str) -> pd.DataFrame:
    """Leave out the rows of some targets and say so."""
    kept = rows[~rows["target"].isin(targets)]
    if targets:
        logger.warning(
            "%s: %d of %d classes (%d of %d segments) left out, %s: %s",
            name,
            len(targets),
            rows["target"].nunique(),
            len(rows) - len(kept),
            len(rows),
            reason,
            ", ".join(sorted(targets)),
        )
    return kept
