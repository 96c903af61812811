"""Who speaks."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import Request
from layerwise.analyses.labels import one_hot


def speaker(request: Request, rows: pd.DataFrame) -> NDArray[Any]:
    """Return one-hot speakers, (rows, speakers)."""
    return one_hot(rows["speaker"].to_numpy(str))[0]
