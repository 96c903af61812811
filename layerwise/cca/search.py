"""The choice of regularisers: those with the best held-out score of a development set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from layerwise.cca.moments import Moments
from layerwise.cca.pwcca import Mode, held_out
from layerwise.cca.regularised import CCA

Pair = tuple[float, float]

# From this ratio of dimensions on, pairs are scored in few coordinates of the larger view.
WORTH_REDUCING = 2
# A neighbour must be better by more than this to be moved to: where a ridge hardly matters, it stays
# moderate.
STEP = 1e-3
# The ridge that is taken where others are no better.
MODERATE = 1e-3
TINY = 1e-300


@dataclass
class DevScores:
    """Scores of pairs of regularisers on the rows that ``dev`` describes; each is computed once.

    Where one view has far more dimensions, all that needs its many dimensions is done once per epsilon of it.
    """

    cca: CCA
    dev: Moments
    mode: Mode = "corrected"
    _scores: dict[Pair, float] = field(default_factory=dict)
    _reduced: dict[float, tuple[CCA, Moments]] = field(default_factory=dict)

    def __call__(self, pair: Pair) -> float:
        """Return the score of a pair."""
        if pair not in self._scores:
            cca, dev = self._in_few_coordinates(pair)
            self._scores[pair] = held_out(cca.directions(*pair), dev, self.mode).pwcca
        return self._scores[pair]

    def _in_few_coordinates(self, pair: Pair) -> tuple[CCA, Moments]:
        dims = self.cca.dims
        if max(dims) < WORTH_REDUCING * min(dims):
            return self.cca, self.dev
        view: Literal[0, 1] = 0 if dims[0] > dims[1] else 1
        epsilon = pair[view]
        if epsilon not in self._reduced:
            small, basis = self.cca.reduced(view, epsilon)
            self._reduced[epsilon] = (small, self.dev.project(view, basis))
        return self._reduced[epsilon]


def best_of(scores: DevScores, pairs: Sequence[Pair]) -> Pair:
    """Return the pair with the best score, all being tried (ties: the first)."""
    return max(pairs, key=scores)


def climb(scores: DevScores, ridges: Sequence[float]) -> Pair:
    """Return a pair of ``ridges`` that is better than its four neighbours in the grid of all pairs.

    ``ridges`` rise. Every second pair of equal ridges is looked at. From the best of these (of equally good
    ones that nearest to MODERATE) the climb moves to the best neighbour until none is better. The score is
    smooth in the logarithms of the ridges, so that some dozen pairs do for the whole grid.
    """
    distances = np.abs(np.log(np.maximum(ridges, TINY) / MODERATE))
    middle = int(np.argmin(distances))

    def score(at: tuple[int, int]) -> float:
        return scores((ridges[at[0]], ridges[at[1]]))

    diagonal = {at: score((at, at)) for at in range(middle % 2, len(ridges), 2)}
    good = [at for at, found in diagonal.items() if found > max(diagonal.values()) - STEP]
    start = min(good, key=lambda at: distances[at])
    place = (start, start)
    while True:
        steps = [(place[0] + i, place[1] + j) for i, j in ((1, 0), (0, 1), (-1, 0), (0, -1))]
        inside = [at for at in steps if min(at) >= 0 and max(at) < len(ridges)]
        best = max(inside, key=score, default=place)
        if score(best) <= score(place) + STEP:
            return ridges[place[0]], ridges[place[1]]
        place = best
