"""What the splits of a corpus hold, and what to beware of in them."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from layerwise.contracts.columns import SPLITS
from layerwise.corpus.entries import Entry


def split_counts(
    manifest: pd.DataFrame, entries: Iterable[Entry], published: Mapping[str, int]
) -> pd.DataFrame:
    """Count the utterances, speakers and seconds of each split: one row each of train, dev and test.

    ``manifest`` is the table of usable utterances, ``entries`` are all that the corpus lists, ``published``
    says how many the published corpus has, as far as that is known. Columns as in splits.csv. To beware of
    are an empty split, a corpus that is not the whole published one, and, where the corpus divides its
    several speakers itself, speakers that are in two splits.
    """
    listed = Counter(entry.split for entry in entries if entry.split)
    speakers = {split: set(manifest.speaker[manifest.split == split]) - {""} for split in SPLITS}
    several = len(set().union(*speakers.values())) > 1
    rows = []
    for split in SPLITS:
        used = manifest[manifest.split == split]
        others = set().union(*(names for other, names in speakers.items() if other != split))
        shared = len(speakers[split] & others)
        cautions = ["no utterance: tasks cannot be trained and tested on it"] if used.empty else []
        if listed and listed[split] != published.get(split, listed[split]):
            cautions.append(f"lists {listed[split]} utterances, the published corpus {published[split]}")
        if listed and several and shared:
            cautions.append(f"{shared} of {len(speakers[split])} speakers are in another split too")
        rows.append(
            {
                "split": split,
                "utterances": len(used),
                "speakers": len(speakers[split]),
                "seconds": float((used.samples / used.sample_rate).sum()),
                "shared_speakers": shared,
                "listed": listed[split] if listed else None,
                "published": published.get(split),
                "caution": "; ".join(cautions),
            }
        )
    return pd.DataFrame(rows).astype({"listed": "float64", "published": "float64"})
