"""Which alignments of MFA are not to be trusted: it aligns any text with any sound and never refuses.

Two tests, of what is spoken in how much speech, and of MFA's scores against each other in the run. Neither
finds a fault that all utterances share.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layerwise.align.intervals import Outcome

log = logging.getLogger(__name__)
LEAST = 20  # utterances, of the run or of a speaker, for a median and a spread to be relied on
# The score is a mean over phones: the fewer there are, the wider it scatters, beside what utterances differ.
# On MFA's example prompts (36 scores) residuals weighted so scatter alike below and above ten phones.
PHONES_OF_HALF_WEIGHT = 30
LEAST_SPREAD = 0.5  # against ties
NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation


@dataclass(frozen=True)
class Limits:
    """``alignment.mfa.min_score``, ``min_rate`` and ``max_rate``; None: not tested."""

    min_score: float | None
    min_rate: float | None
    max_rate: float | None


def trusted(
    outcomes: Sequence[Outcome], manifest: pd.DataFrame, limits: Limits, speech: Mapping[str, float]
) -> list[Outcome]:
    """Return outcomes with those ``dropped`` that are not to be trusted, with the numbers as reason.

    Args:
        outcomes: what became of the utterances.
        manifest: utterances with utt_id, speaker and text.
        limits: what is tested.
        speech: seconds of speech by utt_id, measured in the audio; where there are none, the seconds of the
            aligned words are taken.
    """
    texts = dict(zip(manifest["utt_id"], manifest["text"], strict=True))
    speakers = dict(zip(manifest["utt_id"], manifest["speaker"].astype(str), strict=True))
    reasons = {
        outcome.utt_id: fault
        for outcome in outcomes
        if outcome.status == "aligned"
        and (fault := _rate_fault(outcome, len(texts[outcome.utt_id].split()), limits, speech))
    }
    scored = [
        outcome
        for outcome in outcomes
        if outcome.status == "aligned" and outcome.utt_id not in reasons and not math.isnan(outcome.score)
    ]
    if limits.min_score is not None:
        reasons |= _low_scores(scored, speakers, limits.min_score)
    return [
        replace(outcome, status="dropped", reason=reasons[outcome.utt_id], intervals=())
        if outcome.utt_id in reasons
        else outcome
        for outcome in outcomes
    ]


def _rate_fault(outcome: Outcome, words: int, limits: Limits, speech: Mapping[str, float]) -> str:
    """Say that there are too many or too few phones in a second of speech, or return an empty string.

    Words that were left out count as the others.
    """
    aligned = [interval for interval in outcome.intervals if interval.tier == "word"]
    phones = round((len(outcome.intervals) - len(aligned)) * max(words / len(aligned), 1))
    seconds = speech.get(outcome.utt_id, sum(word.end - word.start for word in aligned))
    if seconds <= 0:
        tested = limits.min_rate is not None or limits.max_rate is not None
        return f"no speech in the audio, for {phones} phones" if tested else ""
    rate = phones / seconds
    found = f"{rate:.1f} phones in a second of speech ({phones} in {seconds:.2f} s)"
    if limits.max_rate is not None and rate > limits.max_rate:
        return f"{found}, more than `alignment.mfa.max_rate`: {limits.max_rate:g}; less is said than the text"
    if limits.min_rate is not None and rate < limits.min_rate:
        return (
            f"{found}, fewer than `alignment.mfa.min_rate`: {limits.min_rate:g}; more is said than the text"
        )
    return ""


def _low_scores(scored: Sequence[Outcome], speakers: Mapping[str, str], limit: float) -> dict[str, str]:
    """Utterances whose score is an outlier among those of the run, and why.

    A modified z-score (Iglewicz and Hoaglin 1993), of residuals from the median of the speaker, or of the
    run where the speaker has fewer than ``LEAST`` utterances or is an outlier as a whole. The spread is that
    of the residuals above, which wrong texts do not widen.
    """
    if len(scored) < LEAST:
        if scored:
            log.warning(
                "`alignment.mfa.min_score` is not tested: %d utterances have a score, and a median and a "
                "spread need %d",
                len(scored),
                LEAST,
            )
        return {}
    scores = np.array([outcome.score for outcome in scored])
    phones = np.array([sum(item.tier == "phone" for item in outcome.intervals) for outcome in scored])
    weights = np.sqrt(phones / (phones + PHONES_OF_HALF_WEIGHT))
    run = float(np.median(scores))
    spread = _upper_spread(weights * (scores - run))
    names = np.array([speakers[outcome.utt_id] for outcome in scored])
    centres = np.full(len(scores), run)
    for name in np.unique(names):
        own = names == name
        residual = np.median(weights[own]) * (np.median(scores[own]) - run)
        if own.sum() >= LEAST and residual >= limit * spread:
            centres[own] = np.median(scores[own])
    residuals = weights * (scores - centres)
    distances = residuals / _upper_spread(residuals)
    return {
        outcome.utt_id: (
            f"score {outcome.score:.1f}, {-distance:.1f} spreads below the {centre:.1f} that is usual "
            f"{'in the run' if centre == run else 'for its speaker'}, more than `alignment.mfa.min_score`: "
            f"{limit:g}; its text is probably not what is said"
        )
        for outcome, distance, centre in zip(scored, distances, centres, strict=True)
        if distance < limit
    }


def _upper_spread(residuals: NDArray[np.float64]) -> float:
    return max(LEAST_SPREAD, NORMAL * float(np.median(residuals[residuals >= 0])))
