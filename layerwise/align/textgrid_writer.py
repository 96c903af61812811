"""Export of alignments as Praat TextGrids."""

from pathlib import Path

import pandas as pd
from praatio import textgrid

from layerwise.align.intervals import durations
from layerwise.files import write_aside

TIERS = {"words": "word", "phones": "phone"}


def write_textgrids(manifest: pd.DataFrame, intervals: pd.DataFrame, folder: Path | str) -> int:
    """Write ``{utt_id}.TextGrid`` for every aligned utterance of a manifest; return their number.

    Each has the tiers ``words`` and ``phones`` over the whole audio; silence is an interval without a label.
    The folder is replaced as a whole, and equal intervals give equal bytes.
    """
    seconds = durations(manifest)
    utterances = intervals.groupby("utt_id")
    with write_aside(folder) as partial:
        partial.mkdir()
        for utt_id, rows in utterances:
            grid = textgrid.Textgrid(0, seconds[str(utt_id)])
            for name, tier in TIERS.items():
                marked = rows.loc[rows["tier"] == tier, ["start", "end", "label"]]
                entries = list(marked.itertuples(index=False, name=None))
                if not entries:  # an alignment of phones only
                    continue
                grid.addTier(textgrid.IntervalTier(name, entries, 0, seconds[str(utt_id)]))
            grid.save(str(partial / f"{utt_id}.TextGrid"), format="long_textgrid", includeBlankSpaces=True)
    return len(utterances)
