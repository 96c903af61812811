"""How long a segment lasts."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import Request


def duration(request: Request, rows: pd.DataFrame) -> NDArray[Any]:
    """Return seconds and their logarithm, (segments, 2)."""
    seconds = (rows["end"] - rows["start"]).to_numpy(np.float64)
    return np.stack([seconds, np.log(seconds)], axis=1)
