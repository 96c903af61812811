"""Frames whose centre (i + 1/2) / rate lies in an interval, as fastabx, speech-map and discophon slice.

Segments pooled elsewhere take floor(start) to ceil(end), and a model's true centres lie elsewhere again;
either gives other scores. Times are exact decimals here: as floats, 0.29 * 50 - 0.5 is not 14.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from layerwise.errors import AnalysisError

SliceRule = Literal["closed", "libri-light"]


def frame_slices(
    starts: Iterable[Any], ends: Iterable[Any], rate: Any, rule: SliceRule = "closed"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last-plus-one frame of intervals, (n,) each; without a frame, the two are equal.

    Args:
        starts: times in seconds: numbers, decimals or decimal strings. Floats count as the decimal number
            that they print.
        ends: likewise.
        rate: frames per second: an integer, fraction, decimal, decimal string or float.
        rule: ``closed``: first = ceil(start * rate - 1/2), last = floor(end * rate - 1/2) + 1, as fastabx.
            ``libri-light``: the same without the + 1, so that the last frame of each interval is lost, as in
            the evaluation code of Libri-light (Kahn et al. 2020).

    Raises AnalysisError for a rate that is not positive, an unknown rule, or a time that is no number.
    """
    if rule not in get_args(SliceRule):
        raise AnalysisError(f"{rule!r} is no rule for slices: choose from {', '.join(get_args(SliceRule))}")
    per_second = exact_rate(rate)
    first = [-((half - time) // scale) for time, half, scale in _exact(starts, per_second)]
    extra = 1 if rule == "closed" else 0
    stop = [(time - half) // scale + extra for time, half, scale in _exact(ends, per_second)]
    return np.array(first, np.int64), np.maximum(np.array(stop, np.int64), first)


def exact_rate(rate: Any) -> Fraction:
    """Return frames per second as a fraction; a float counts as the decimal number that it prints."""
    try:
        exact = rate if isinstance(rate, Fraction) else Fraction(str(rate))
    except (ValueError, ZeroDivisionError):
        exact = Fraction(0)
    if exact <= 0:
        raise AnalysisError(f"rate={rate!r}: give frames per second, a positive number such as 50")
    return exact


def _exact(times: Iterable[Any], rate: Fraction) -> Iterator[tuple[int, int, int]]:
    """Yield whole numbers (t, half, one) that are to each other as time * rate, 1/2 and 1."""
    for time in times:
        try:
            number, below = Decimal(str(time)).as_integer_ratio()
        except (InvalidOperation, ValueError, OverflowError):
            raise AnalysisError(
                f"{time} is no time in seconds: correct `start` and `end` of the items"
            ) from None
        half = below * rate.denominator
        yield 2 * number * rate.numerator, half, 2 * half
