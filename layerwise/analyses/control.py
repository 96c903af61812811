"""Control labels: what a target scores that only its types can tell (Hewitt and Liang 2019, selectivity).

A random map gives each *type* a label, and every token of the type has it. Nothing but the identity of the
type tells the label, so that a score with control labels is what memory of types alone achieves; a
score minus that is the selectivity of a layer. The map depends on the seed of the run, the analysis and the
sample set: it is the same for all layers and models.

Labels are drawn with replacement from those of the types, so that classes are about as frequent as they
are, and several types may share one. This matters: CCA with one-hot labels does not change when labels are
renamed, so that an injective map, each word another word's label, would be no control at all. Where targets
are vectors, which have geometry to lose, they are permuted among the types.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from layerwise.seeds import derive_seed

# ``draw``: with replacement; ``permute``: each type gets that of another; ``none``: there is no control.
Control = Literal["draw", "permute", "none"]


def control_labels(
    types: NDArray[Any], labels: NDArray[Any], seed: int, control: Control = "draw"
) -> NDArray[Any]:
    """Return a control label for each row, (n,), the same for all rows of a type.

    ``types`` and ``labels`` are (n,); the rows of a type have one label. There are at least two types of
    different labels, and not all rows get the same label.
    """
    _, first, codes = np.unique(types, return_index=True, return_inverse=True)
    of_type = labels[first]
    rng = np.random.default_rng(derive_seed(seed, "control"))
    if control == "permute":
        return np.asarray(rng.permutation(of_type)[codes])
    while True:
        drawn = rng.choice(of_type, len(of_type))
        if (drawn != drawn[0]).any():
            return np.asarray(drawn[codes])
