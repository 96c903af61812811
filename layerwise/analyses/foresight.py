"""What makes an analysis infeasible, as far as the samples tell before anything is extracted."""

from typing import Any, cast

from layerwise.analyses.base import Analysis, Request
from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.features.source import FeatureSource


class _NotExtractedError(AnalysisError):
    """Something of a model is asked for that is not there yet."""


class _Unextracted:
    """A feature source before it has been extracted: it says nothing."""

    def __getattr__(self, name: str) -> Any:
        raise _NotExtractedError(name)


UNEXTRACTED = cast(FeatureSource, _Unextracted())


def foresee(analysis: Analysis, request: Request) -> str | None:
    """Return why an analysis cannot be run for any model, or None if nothing is known that forbids it.

    ``UNEXTRACTED`` stands for the features of the model and of baselines in the request. Targets look at
    classes, speakers and units before they ask for features, so that preparing one finds what they lack; what
    shows only later, or for some models alone, is left to their own jobs.
    """
    try:
        analysis.prepare(request)
    except InfeasibleError as error:
        return str(error).removeprefix(f"{request.name}: ")
    except AnalysisError:
        return None
    return None
