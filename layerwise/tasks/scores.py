"""Edit counts, scores as ratios of sums over utterances, and their bootstrap intervals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein


def edit_counts(
    references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Return (utterances, 2): substitutions + deletions + insertions, and reference length."""
    errors = [
        Levenshtein.distance(reference, hypothesis)
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]
    return np.stack([errors, [len(reference) for reference in references]], axis=1).astype(np.float64)


def score(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the first column over the sum of the second, of counts (..., utterances, 2)."""
    total = counts.sum(axis=-2)
    return np.asarray(total[..., 0] / total[..., 1])


def bootstrap_interval(
    counts: NDArray[np.float64], seed: int, resamples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % percentile interval of ``score`` when utterances are drawn with replacement.

    ``counts`` is (heads, utterances, 2); all heads see the same resamples. Returns low and high, (heads,).
    """
    heads, utterances, _ = counts.shape
    if resamples == 0:
        return np.full(heads, np.nan), np.full(heads, np.nan)
    draws = np.random.default_rng(seed).multinomial(
        utterances, np.full(utterances, 1 / utterances), size=resamples
    )
    sums = np.einsum("ru,huc->hrc", draws, counts)
    low, high = np.quantile(sums[..., 0] / sums[..., 1], [0.025, 0.975], axis=1)
    return low, high
