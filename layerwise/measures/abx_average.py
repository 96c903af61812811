"""Averages of ABX cells without weights, level by level, and their intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import AnalysisError
from layerwise.measures.abx_cells import Cells
from layerwise.measures.abx_dtw import compiled
from layerwise.seeds import derive_seed

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Levels = Sequence[str | Sequence[str]]
CONTEXT = ("prev", "next")
SPEAKER = "speaker"
CONFIDENCE = (2.5, 97.5)
_AT_ONCE = 32  # bootstrap replicates


def usual_levels(by: Sequence[str], across: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what is averaged over, in order: the context, then every other column alone."""
    context = tuple(name for name in by if name in CONTEXT)
    others: list[tuple[str, ...]] = [(name,) for name in (*by, *across) if name not in CONTEXT]
    return [context, *others] if context else others


class Average:
    """The mean over ordered pairs of labels of means over levels of the cells of a task.

    Each level averages over its columns; the first one over the X of across tasks as well. ``value`` is the
    mean of cell errors; ``interval`` a bootstrap that draws speakers and contexts (previous and next phone)
    independently, with replacement, wherever they occur: a cell counts as often as its speaker (or A's and
    X's, or, in ABX on speakers, A's and B's) times its context were drawn. Labels are not drawn.

    Raises AnalysisError for levels that are not the by and across columns, each once.
    """

    def __init__(
        self, cells: Cells, on: str, by: Sequence[str], across: Sequence[str], levels: Levels | None = None
    ) -> None:
        steps = [
            (step,) if isinstance(step, str) else tuple(step)
            for step in (usual_levels(by, across) if levels is None else levels)
        ]
        if sorted(name for step in steps for name in step) != sorted((*by, *across)):
            raise AnalysisError(
                f"levels {steps} do not average over each of {', '.join((*by, *across)) or 'no columns'} once"
            )
        run, b = cells.run, cells.b
        a, x = cells.a[run], cells.x[run]
        columns = {name: cells.codes[name][a] for name in (*by, *across)}
        self._units: dict[str, int] = {}
        speakers = int(cells.codes[SPEAKER].max()) + 1 if SPEAKER in cells.codes else 0
        pair = (cells.codes[on][a], cells.codes[on][b])
        self._steps: list[tuple[Index, int, list[tuple[str, Index]]]] = []
        rows = np.arange(len(a))  # a cell of each row of the level
        if not steps:
            steps = [()]
        for number, step in enumerate(steps):
            roles = []
            if SPEAKER in step:
                roles.append((SPEAKER, columns[SPEAKER][rows]))
            if number == 0 and SPEAKER in across:
                roles.append((SPEAKER, cells.codes[SPEAKER][x]))
            if set(step) >= set(CONTEXT):
                both = columns[CONTEXT[0]] * (int(columns[CONTEXT[1]].max()) + 1) + columns[CONTEXT[1]]
                names, context = np.unique(both, return_inverse=True)
                self._units["context"] = len(names)
                roles.append(("context", context[rows]))
            left = [name for name in columns if not any(name in done for done in steps[: number + 1])]
            key = np.zeros(len(rows), np.int64)
            for code in (*pair, *(columns[name] for name in left)):
                key = np.unique(key * (int(code.max()) + 1) + code[rows], return_inverse=True)[1]
            _, kept, group = np.unique(key, return_index=True, return_inverse=True)
            self._steps.append((group.astype(np.int64), len(kept), roles))
            rows = rows[kept]
        last: list[tuple[str, Index]] = []
        if on == SPEAKER:
            last = [(SPEAKER, side[rows]) for side in pair]
        self._steps.append((np.zeros(len(rows), np.int64), 1, last))
        if any(role == SPEAKER for _, _, roles in self._steps for role, _ in roles):
            self._units[SPEAKER] = speakers
        self.pairs = pd.DataFrame({"a": pair[0][rows], "b": pair[1][rows]})

    def value(self, errors: Array) -> float:
        """Return the mean of cell errors (cells,)."""
        return float(
            self._reduce(errors, {name: np.ones((size, 1)) for name, size in self._units.items()})[0]
        )

    def interval(self, errors: Array, replicates: int, seed: int) -> tuple[float, float]:
        """Return the 95 % interval of the mean; NaN without replicates or two units to draw."""
        units = {name: size for name, size in self._units.items() if size > 1}
        if not units or replicates < 1:
            return np.nan, np.nan
        drawn = {
            name: np.random.default_rng(derive_seed(seed, "bootstrap", name))
            .multinomial(size, np.full(size, 1 / size), replicates)
            .T.astype(np.float64)
            for name, size in units.items()
        }
        drawn |= {name: np.ones((1, replicates)) for name, size in self._units.items() if size == 1}
        found = np.concatenate(
            [
                self._reduce(errors, {name: table[:, at : at + _AT_ONCE] for name, table in drawn.items()})
                for at in range(0, replicates, _AT_ONCE)
            ]
        )
        if np.isnan(found).all():
            return np.nan, np.nan
        low, high = np.nanpercentile(found, CONFIDENCE)
        return float(low), float(high)

    def _reduce(self, errors: Array, weights: dict[str, Array]) -> Array:
        """Average with the weights (units, replicates) of each kind of unit: (replicates,)."""
        places = dict(zip(weights, np.cumsum([0, *(len(w) for w in weights.values())]), strict=False))
        replicates = next((w.shape[1] for w in weights.values()), 1)
        table = np.ascontiguousarray(np.concatenate([np.ones((0, replicates)), *weights.values()]))
        values, present = errors[:, None], np.ones((len(errors), 1))
        for group, size, roles in self._steps:
            codes = np.array([code + places[name] for name, code in roles], np.int64)
            values, present = _means(
                values, present, group, codes.reshape(len(roles), len(group)), table, size
            )
        return np.where(present[0] > 0, values[0], np.nan)


@compiled
def _means(
    values: NDArray[Any], present: NDArray[Any], group: Index, codes: Index, weights: NDArray[Any], size: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weighted means of rows (rows, replicates or 1) by group, and whether a group has any weight."""
    replicates = weights.shape[1]
    total, weight = np.zeros((size, replicates)), np.zeros((size, replicates))
    wide = values.shape[1] == replicates
    one = np.empty(replicates)
    for row in range(group.size):
        for k in range(replicates):
            one[k] = present[row, k if wide else 0]
        for role in range(codes.shape[0]):
            own = weights[codes[role, row]]
            for k in range(replicates):
                one[k] *= own[k]
        for k in range(replicates):
            total[group[row], k] += one[k] * values[row, k if wide else 0]
            weight[group[row], k] += one[k]
    for place in range(size):
        for k in range(replicates):
            if weight[place, k] > 0:
                total[place, k] /= weight[place, k]
                weight[place, k] = 1.0
    return total, weight
