"""Phone and word identity by mutual information with clusters (Pasad et al. 2021, MI-phone and MI-word)."""

from dataclasses import replace
from functools import partial
from typing import Literal

from layerwise.analyses.base import Analysis, PreparedTarget, Request, Scoring, ViewPair
from layerwise.analyses.segments import LabelledSegments
from layerwise.cca.scored import Scored, trials_only
from layerwise.measures.mutual_information import score_clusters
from layerwise.options.mutual_information import MutualInformationOptions


def prepare_phones(request: Request) -> PreparedTarget:
    """Compare phone segments with their labels."""
    return LabelledSegments(request, "phone", lambda labels: labels, control="none")


def prepare_words(request: Request) -> PreparedTarget:
    """Compare word segments with their labels."""
    return LabelledSegments(request, "word", lambda labels: labels, control="none")


def _score(views: ViewPair, scoring: Scoring, *, unit: Literal["phone", "word"]) -> Scored:
    return trials_only(score_clusters(views, scoring, unit=unit))


MI_PHONE = Analysis(
    prepare_phones,
    permute=True,
    score=partial(_score, unit="phone"),
    own=MutualInformationOptions,
)
MI_WORD = replace(MI_PHONE, prepare=prepare_words, score=partial(_score, unit="word"))
