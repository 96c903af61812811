"""The phone before or after each phone: how much of its context a layer's frames hold."""

import logging
from typing import Literal

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.contexts import EDGE, neighbouring_phones
from layerwise.analyses.labels import one_hot
from layerwise.analyses.segments import LabelledSegments
from layerwise.errors import InfeasibleError

logger = logging.getLogger(__name__)


def prepare_previous(request: Request) -> PreparedTarget:
    """Compare phone segments with the label of the phone before."""
    return _prepare(request, "previous")


def prepare_next(request: Request) -> PreparedTarget:
    """Compare phone segments with the label of the phone after."""
    return _prepare(request, "next")


def _prepare(request: Request, side: Literal["previous", "next"]) -> PreparedTarget:
    """Compare phones that have a neighbour on that side; the others are left out, counted and logged.

    A type is a phone with that neighbour: where parts keep types whole, a neighbour must be recognised
    beside phones that training has not seen beside it.
    """
    rows = request.rows("phone")
    neighbour = neighbouring_phones(request.aligned(), rows)[side]
    pair = (neighbour, rows["label"]) if side == "previous" else (rows["label"], neighbour)
    rows = rows.assign(target=neighbour, type=pair[0] + " " + pair[1])
    has_one = rows["target"] != EDGE
    if not has_one.all():
        logger.info(
            "%s: %d of %d phones left out: no phone is %s to them (a pause or the end of the utterance)",
            request.name,
            (~has_one).sum(),
            len(rows),
            side,
        )
    if not has_one.any():
        raise InfeasibleError(f"{request.name}: no sampled phone has a {side} one")
    return LabelledSegments(request, "phone", lambda labels: one_hot(labels)[0], rows=rows[has_one])


PREVIOUS = Analysis(prepare_previous, permute=True)
NEXT = Analysis(prepare_next, permute=True)
