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
    says how many the published corpus has, as far as that is known. Columns as in splits.csv.
    """
    listed = Counter(entry.split for entry in entries if entry.split)
    speakers = {split: set(manifest.speaker[manifest.split == split]) - {""} for split in SPLITS}
    rows = []
    for split in SPLITS:
        used = manifest[manifest.split == split]
        others = set().union(*(names for other, names in speakers.items() if other != split))
        rows.append(
            {
                "split": split,
                "utterances": len(used),
                "speakers": len(speakers[split]),
                "seconds": float((used.samples / used.sample_rate).sum()),
                "shared_speakers": len(speakers[split] & others),
                "listed": listed.get(split, 0) if listed else None,
                "published": published.get(split),
            }
        )
    return pd.DataFrame(rows).astype({"listed": "float64", "published": "float64"})


def split_cautions(counts: pd.DataFrame) -> list[str]:
    """Say what is to beware of in the splits of a corpus, given the table of `split_counts`."""
    found = []
    empty = counts.split[counts.utterances == 0].tolist()
    if empty:
        found.append(f"no utterance is for {' and '.join(empty)}: tasks cannot be trained and tested on it")
    differs = counts[counts.listed.notna() & counts.published.notna() & (counts.listed != counts.published)]
    found += [
        f"{row.split} lists {row.listed:.0f} utterances, the published corpus {row.published:.0f}"
        for row in differs.itertuples()
    ]
    # Where splits are drawn, speakers are kept whole if there are enough of them; one voice is one voice.
    shared = counts[(counts.shared_speakers > 0) & counts.listed.notna() & (counts.speakers.max() > 1)]
    if len(shared):
        said = ", ".join(
            f"{row.shared_speakers} of {row.speakers} in {row.split}" for row in shared.itertuples()
        )
        found.append(f"speakers are in more than one split ({said}): test voices were heard in training")
    return found
