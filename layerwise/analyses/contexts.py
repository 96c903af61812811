"""The phones around a phone and inside a word, from the alignment."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import AnalysisError

EDGE = "#"  # where there is no neighbour: an end of the utterance, or a pause
PAUSE = 0.01  # seconds; silence has no interval, so that a longer gap is a pause


def neighbouring_phones(intervals: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the labels ``previous`` and ``next`` to phone segments, ``EDGE`` where nothing adjoins.

    ``intervals`` is the alignment, ``rows`` sampled phones (utt_id, start), whose index is kept. A phone that
    was not sampled is a neighbour as well. Raises AnalysisError for a segment that is not in the alignment.
    """
    phones = intervals[intervals["tier"] == "phone"].sort_values(["utt_id", "start"])
    around = phones[["utt_id", "start"]].copy()
    for name, step in (("previous", 1), ("next", -1)):
        other = phones[["utt_id", "start", "end", "label"]].shift(step)
        gap = phones["start"] - other["end"] if step > 0 else other["start"] - phones["end"]
        adjoins = (other["utt_id"] == phones["utt_id"]) & (gap <= PAUSE + 1e-9)
        around[name] = other["label"].where(adjoins, EDGE)
    return _matched(around, rows)[["previous", "next"]]


def phones_of_words(intervals: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return how often each phone label, in sorted order, is in each sampled word: (len(rows), labels).

    Only labels that occur have a column. Raises AnalysisError for a word that is not in the alignment.
    """
    words = intervals.loc[intervals["tier"] == "word", ["utt_id", "start", "word_index"]]
    found = _matched(words, rows)
    phones = intervals.loc[intervals["tier"] == "phone", ["utt_id", "word_index", "label"]]
    counts = phones.groupby(["utt_id", "word_index", "label"]).size().unstack(fill_value=0)
    keys = pd.MultiIndex.from_frame(found[["utt_id", "word_index"]])
    bags = counts.reindex(keys, fill_value=0)
    return bags.loc[:, (bags > 0).any()].sort_index(axis=1).to_numpy(np.float64)


def _matched(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table with utt_id and start of the sampled ones, in their order and with their index."""
    found = rows[["utt_id", "start"]].merge(table, on=["utt_id", "start"], how="left", validate="1:1")
    missing = found.iloc[:, -1].isna().to_numpy()
    if missing.any():
        first = rows.iloc[int(missing.argmax())]
        raise AnalysisError(
            f"{first['utt_id']}: no interval of the alignment starts at {first['start']:g} s, as "
            f"{first['kind']} {first['label']!r} does: draw the samples again"
        )
    return found.set_axis(rows.index)
