"""ABX discriminability of features (Schatz 2016), by the conventions of fastabx (arXiv 2505.02692)."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.measures.abx_average import Average, Levels
from layerwise.measures.abx_cells import Caps, Cells, make_cells
from layerwise.measures.abx_errors import MEMORY, cell_errors
from layerwise.measures.abx_items import PastEnd, slice_items
from layerwise.measures.abx_tokens import Tokens
from layerwise.measures.slices import SliceRule

PHONE_TASK = ("prev", "next", "speaker")


class AbxWarning(UserWarning):
    """Items were left out or cut short."""


@dataclass(frozen=True)
class AbxResult:
    """Error of an ABX task, and what it stands on.

    Attributes:
        error: share of triplets in which X is nearer to B than to A, averaged over cells; 0.5 is chance.
        low, high: 95 % interval over speakers and contexts (`layerwise.measures.abx_average.Average`).
        tokens: number of tokens in any cell.
        cells: one row per cell: a, b (values of ``on``), the by and across columns, the across columns of X
            with ``_x``, error, and n (triplets).
    """

    error: float
    low: float
    high: float
    tokens: int
    cells: pd.DataFrame


def abx(
    features: Mapping[Any, ArrayLike],
    items: pd.DataFrame,
    rate: Any = 50,
    on: str = "label",
    by: Sequence[str] = PHONE_TASK,
    across: str | Sequence[str] | None = None,
    pooled: bool = False,
    *,
    levels: Levels | None = None,
    slices: SliceRule = "closed",
    past_end: PastEnd = "clip",
    caps: Caps | None = None,
    memory: int = MEMORY,
) -> float:
    """Return the ABX error of features, between 0 and 1; chance is 0.5, lower is better.

    X is of the category of A; the error is the share of triplets in which it is nearer to B. Frames are
    compared by the angle between them over pi, tokens by dynamic time warping, its cost divided by the
    number of cells of the path. Triplets are averaged within cells, cells over contexts, then speakers, then
    ordered pairs of labels.

    Triphones within speakers: the default, with items that span three phones. Across speakers:
    ``by=("prev", "next"), across="speaker"``. Any context: without prev and next. Speakers:
    ``on="speaker", by=("prev", "next", "label")``.

    Args:
        features: per utterance, (frames, dim) numbers, or (frames,) integers, which are discrete units.
        items: one row per token: utt_id, start, end (seconds), and the columns of the task. Times are
            taken as the decimal numbers they print.
        rate: frames per second; frame i stands at (i + 1/2) / rate.
        on: the column that A and B differ in.
        by: columns that A, B and X share.
        across: columns that A and B share and X differs in.
        pooled: compare means of the raw frames instead of warping.
        levels: columns to average over, in order; default: prev and next together, then each other of
            ``by``, then ``across``.
        slices: ``closed``, or ``libri-light`` for its slices that lose the last frame.
        past_end: what becomes of an item with frames past the last one of its utterance: ``clip`` keeps the
            frames that are there, ``drop`` leaves it out, ``error`` raises (as fastabx). Models without
            padding lack the last frame.
        caps: at most so many tokens and X speakers, drawn with a seed; default: all.
        memory: bytes that a matrix of distances may take.

    Raises:
        AnalysisError: if an utterance has no features, they are not finite, times or columns are not usable.
        InfeasibleError: if there is no cell.

    Warns:
        AbxWarning: with the number of items without a frame or past the end of their utterance.
    """
    sliced = slice_items(features, items, rate, slices=slices, past_end=past_end)
    for reason, number in sliced.left_out.items():
        warnings.warn(f"ABX: {number} of {len(items)} items {reason}", AbxWarning, stacklevel=2)
    tokens = sliced.tokens.pooled() if pooled else sliced.tokens
    result = score_tokens(tokens, sliced.items, on, by, across, levels=levels, caps=caps, memory=memory)
    return result.error


def score_tokens(
    tokens: Tokens,
    items: pd.DataFrame,
    on: str = "label",
    by: Sequence[str] = PHONE_TASK,
    across: str | Sequence[str] | None = None,
    *,
    levels: Levels | None = None,
    caps: Caps | None = None,
    replicates: int = 0,
    memory: int = MEMORY,
) -> AbxResult:
    """Score a task on tokens, one for each row of items; arguments and errors as for `abx`.

    ``replicates`` of a bootstrap over speakers and contexts give the interval.
    """
    caps = caps or Caps()
    over = (across,) if isinstance(across, str) else tuple(across or ())
    cells = make_cells(items, on, tuple(by), over, caps)
    average = Average(cells, on, tuple(by), over, levels)
    errors = cell_errors(tokens, cells, memory)
    low, high = average.interval(errors, replicates, caps.seed)
    table = _table(items, cells, errors, on, tuple(by), over)
    return AbxResult(average.value(errors), low, high, cells.used, table)


def _table(
    items: pd.DataFrame, cells: Cells, errors: NDArray[Any], on: str, by: Sequence[str], across: Sequence[str]
) -> pd.DataFrame:
    run, b = cells.run, cells.b
    a, x = cells.a[run], cells.x[run]
    example = cells.tokens[cells.first]
    names = {name: items[name].to_numpy()[example] for name in (on, *by, *across)}
    columns = {"a": names[on][a], "b": names[on][b]}
    columns |= {name: names[name][a] for name in (*by, *across)}
    columns |= {f"{name}_x": names[name][x] for name in across}
    triplets = cells.count[a] * (cells.count[x] - cells.within) * cells.count[b]
    return pd.DataFrame({**columns, "error": errors, "n": triplets})
