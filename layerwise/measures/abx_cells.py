"""Cells of an ABX task: which tokens are A, B and X together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.errors import AnalysisError, InfeasibleError
from layerwise.seeds import derive_seed

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Caps:
    """How many tokens and X speakers count at most; None: all.

    Attributes:
        tokens: of one label in one cell, drawn once for all cells that they are in.
        across: values of the ``across`` columns that X may have, for given A (across tasks).
        seed: of the draws; what is drawn for a label depends on it and on the labels, not on other data.
    """

    tokens: int | None = None
    across: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tokens is not None and self.tokens < 2:
            raise AnalysisError(f"{self.tokens} tokens for a cell: A needs two, give a larger number or none")
        if self.across is not None and self.across < 1:
            raise AnalysisError(f"{self.across} values of X: give at least 1, or none for all")


@dataclass(frozen=True)
class Cells:
    """The cells of a task, by segments: tokens with the same ``by``, ``across`` and ``on`` values.

    Segments are sorted by these, so that those of a block (same ``by``) and of a side (same ``by`` and
    ``across``) are neighbours. A run is an X and an A segment; with every other segment of A's side as B it
    makes one cell.

    Attributes:
        tokens: rows of the items, in order of the segments.
        first: first of ``tokens`` of each segment; count: number of them.
        block: number of each segment's ``by`` values; side: number of its ``by`` and ``across`` values.
        codes: for each column of the task, number of the segment's value.
        x, a: segments of each run, sorted by block.
        within: X and A are of the same segment, and X is never its own A.
    """

    tokens: Index
    first: Index
    count: Index
    block: Index
    side: Index
    codes: dict[str, Index]
    x: Index
    a: Index
    within: bool

    @cached_property
    def low(self) -> Index:
        """First segment of the side of each run's A."""
        return np.searchsorted(self.side, self.side[self.a], "left").astype(np.int64)

    @cached_property
    def high(self) -> Index:
        """Last-plus-one segment of the side of each run's A."""
        return np.searchsorted(self.side, self.side[self.a], "right").astype(np.int64)

    @cached_property
    def run(self) -> Index:
        """Run of each cell."""
        return np.repeat(np.arange(len(self.a)), self.high - self.low - 1)

    @cached_property
    def b(self) -> Index:
        """B segment of each cell."""
        others = self.high - self.low - 1
        ends = np.cumsum(others)
        place = np.arange(others.sum()) - np.repeat(ends - others, others)
        found = place + np.repeat(self.low, others)
        return np.asarray(found + (found >= np.repeat(self.a, others)))

    @property
    def compared(self) -> int:
        """Number of comparisons of two tokens: each X with all tokens of A's side."""
        ends = np.append(self.first, len(self.tokens))
        return int((self.count[self.x] * (ends[self.high] - ends[self.low])).sum())

    @cached_property
    def used(self) -> int:
        """Number of tokens in any cell."""
        return int(self.count[np.unique(np.concatenate([self.x, self.a, self.b]))].sum())


def make_cells(items: pd.DataFrame, on: str, by: Sequence[str], across: Sequence[str], caps: Caps) -> Cells:
    """Return the cells of a task on items.

    Without ``across``: A, B and X have the same ``by`` values, and X is an A but itself; a label has two
    tokens to be A. With it: A and B have the same ``across`` values, and X the label of A and other values
    in each of these columns, one cell for each; one token suffices.

    Raises AnalysisError for columns that are missing, have missing values or occur twice, and
    InfeasibleError if there is no cell.
    """
    columns = [*by, *across, on]
    _check(items, columns)
    if items.empty:
        raise InfeasibleError(f"no cell of ABX on {on}: there is no token that has {', '.join(columns)}")
    codes = {name: pd.factorize(items[name], sort=True)[0].astype(np.int64) for name in columns}
    keys = np.array([codes[name] for name in columns])
    order = np.lexsort(keys[::-1]).astype(np.int64)
    keys = keys[:, order]
    first = _starts(keys)
    count = np.diff(first, append=len(order))
    values = dict(zip(columns, keys[:, first], strict=True))
    segments = [_numbers(keys[:size, first]) for size in (len(by), len(by) + len(across))]
    names = [items[name].to_numpy()[order[first]] for name in columns]
    tokens, first, count = _draw(order, first, count, names, caps)
    x, a = _runs(segments, values, count, on, across)
    if across and caps.across is not None:
        x, a = _few(x, a, names, caps.across, caps.seed)
    cells = Cells(tokens, first, count, segments[0], segments[1], values, x, a, not across)
    several = cells.high - cells.low > 1
    if not several.any():
        raise InfeasibleError(
            f"no cell of ABX on {on}, by {', '.join(by) or 'nothing'}"
            + (f", across {', '.join(across)}" if across else "")
            + ": no two labels share these, with tokens enough: use more data or fewer conditions"
        )
    return replace(cells, x=x[several], a=a[several])


def _check(items: pd.DataFrame, columns: Sequence[str]) -> None:
    twice = sorted({name for name in columns if list(columns).count(name) > 1})
    if twice:
        raise AnalysisError(f"{', '.join(twice)}: a column is either on, by or across")
    missing = [name for name in columns if name not in items]
    if missing:
        raise AnalysisError(f"the items have no column {', '.join(missing)}")
    for name in columns:
        bad = np.flatnonzero(items[name].isna())
        if bad.size:
            raise AnalysisError(
                f"item {bad[0]} ({items['utt_id'].iloc[bad[0]]}) has no {name}: leave such items out, "
                f"or the column {name} of the task"
            )


def _starts(keys: NDArray[Any]) -> Index:
    """Where sorted columns (keys, n) change."""
    changed = np.ones(keys.shape[1], bool)
    changed[1:] = (np.diff(keys, axis=1) != 0).any(axis=0)
    return np.flatnonzero(changed).astype(np.int64)


def _numbers(keys: NDArray[Any]) -> Index:
    """Number of each run of equal sorted columns (keys, n)."""
    changed = (np.diff(keys, axis=1) != 0).any(axis=0) if len(keys) else np.zeros(keys.shape[1] - 1, bool)
    return np.concatenate([[0], np.cumsum(changed)]).astype(np.int64)


def _draw(
    order: Index, first: Index, count: Index, names: list[NDArray[Any]], caps: Caps
) -> tuple[Index, Index, Index]:
    """Draw tokens of segments that have too many."""
    if caps.tokens is None or not (count > caps.tokens).any():
        return order, first, count
    keep = np.ones(len(order), bool)
    for at in np.flatnonzero(count > caps.tokens):
        rng = np.random.default_rng(derive_seed(caps.seed, "tokens", *(name[at] for name in names)))
        drawn = rng.choice(count[at], caps.tokens, replace=False)
        keep[first[at] : first[at] + count[at]] = False
        keep[first[at] + drawn] = True
    kept = np.minimum(count, caps.tokens)
    return order[keep], np.cumsum(kept) - kept, kept


def _runs(
    segments: list[Index], values: dict[str, Index], count: Index, on: str, across: Sequence[str]
) -> tuple[Index, Index]:
    """X and A segments, in order of their blocks."""
    if not across:
        a = np.flatnonzero(count >= 2).astype(np.int64)
        return a, a
    table = pd.DataFrame({"block": segments[0], "on": values[on], "at": np.arange(len(count))})
    pairs = table.merge(table, on=["block", "on"], suffixes=("_x", "_a"))
    x, a = (pairs[name].to_numpy(np.int64) for name in ("at_x", "at_a"))
    other = np.ones(len(x), bool)
    for name in across:
        other &= values[name][x] != values[name][a]
    x, a = x[other], a[other]
    order = np.lexsort((x, a))
    return x[order], a[order]


def _few(x: Index, a: Index, names: list[NDArray[Any]], most: int, seed: int) -> tuple[Index, Index]:
    """Draw X segments of A segments that have too many."""
    starts = _starts(a[None])
    keep = np.ones(len(a), bool)
    for start, number in zip(starts, np.diff(starts, append=len(a)), strict=True):
        if number > most:
            rng = np.random.default_rng(derive_seed(seed, "across", *(name[a[start]] for name in names)))
            keep[start : start + number] = False
            keep[start + rng.choice(number, most, replace=False)] = True
    return x[keep], a[keep]
