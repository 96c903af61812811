"""Errors of ABX cells: how often X is nearer to B than to A."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.measures.abx_cells import Cells
from layerwise.measures.abx_dtw import compiled
from layerwise.measures.abx_tokens import Tokens

Array = NDArray[np.float64]
Index = NDArray[np.int64]
MEMORY = 2**29  # bytes that a matrix of distances may take
SMALL = 256  # tokens: of so few, all pairs at once are quicker than the wanted ones


def cell_errors(tokens: Tokens, cells: Cells, memory: int = MEMORY) -> Array:
    """Return the error of each cell: the share of triplets with d(a, x) > d(b, x), and half of those equal.

    Distances are computed for one block (same ``by`` values) at a time: all its pairs once, if most are
    wanted and their matrix fits the memory, or else rows of X against the tokens of one side.
    """
    run_first = np.searchsorted(cells.run, np.arange(len(cells.a))).astype(np.int64)
    wins = np.zeros(len(cells.run), np.int64)
    low, high = cells.low, cells.high
    row_of = np.full(len(cells.tokens), -1, np.int64)
    for rows, column, columns, runs, distances in _blocks(tokens, cells, memory):
        row_of[rows] = np.arange(len(rows))
        _count(
            distances,
            row_of,
            column,
            cells.x[runs],
            cells.a[runs],
            low[runs],
            high[runs],
            run_first[runs],
            cells.first,
            cells.count,
            wins,
            columns,
        )
        row_of[rows] = -1
    run, b = cells.run, cells.b
    number = cells.count[cells.x] * (cells.count[cells.a] - (1 if cells.within else 0))
    return 1 - wins / (2 * number[run] * cells.count[b])


def _blocks(tokens: Tokens, cells: Cells, memory: int) -> Iterator[tuple[Index, int, int, slice, Array]]:
    """Yield rows (places in cells.tokens), first column, number of columns, runs and distances."""
    limit = max(memory // 8, 1)
    of_run = cells.block[cells.a]
    starts = np.flatnonzero(np.diff(of_run, prepend=-1))
    for start, stop in zip(starts, np.append(starts[1:], len(of_run)), strict=True):
        segments = np.searchsorted(cells.block, of_run[start] + np.arange(2))
        at, end = _span(cells, segments[0], segments[1])
        size = end - at
        low, high = cells.low[start:stop], cells.high[start:stop]
        ends = np.append(cells.first, len(cells.tokens))
        wanted = int((cells.count[cells.x[start:stop]] * (ends[high] - ends[low])).sum())
        if size <= SMALL or (size * size <= limit and 2 * wanted >= size * size):
            distances = tokens.square(cells.tokens[at:end])
            yield np.arange(at, end), at, size, slice(start, stop), distances
            continue
        of_side = cells.side[cells.a[start:stop]]
        begins = np.flatnonzero(np.diff(of_side, prepend=-1))
        for begin, finish in zip(begins, np.append(begins[1:], len(of_side)), strict=True):
            runs = slice(start + begin, start + finish)
            column, last = _span(cells, low[begin], high[begin])
            rows = np.concatenate(
                [np.arange(cells.first[x], cells.first[x] + cells.count[x]) for x in cells.x[runs]]
            )
            for part in np.array_split(rows, -(-len(rows) * (last - column) // limit)):
                distances = tokens.distances(cells.tokens[part], cells.tokens[column:last])
                yield part, column, last - column, runs, distances


def _span(cells: Cells, low: Any, high: Any) -> tuple[int, int]:
    """First and last-plus-one token of segments."""
    return int(cells.first[low]), int(cells.first[high - 1] + cells.count[high - 1])


@compiled
def _count(
    distances: NDArray[Any],
    row_of: Index,
    column: int,
    run_x: Index,
    run_a: Index,
    run_low: Index,
    run_high: Index,
    run_first: Index,
    first: Index,
    count: Index,
    wins: Index,
    columns: int,
) -> None:
    """Add twice the triplets with d(a, x) < d(b, x), and once those equal, of X that have a row."""
    buffer = np.empty(columns)
    for run in range(run_x.size):
        x, a = run_x[run], run_a[run]
        for token in range(first[x], first[x] + count[x]):
            if row_of[token] < 0:
                continue
            row = distances[row_of[token]]
            size = 0
            for other in range(first[a], first[a] + count[a]):
                if other != token:
                    buffer[size] = row[other - column]
                    size += 1
            nearest = buffer[:size]
            nearest.sort()
            cell = run_first[run]
            for b in range(run_low[run], run_high[run]):
                if b == a:
                    continue
                total = 0
                for other in range(first[b], first[b] + count[b]):
                    value = row[other - column]
                    below, above = 0, size
                    while below < above:
                        middle = (below + above) // 2
                        if nearest[middle] < value:
                            below = middle + 1
                        else:
                            above = middle
                    equal = below
                    while equal < size and nearest[equal] == value:
                        equal += 1
                    total += below + equal
                wins[cell] += total
                cell += 1
