"""Phone and word identity by mutual information with clusters (Pasad et al. 2021, MI-phone and MI-word)."""

from dataclasses import replace
from functools import partial

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.segments import LabelledSegments
from layerwise.measures.mutual_information import score_clusters
from layerwise.options.mutual_information import MutualInformationOptions


def prepare_phones(request: Request) -> PreparedTarget:
    """Compare phone segments with their labels."""
    return LabelledSegments(request, "phone", lambda labels: labels)


def prepare_words(request: Request) -> PreparedTarget:
    """Compare word segments with their labels."""
    return LabelledSegments(request, "word", lambda labels: labels)


MI_PHONE = Analysis(
    prepare_phones,
    permute=True,
    score=partial(score_clusters, unit="phone"),
    own=MutualInformationOptions,
)
MI_WORD = replace(MI_PHONE, prepare=prepare_words, score=partial(score_clusters, unit="word"))
