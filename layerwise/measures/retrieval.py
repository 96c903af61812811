"""Mean average precision of word tokens that look for their like (MAP@R)."""

import logging
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from layerwise.cca.moments import Array, Index
from layerwise.errors import AnalysisError
from layerwise.measures.tokens import pool_tokens

logger = logging.getLogger(__name__)

Definition = Literal["equation3", "tool"]
SIMILARITIES = 8_000_000  # in memory at a time, twice
SMALLEST = 1e-12  # norm of a mean that is divided by


class Retrieval(NamedTuple):
    """How well tokens find their like, each value (1 + groups,): of all tokens, and without each group.

    equation3, tool: mean average precision by both definitions (``word_map``). word, speaker: the share of
    tokens whose nearest neighbour is the same word, or of the same speaker (NaN if they were not given).
    ``tokens`` took part, of ``types`` words; ``lone`` tokens were the only ones of their word and did not.
    """

    equation3: Array
    tool: Array
    word: Array
    speaker: Array
    tokens: int
    types: int
    lone: int


def word_map(
    features: Mapping[Any, Any],
    items: pd.DataFrame,
    rate: Fraction | float = 50,
    definition: Definition = "equation3",
) -> float:
    """Return the mean average precision of word tokens, from 0 to 1.

    ``features`` holds (frames, dim) by utterance, ``rate`` is frames per second, and ``items`` has a row for
    each token: utt_id, start, end (seconds) and label; its other columns play no part. A token is the mean of
    its raw frames (`layerwise.measures.slices`), compared by cosine with all others, whoever spoke
    them. A token with R others of its label has an average precision: the precision at the rank of each of
    them, as far as they are among the nearest ones, summed and divided by R.

    ``equation3`` looks at the token's own R nearest (MAP@R; Musgrave, Belongie and Lim 2020,
    arXiv 2003.08505, equation 3). ``tool`` looks at as many for each token as the most frequent label has,
    less one, as speech-map 0.1.2 does, and so published curves do; it is never the lower of the two.
    Equally near tokens count as found together, as in scikit-learn.

    Labels with one token, and tokens without a frame, are left out and their numbers logged. Raises
    AnalysisError for tables or features that do not fit, NaN or infinity, and if no label has two tokens.
    """
    if definition not in ("equation3", "tool"):
        raise AnalysisError(f"definition {definition!r} is unknown: use equation3 or tool")
    pooled = pool_tokens(features, items, rate)
    found = retrieve(pooled.means, items["label"].to_numpy()[pooled.kept])
    lost = len(items) - len(pooled.kept)
    if lost or found.lone or pooled.cut:
        logger.warning(
            "word MAP: of %d tokens %d have no frame and %d are the only ones of their label: left out; "
            "%d end after the last frame",
            len(items),
            lost,
            found.lone,
            pooled.cut,
        )
    return float((found.equation3 if definition == "equation3" else found.tool)[0])


def retrieve(
    means: ArrayLike,
    labels: ArrayLike,
    *,
    speakers: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Retrieval:
    """Let each token rank all others by cosine.

    ``means`` are (n, dim); ``labels``, ``speakers`` and ``groups`` are (n,). Values without a group are those
    of the tokens of the other groups alone, but that a word of which one token is then left is still found by
    others. Similarities are held for a block of tokens at a time, in float64. Raises AnalysisError if no
    label has two tokens.
    """
    x, names = np.asarray(means, np.float64), np.asarray(labels)
    codes, counts = np.unique(names, return_inverse=True, return_counts=True)[1:]
    kept = np.flatnonzero(counts[codes] > 1)
    if not kept.size:
        raise AnalysisError(f"none of {len(counts)} words has two tokens: use more data")
    of_group = np.zeros(len(names), np.int64) if groups is None else np.asarray(groups)
    kept = kept[np.argsort(of_group[kept], kind="stable")]  # tokens of a group are neighbours in memory
    x = x[kept] / np.maximum(np.linalg.norm(x[kept], axis=1, keepdims=True), SMALLEST)
    sums = _Sums(np.unique(codes[kept], return_inverse=True)[1], of_group[kept])
    same_speaker = None if speakers is None else np.unique(np.asarray(speakers)[kept], return_inverse=True)[1]
    step = max(1, SIMILARITIES // len(x))
    for start in range(0, len(x), step):
        rows = np.arange(start, min(start + step, len(x)))
        similar = x[rows] @ x.T
        similar[np.arange(len(rows)), rows] = -np.inf
        sums.add(rows, similar, same_speaker)
    equation3, tool, word, speaker = sums.values()
    if same_speaker is None:
        speaker = np.full_like(speaker, np.nan)
    return Retrieval(equation3, tool, word, speaker, len(x), int((counts > 1).sum()), len(names) - len(kept))


class _Sums:
    """Sums over queries, with all groups and without each: columns 0, 1..G."""

    def __init__(self, labels: Index, groups: NDArray[Any]) -> None:
        self.labels = labels
        self.groups = np.unique(groups, return_inverse=True)[1]
        self.number = int(self.groups[-1]) + 1
        self.ends = np.append(np.flatnonzero(np.diff(self.groups, prepend=-1)), len(labels))
        order = np.argsort(labels, kind="stable")
        self.members = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        in_group = np.zeros((len(self.members), self.number))
        np.add.at(in_group, (labels, self.groups), 1)
        # Tokens of each word with all groups and without each, and the neighbours that the tool looks at.
        self.sizes = in_group.sum(axis=1, keepdims=True) - np.pad(in_group, ((0, 0), (1, 0)))
        self.most = self.sizes.max(axis=0) - 1
        self.precisions = np.zeros((2, self.number + 1))
        self.queries = np.zeros(self.number + 1)
        self.nearest = np.zeros((2, self.number + 1))
        self.asked = np.zeros(self.number + 1)

    def add(self, rows: Index, similar: Array, speakers: Index | None) -> None:
        """Add queries: their similarities to all tokens, (rows, n), -inf to themselves."""
        self._add_nearest(rows, similar, speakers)
        sorted_ = np.empty_like(similar)
        for start, end in zip(self.ends[:-1], self.ends[1:], strict=True):
            sorted_[:, start:end] = np.sort(similar[:, start:end], axis=1)
        for row, own, ranked in zip(rows, similar, sorted_, strict=True):
            self._add_precision(row, own, ranked)

    def _add_precision(self, row: int, similar: Array, ranked: Array) -> None:
        like = self.members[self.labels[row]]
        like = like[like != row]
        like = like[np.argsort(-similar[like], kind="stable")]
        targets = similar[like]
        of_group = np.zeros((len(like), self.number))
        of_group[np.arange(len(like)), self.groups[like]] = 1
        # As near as each target or nearer, by group: of the same word, and of all.
        last = np.searchsorted(-targets, -targets, side="right") - 1
        hits = np.cumsum(of_group, axis=0)[last]
        ranks = np.empty_like(hits)
        for group, (start, end) in enumerate(zip(self.ends[:-1], self.ends[1:], strict=True)):
            ranks[:, group] = (end - start) - np.searchsorted(ranked[start:end], targets, side="left")
        hits, ranks = _without_each(hits), _without_each(ranks)
        there = np.hstack([np.ones((len(like), 1)), 1 - of_group])
        have = self.sizes[self.labels[row]] - 1
        precision = there * hits / np.maximum(ranks, 1)
        asks = have > 0
        asks[1 + self.groups[row]] = False
        for total, cutoff in zip(self.precisions, (have, self.most), strict=True):
            total += asks * (precision * (ranks <= cutoff)).sum(axis=0) / np.maximum(have, 1)
        self.queries += asks

    def _add_nearest(self, rows: Index, similar: Array, speakers: Index | None) -> None:
        best = np.stack(
            [
                start + np.argmax(similar[:, start:end], axis=1)
                for start, end in zip(self.ends[:-1], self.ends[1:], strict=True)
            ],
            axis=1,
        )
        how_near = np.take_along_axis(similar, best, axis=1)
        for column in range(self.number + 1):
            near = how_near.copy()
            asks = np.ones(len(rows), bool)
            if column:
                near[:, column - 1] = -np.inf
                asks = self.groups[rows] != column - 1
            found = best[np.arange(len(rows)), np.argmax(near, axis=1)]
            asks &= np.isfinite(near.max(axis=1))
            self.asked[column] += asks.sum()
            self.nearest[0, column] += (self.labels[found] == self.labels[rows])[asks].sum()
            if speakers is not None:
                self.nearest[1, column] += (speakers[found] == speakers[rows])[asks].sum()

    def values(self) -> tuple[Array, Array, Array, Array]:
        """Return equation3, tool, word and speaker of `Retrieval`."""
        with np.errstate(invalid="ignore"):
            equation3, tool = self.precisions / self.queries
            word, speaker = self.nearest / self.asked
        return equation3, tool, word, speaker


def _without_each(table: Array) -> Array:
    """Return sums over the columns (n, G) of a table: over all, and over all but each, (n, 1 + G)."""
    total = table.sum(axis=1, keepdims=True)
    return np.hstack([total, total - table])
