"""The phones of a word, whatever their order."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from layerwise.analyses.base import Request
from layerwise.analyses.contexts import phones_of_words


def bag_of_phones(request: Request, rows: pd.DataFrame) -> NDArray[Any]:
    """Return how often each phone is in each word token, as it was aligned: (words, phones)."""
    return phones_of_words(request.aligned(), rows)
