"""The phones before and after a phone."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import Request
from layerwise.analyses.contexts import neighbouring_phones
from layerwise.analyses.labels import one_hot


def neighbours(request: Request, rows: pd.DataFrame) -> NDArray[Any]:
    """Return one-hot labels of the phones before and after, an edge or pause being one of them."""
    around = neighbouring_phones(request.aligned(), rows)
    return np.concatenate([one_hot(around[side].to_numpy(str))[0] for side in ("previous", "next")], axis=1)
