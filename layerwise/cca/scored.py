"""What the score of two views consists of."""

from typing import NamedTuple

import pandas as pd


class Scored(NamedTuple):
    """Tables of a cross-validated score; any but ``trials`` may be without rows.

    Attributes:
        trials: a row per test part (``layerwise.cca.cross_validate``).
        units: a row per unit (utterance or speaker): unit, rows (tested), excluded (rows kept out),
            contribution (to the mean score: the sum over units of its square, times U / (U - 1), is the
            variance of that) and influence (the mean score minus that without the unit).
        null: a row per permutation: permutation, score, search ("grid": regularisers chosen anew; "chosen":
            those of the true targets).
        sizes: the learning curve: parts (of training), n_train, score.
        traits: one row: effective_rank of the layer, ceiling of the score, control (the score of control
            targets); NaN where not computed.
    """

    trials: pd.DataFrame
    units: pd.DataFrame
    null: pd.DataFrame
    sizes: pd.DataFrame
    traits: pd.DataFrame
