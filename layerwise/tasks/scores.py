"""Edit counts, scores as ratios of sums over utterances, and their bootstrap intervals."""

from collections.abc import Sequence

import jiwer
import numpy as np
from numpy.typing import NDArray


def edit_counts(
    references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Return (utterances, 2): substitutions + deletions + insertions, and reference length.

    References must not be empty and labels must not contain white space.
    """
    output = jiwer.process_words(
        [" ".join(labels) for labels in references], [" ".join(labels) for labels in hypotheses]
    )
    counts = np.zeros((len(references), 2))
    for row, (labels, chunks) in enumerate(zip(references, output.alignments, strict=True)):
        errors = sum(
            max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
            for chunk in chunks
            if chunk.type != "equal"
        )
        counts[row] = errors, len(labels)
    return counts


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
