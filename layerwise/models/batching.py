"""Batches of similar lengths under a budget of padded samples."""

from collections.abc import Hashable, Sequence


def plan_batches(
    lengths: Sequence[int], budget: int, keys: Sequence[Hashable] | None = None
) -> list[list[int]]:
    """Group items into batches whose padded size, items x longest, stays within ``budget``.

    Items are sorted by length and the batches come largest first, so that running out of memory shows at
    once. Items with different ``keys`` never share a batch. An item longer than the budget gets a batch of
    its own. Deterministic: items of equal length keep their order.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    groups: dict[Hashable, list[int]] = {}
    for index in order:
        groups.setdefault(None if keys is None else keys[index], []).append(index)
    batches: list[list[int]] = []
    for group in groups.values():
        batch: list[int] = []
        for index in group:
            if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
                batches.append(batch)
                batch = []
            batch.append(index)
        batches.append(batch)
    return sorted(batches, key=lambda batch: -padded_size(lengths, batch))


def padded_size(lengths: Sequence[int], batch: Sequence[int]) -> int:
    """Return the samples that a batch occupies, padding included."""
    return len(batch) * max(lengths[index] for index in batch)


def padding_waste(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    """Return the share of all batched samples that is padding, from 0 to 1."""
    padded = sum(padded_size(lengths, batch) for batch in batches)
    return 1 - sum(lengths[index] for batch in batches for index in batch) / padded if padded else 0.0
