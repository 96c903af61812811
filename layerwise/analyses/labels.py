"""Phone and word identity as one-hot vectors (Pasad et al. 2021, CCA-phone and CCA-word)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.analyses.base import Analysis, PreparedTarget, Request
from layerwise.analyses.contexts import neighbouring_phones
from layerwise.analyses.segments import LabelledSegments


def one_hot(labels: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[np.float32], list[Any]]:
    """Return one-hot rows (n, classes) and the classes, sorted; only classes that occur get a column."""
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    return np.eye(len(classes), dtype=np.float32)[codes], classes.tolist()


def prepare_phones(request: Request) -> PreparedTarget:
    """Compare phone segments with their labels.

    The types of control labels are phones between their neighbours; without an alignment there are none.
    """
    rows = request.rows("phone")
    if request.intervals is None:
        return LabelledSegments(request, "phone", lambda labels: one_hot(labels)[0], control="none")
    around = neighbouring_phones(request.intervals, rows)
    rows = rows.assign(type=around["previous"] + " " + rows["label"] + " " + around["next"])
    return LabelledSegments(request, "phone", lambda labels: one_hot(labels)[0], rows=rows)


def prepare_words(request: Request) -> PreparedTarget:
    """Compare word segments with their labels, which are the types of control labels as well."""
    return LabelledSegments(request, "word", lambda labels: one_hot(labels)[0])


PHONE = Analysis(prepare_phones, permute=True)
WORD = Analysis(prepare_words, permute=True)
