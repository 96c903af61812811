"""Tables of how often two labels meet: information and purity, of many tables of the same cells at once."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layerwise.cca.moments import Array

Side = Literal["cluster", "label"]
SIDES: tuple[Side, Side] = ("cluster", "label")


class Cells:
    """The cells of a contingency table that occur: their counts and margins, and the cell of each row.

    Methods take counts of these cells, (tables, cells): the table itself, or what a bootstrap draws of it.
    """

    def __init__(self, clusters: ArrayLike, labels: ArrayLike) -> None:
        """Take the cluster and the label of each row, (n,) integers each."""
        self.pairs, self.of_row, self.counts = np.unique(
            np.stack([np.asarray(clusters), np.asarray(labels)]),
            axis=1,
            return_inverse=True,
            return_counts=True,
        )
        self._margins = dict(zip(SIDES, map(_margin, self.pairs), strict=True))

    @property
    def table(self) -> Array:
        """The counts as one table, (1, cells)."""
        return self.counts[None].astype(np.float64)

    def by_unit(self, units: NDArray[Any]) -> Array:
        """Return the counts of each unit (speaker or utterance), sorted by name: (units, cells)."""
        names, codes = np.unique(units, return_inverse=True)
        counts = np.zeros((len(names), len(self.counts)))
        np.add.at(counts, (codes, self.of_row), 1)
        return counts

    def information(self, counts: Array) -> Array:
        """Return I(cluster; label) / H(label), (tables,); 0 where all labels are the same."""
        cluster, label = (_entropy(self._sums(side, counts)) for side in SIDES)
        information = np.maximum(cluster + label - _entropy(counts), 0.0)
        return np.divide(information, label, out=np.zeros_like(label), where=label > 0)

    def purity(self, counts: Array, of: Side) -> Array:
        """Return the share of rows with the most frequent label of their cluster, or the other way round.

        (tables,); ``of="cluster"``: phone purity, the sum over clusters of the largest joint probability;
        ``of="label"``: cluster purity, the sum over labels.
        """
        order, starts = self._margins[of]
        largest = np.maximum.reduceat(counts[:, order], starts, axis=1)
        return np.asarray(largest.sum(axis=1) / counts.sum(axis=1))

    def _sums(self, side: Side, counts: Array) -> Array:
        order, starts = self._margins[side]
        return np.asarray(np.add.reduceat(counts[:, order], starts, axis=1))


def _margin(names: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the cells in the order of their names (cells,), and where each name begins."""
    order = np.argsort(names, kind="stable")
    return order, np.flatnonzero(np.diff(names[order], prepend=names[order[0]] - 1))


def _entropy(counts: Array) -> Array:
    """Entropies (tables,) in nats of tables of counts (tables, cells)."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return -np.asarray(np.einsum("ij,ij->i", shares, logs))
