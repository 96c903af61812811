"""The null distribution of a score: targets permuted, or shifted in a circle, within units.

Labels are permuted within each unit; besides, units of equal numbers of rows in one part exchange their
labels as wholes, without which a corpus with one word in each utterance would have nothing to permute
(exchangeability blocks: Winkler et al. 2015, NeuroImage 123). Units of speakers who have rows in other parts
too exchange them only among those of the same speaker: other exchanges would take from the null, and not
from the score, what training and test share because of the speaker, and reject 12 % of true nulls at the 5 %
level (docs/statistics.md). Single rows that could not move otherwise do so nevertheless. Frames are shifted
in a circle within each unit, which keeps their correlation in time. No row leaves its part, so only cross
moments change and the rest is not computed again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Array, Index, Moments

ANY = -1  # in place of the speaker of units that may exchange with those of any other


class Exchange:
    """Random orders of rows that keep each row in its part.

    ``units`` (n,) number the units and ``part`` (n,) the parts. ``permute``: permutations of labels, as
    above; else circular shifts. ``speakers`` (n,) number what units have in common; None: the units.
    """

    def __init__(self, units: Index, part: Index, permute: bool, speakers: Index | None = None) -> None:
        self.permute = permute
        blocks = np.unique(np.stack([part, units]), axis=1, return_inverse=True)[1].reshape(-1)
        order = np.argsort(blocks, kind="stable")
        starts = np.flatnonzero(np.diff(blocks[order], prepend=-1))
        self.rows: list[Index] = np.split(order, starts[1:])
        speakers = units if speakers is None else speakers
        pairs = np.unique(np.stack([speakers, part]), axis=1)
        recurs = np.bincount(pairs[0]) > 1
        places: dict[tuple[int, int, int], list[int]] = {}
        for number, rows in enumerate(self.rows):
            speaker = int(speakers[rows[0]])
            among = speaker if recurs[speaker] else ANY
            places.setdefault((int(part[rows[0]]), len(rows), among), []).append(number)
        for place in [place for place, numbers in places.items() if place[1] == 1 and len(numbers) == 1]:
            alone = places.pop(place)
            places.setdefault((place[0], 1, ANY), []).extend(alone)
        self.equal = [np.array(numbers) for numbers in places.values()]

    def draw(self, rng: np.random.Generator) -> Index:
        """Return an order (n,): row i is given the target of row order[i]."""
        order = np.empty(sum(map(len, self.rows)), np.int64)
        if not self.permute:
            for rows in self.rows:
                order[rows] = np.roll(rows, int(rng.integers(len(rows))))
            return order
        for numbers in self.equal:
            for number, giver in zip(numbers, rng.permutation(numbers), strict=True):
                order[self.rows[number]] = rng.permutation(self.rows[giver])
        return order


def with_target_cross(moments: Moments, cross: Array, dim_y: int) -> Moments:
    """Return moments of [x, y, z] with other cross moments (dx + dz, dy) of x and z with y."""
    dim_x = moments.dim_x
    y = slice(dim_x, dim_x + dim_y)
    others = np.r_[0:dim_x, dim_x + dim_y : len(moments.total)]
    outer = moments.outer.copy()
    outer[others, y] = cross
    outer[y, others] = cross.T
    return Moments(moments.n, moments.total, outer, moments.shift, dim_x)


def numbered(units: Sequence[object] | NDArray[np.generic]) -> tuple[NDArray[np.generic], Index]:
    """Return the names of units, sorted, and the number of each row's unit."""
    names, codes = np.unique(np.asarray(units), return_inverse=True)
    return names, codes.astype(np.int64)
