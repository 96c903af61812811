"""Phone and word identity by mutual information with clusters (Pasad et al. 2021, MI-phone and MI-word)."""

from dataclasses import replace

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.segments import LabelledSegments
from layerwise.measures.mutual_information import score_clusters


def prepare_phones(request: Request) -> PreparedTarget:
    """Compare phone segments with their labels."""
    return LabelledSegments(request, "phone", lambda labels: labels)


def prepare_words(request: Request) -> PreparedTarget:
    """Compare word segments with their labels."""
    return LabelledSegments(request, "word", lambda labels: labels)


MI_PHONE = Analysis(
    title="MI-phone (phone identity)",
    method="MI-phone with phone labels",
    prepare=prepare_phones,
    unit="phone",
    permute=True,
    score=score_clusters,
    measure="Normalised MI",
    clustered=True,
)
MI_WORD = replace(
    MI_PHONE,
    title="MI-word (word identity)",
    method="MI-word with word labels",
    prepare=prepare_words,
    unit="word",
)
