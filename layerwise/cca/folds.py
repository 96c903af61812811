"""One division of the rows into parts, and its folds: each part tested with what the others taught."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from layerwise.cca.moments import (
    Array,
    Index,
    Moments,
    RowsOf,
    View,
    fixed_shift,
    part_moments,
    row_moments,
    sum_of,
)
from layerwise.cca.partial import Mapped, SideBySide, mapped_moments, residual_map
from layerwise.cca.pwcca import Directions, HeldOut, Mode, held_out
from layerwise.cca.regularised import CCA, fit
from layerwise.cca.search import DevScores, Pair
from layerwise.cca.similarity import debiased_cka_of, part_kernel_sums, svcca
from layerwise.cca.units import RANGE_ROWS, UnitSums, examine, training_range, variates

# Of a part, so many rows and this share stay in, or all do: more than that is no matter of single rows.
LEAST_KEPT = (3, 0.5)


@dataclass(frozen=True, eq=False)
class Fold:
    """One test part, and what was learned for it.

    ``train`` are the numbers of the training parts; ``cca`` and ``directions`` are in residuals where there
    is a third view. ``tested`` are the moments of [x, y, z] of the rows that were tested, ``outside`` the
    rows that were not; ``search`` chose ``pair`` on dev.
    """

    dev: int
    test: int
    train: tuple[int, ...]
    cca: CCA
    search: Callable[[DevScores], Pair]
    pair: Pair
    directions: Directions
    result: HeldOut
    tested: Moments
    sums: UnitSums
    outside: Index


class Partition:
    """Views x (n, dx) and y (n, dy), perhaps given z (n, dz), whose rows lie in parts (n,)."""

    def __init__(
        self, x: View, y: View, given: View | None, part: Index, mode: Mode, device: str = "cpu"
    ) -> None:
        self.x, self.y, self.given, self.part, self.mode = x, y, given, part, mode
        self.dim_z = 0 if given is None else given.shape[1]
        self.rest: View = y if given is None else SideBySide((y, given))
        self.shift = fixed_shift(x, self.rest)
        self.moments = part_moments(x, self.rest, part, self.shift, device)

    @property
    def dims(self) -> tuple[int, int]:
        """Dimensions of x and y."""
        return self.x.shape[1], self.y.shape[1]

    def of(self, parts: Sequence[int]) -> Moments:
        """Return the moments of some parts together."""
        return sum_of(self.moments, parts)

    def residual(self, train: Moments) -> Array | None:
        """Return what takes [x, y, z] to residuals, learned on ``train``; None without a third view."""
        return None if self.given is None else residual_map(train, self.dim_z)

    def fold(self, dev: int, test: int, units: Index, search: Callable[[DevScores], Pair]) -> Fold:
        """Learn on all parts but two, choose regularisers on ``dev`` by ``search`` and score ``test``.

        ``units`` (n,) number the units.
        """
        train = tuple(number for number in range(len(self.moments)) if number not in (dev, test))
        training = self.of(train)
        residual = self.residual(training)
        learned = mapped_moments(training, residual)
        cca = fit(learned, self.mode)
        scores = DevScores(cca, mapped_moments(self.moments[dev], residual), self.mode)
        pair = search(scores)
        directions = cca.directions(*pair)
        views = self._views(residual)
        rows = np.flatnonzero(self.part == test)
        limits = np.full((2, directions.A.shape[1]), np.inf)
        if self.mode == "corrected":
            limits = self._limits(learned, directions, residual, train)
        sums, outside = examine(*views, rows, units[rows], learned.mean, directions, limits)
        if len(rows) - len(outside) < max(LEAST_KEPT[0], LEAST_KEPT[1] * len(rows)):
            sums, outside = examine(
                *views, rows, units[rows], learned.mean, directions, np.full_like(limits, np.inf)
            )
        tested = self.moments[test]
        if outside.size:
            tested = tested - row_moments(self.x, self.rest, outside, self.shift)
        result = held_out(directions, mapped_moments(tested, residual), self.mode)
        return Fold(
            dev,
            test,
            train,
            cca.of_pair(*pair),
            search,
            pair,
            directions,
            result,
            tested,
            sums,
            outside,
        )

    def similarities(self, fold: Fold) -> dict[str, float]:
        """Return SVCCA and debiased linear CKA of the rows that a fold tested."""
        train = self.of(fold.train)
        residual = self.residual(train)
        rows = np.setdiff1d(np.flatnonzero(self.part == fold.test), fold.outside)
        x, y = (RowsOf(view, rows) for view in self._views(residual))
        tested = mapped_moments(fold.tested, residual)
        sums = part_kernel_sums(x, y, np.zeros(len(rows), np.int64), tested.shift)[0]
        return {
            "svcca": svcca(mapped_moments(train, residual), tested),
            "cka": debiased_cka_of(tested, sums),
        }

    def _views(self, residual: Array | None) -> tuple[View, View]:
        if residual is None:
            return self.x, self.y
        everything, dim_x = SideBySide((self.x, self.rest)), self.dims[0]
        return Mapped(everything, residual[:dim_x].T), Mapped(everything, residual[dim_x:].T)

    def _limits(
        self, learned: Moments, directions: Directions, residual: Array | None, train: tuple[int, ...]
    ) -> Array:
        numbers, x, rest = self._sample
        chosen = np.isin(self.part[numbers], train)
        x, y = x[chosen], rest[chosen]
        if residual is not None:
            both = np.hstack([x, y]).astype(np.float64) @ residual.T
            x, y = both[:, : self.dims[0]], both[:, self.dims[0] :]
        return training_range(variates(x, y, learned.mean, directions))

    @cached_property
    def _sample(self) -> tuple[Index, Array, Array]:
        """Rows that the range of variates is taken from, evenly spaced over all parts."""
        n = len(self.part)
        numbers = np.unique(np.linspace(0, n - 1, min(n, RANGE_ROWS)).astype(np.int64))
        return numbers, self.x[numbers], self.rest[numbers]
