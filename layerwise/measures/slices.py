"""Which frames an interval has, as fastabx, speech-map and discophon count them."""

from fractions import Fraction
from math import ceil, floor

from layerwise.features.pooling import exact_seconds

HALF = Fraction(1, 2)


def frames_of(start: float, end: float, rate: Fraction | float) -> tuple[int, int]:
    """Return the first frame of an interval and the one after its last; not clipped, none if equal.

    Frame i stands at (i + 1/2) / rate seconds; an interval [start, end] has the frames that stand in it, both
    ends closed. Times and ``rate`` (frames per second) are taken as the decimal numbers that they print as.
    This is not the slice of stored segments (`layerwise.features.pooling.frame_range`), which has every frame
    that an interval touches.
    """
    per_second = rate if isinstance(rate, Fraction) else exact_seconds(rate)
    first = ceil(exact_seconds(start) * per_second - HALF)
    return first, max(first, floor(exact_seconds(end) * per_second - HALF) + 1)
