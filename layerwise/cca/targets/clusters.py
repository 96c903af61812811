"""Phone and word identity by mutual information with clusters (Pasad et al. 2021, MI-phone and MI-word)."""

from dataclasses import replace

from layerwise.cca.mutual_information import score_clusters
from layerwise.cca.targets.base import Analysis, Comparison, Request
from layerwise.cca.targets.segments import LabelledSegments


def prepare_phones(request: Request) -> Comparison:
    """Compare phone segments with their labels."""
    return LabelledSegments(request, "phone", lambda labels: labels)


def prepare_words(request: Request) -> Comparison:
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
