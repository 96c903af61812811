"""Parts for cross-validation: whole groups, stratified by label, or single rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerwise.cca.moments import Index
from layerwise.errors import AnalysisError
from layerwise.seeds import derive_seed

MIN_MEMBERS = 3  # train, dev and test
TIE = 1e-12  # difference of equally uneven parts


def rare_classes(
    labels: Sequence[Any] | NDArray[Any], groups: Sequence[Any] | NDArray[Any] | None
) -> list[Any]:
    """Return the classes that occur in fewer than three groups (rows, without groups), sorted.

    Such a class cannot be in the training, dev and test parts at once.
    """
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    places = (
        np.arange(len(codes)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    pairs = np.unique(np.stack([codes, places]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(classes))
    return [label.item() if hasattr(label, "item") else label for label in classes[counts < MIN_MEMBERS]]


def assign_parts(
    n: int,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    parts: int = 10,
    seed: int = 0,
) -> Index:
    """Return the part, 0..parts-1, of each of n rows.

    With ``groups`` (n,) no group straddles parts; with ``labels`` (n,) each part gets its share of every
    class; with both, both as far as possible (StratifiedGroupKFold); with neither, single rows are
    shuffled. Parts are of about equal size. Raises AnalysisError when there are fewer groups (or rows)
    than parts, or a class is too rare (``rare_classes``).
    """
    rng = np.random.default_rng(derive_seed(seed, "parts"))
    units = n if groups is None else len(np.unique(np.asarray(groups)))
    if units < parts:
        what = "rows" if groups is None else "groups (utterances or speakers)"
        raise AnalysisError(f"{units} {what} cannot fill {parts} parts: use more data or fewer parts")
    if labels is not None and (rare := rare_classes(labels, groups)):
        where = "rows" if groups is None else "groups"
        raise AnalysisError(
            f"classes in fewer than {MIN_MEMBERS} {where} cannot be trained and tested: "
            f"{', '.join(map(str, rare))}; leave them out"
        )
    if groups is None:
        return _deal(rng, np.zeros(n, np.int64) if labels is None else np.asarray(labels), parts)
    group_codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    if labels is None:
        return _pack(rng, group_codes, parts)
    return _stratify_groups(rng, group_codes, np.unique(np.asarray(labels), return_inverse=True)[1], parts)


def assign_partitions(
    n: int,
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    parts: int = 10,
    partitions: int = 1,
    seed: int = 0,
) -> Index:
    """Return several random divisions into parts, (partitions, n); the first is that of ``assign_parts``."""
    seeds = [seed, *(derive_seed(seed, "partition", number) for number in range(1, partitions))]
    return np.stack([assign_parts(n, groups=groups, labels=labels, parts=parts, seed=own) for own in seeds])


def dev_test_pairs(parts: int, trials: int, seed: int) -> list[tuple[int, int]]:
    """Return one disjoint (dev, test) pair of parts for each trial."""
    if not 0 < 2 * trials <= parts or parts < 3:
        raise AnalysisError(f"{trials} trials need {max(3, 2 * trials)} parts, there are {parts}")
    order = np.random.default_rng(derive_seed(seed, "trials")).permutation(parts)
    return [(int(order[2 * trial]), int(order[2 * trial + 1])) for trial in range(trials)]


def rotation(parts: int, seed: int) -> list[tuple[int, int]]:
    """Return (dev, test) pairs: each part is once test, and dev is its neighbour in a random ring."""
    order = np.random.default_rng(derive_seed(seed, "rotation")).permutation(parts)
    return [(int(dev), int(test)) for test, dev in zip(order, np.roll(order, -1), strict=True)]


def _deal(rng: np.random.Generator, labels: NDArray[Any], parts: int) -> Index:
    """Deal the shuffled rows of each class to the parts in turn; each class goes on where the last ended."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    part = np.empty(len(labels), np.int64)
    part[order] = rng.permutation(parts)[np.arange(len(labels)) % parts]
    return part


def _pack(rng: np.random.Generator, groups: Index, parts: int) -> Index:
    """Put each group, shuffled and then from the largest, into the part with the fewest rows so far."""
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(parts, np.int64)
    part_of_group = np.empty(len(sizes), np.int64)
    for group in order:
        part_of_group[group] = np.argmin(filled)
        filled[part_of_group[group]] += sizes[group]
    return part_of_group[groups]


def _stratify_groups(rng: np.random.Generator, groups: Index, labels: Index, parts: int) -> Index:
    """Put each group, in random order, where its rows and classes are then spread most evenly.

    Uneven is the sum over classes of the squared counts of the parts, in units of the class's size, and the
    same of all rows. Random order makes partitions of two seeds as different as chance has it, where
    scikit-learn's StratifiedGroupKFold, which begins with the most uneven groups, mostly repeats itself.
    """
    counts = np.zeros((groups.max() + 1, labels.max() + 1))
    np.add.at(counts, (groups, labels), 1)
    shares = np.hstack([counts / counts.sum(axis=0), counts.sum(axis=1, keepdims=True) / len(labels)])
    weights = np.append(np.full(counts.shape[1], 1 / counts.shape[1]), 1.0)
    filled = np.zeros((parts, shares.shape[1]))
    part_of_group = np.empty(len(counts), np.int64)
    for group in rng.permutation(len(counts)):
        uneven = filled @ (weights * shares[group])
        ties = np.flatnonzero(uneven <= uneven.min() + TIE)
        part_of_group[group] = best = int(rng.choice(ties))
        filled[best] += shares[group]
    if len(np.unique(part_of_group)) < parts:
        raise AnalysisError(f"{parts} parts cannot be filled from these groups: use fewer parts")
    return part_of_group[groups]
