"""What scoring two views gives: a table of each kind, for one layer and sample set."""

from typing import NamedTuple

import pandas as pd

UNITS = ("unit", "rows", "excluded", "contribution", "influence")
NULL = ("permutation", "score", "search")
SIZES = ("parts", "n_train", "score")
TRAITS = ("effective_rank", "ceiling", "control")


class Scored(NamedTuple):
    """Scores of two views, and what is known of how far they can be trusted.

    Attributes:
        trials: one row per test part: the columns of ``layerwise.cca.cross_validate``.
        units: one row per unit (speaker, utterance or label): unit, rows (tested), excluded (rows kept out),
            contribution (to the mean score, whose variance is U / (U - 1) times the sum of their squares)
            and influence (the mean score minus that without the unit); without rows where a measure has none.
        null: one row per permutation: permutation, score, search (``grid``: regularisers were chosen anew;
            ``chosen``: they are those of the true targets); may have no rows.
        sizes: the learning curve: parts, n_train, score; may have no rows.
        traits: one row: effective_rank, ceiling, control; NaN where not computed.
    """

    trials: pd.DataFrame
    units: pd.DataFrame
    null: pd.DataFrame
    sizes: pd.DataFrame
    traits: pd.DataFrame


def trials_only(trials: pd.DataFrame) -> Scored:
    """Return scores of a yardstick that gives nothing but its trials."""
    units, null, sizes = (pd.DataFrame(columns=list(names)) for names in (UNITS, NULL, SIZES))
    return Scored(trials, units, null, sizes, pd.DataFrame({name: [float("nan")] for name in TRAITS}))
