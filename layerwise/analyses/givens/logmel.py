"""The mean log-mel spectrum of a segment."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import Request
from layerwise.analyses.mel import LOGMEL_LAYER
from layerwise.errors import AnalysisError
from layerwise.features.source import SegmentKind


def logmel(request: Request, rows: pd.DataFrame) -> NDArray[Any]:
    """Return means over the same part of each segment as those of a layer are, (segments, 80)."""
    if request.logmel is None:
        raise AnalysisError(f"{request.name} needs the log-mel store: add the model `logmel`")
    kind: SegmentKind = "phone" if rows["kind"].iloc[0] == "phone" else "word"
    return request.logmel.segments(kind, LOGMEL_LAYER, rows["segment"].to_numpy(np.int64))
