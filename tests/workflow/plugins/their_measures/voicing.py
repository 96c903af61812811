"""Phones with whether they are voiced."""

from layerwise.align.lexicon import VOICELESS
from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.labels import one_hot
from layerwise.analyses.segments import LabelledSegments


def prepare(request: Request) -> PreparedTarget:
    """Compare phone segments with their voicing."""
    return LabelledSegments(
        request, "phone", lambda phones: one_hot([phone in VOICELESS for phone in phones])[0]
    )


VOICING = Analysis(prepare, permute=True)
