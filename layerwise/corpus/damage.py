"""Damage that can be heard in a recording: bytes lost in the file, gaps of a transmission, an offset."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 0.999  # just below the largest value of 16-bit audio, 32767 / 32768
WINDOW = 0.05  # seconds
LOUD = 0.25  # root mean square of full scale; speech as loud is voiced, so neighbouring samples are alike
WHITE = 0.5  # correlation of neighbouring samples that noise stays below
LEAST_NOISE = 2  # windows
SHIFTED_LEVEL = 512  # of 16 bits; of a window whose low bytes are looked at
LEAST_SIGN, MOST_SIGN = 0.1, 0.5  # shares of low bytes of each sign and of both together; by chance 1 in 256
GAP = 0.01  # seconds of equal samples
EDGE = 0.002  # seconds beside a gap
LOUD_EDGE = 0.05  # root mean square there: speech does not stop or start so
SILENT_SHARE = 0.25  # of a file, in gaps of at least ``WINDOW``
OFFSET = 0.05  # of full scale


def find_damage(samples: NDArray[np.float32], rate: int) -> tuple[str, ...]:
    """Say what is wrong with samples (samples, channels); each kind once, of its worst channel."""
    found: dict[str, tuple[float, str]] = {}
    for channel in samples.T:
        for kind, extent, text in _damages(channel, rate):
            if extent > found.get(kind, (0.0, ""))[0]:
                found[kind] = (extent, text)
    return tuple(text for _, text in found.values())


def _damages(channel: NDArray[np.float32], rate: int) -> Iterator[tuple[str, float, str]]:
    """Kind, extent and description of each damage."""
    seconds = len(channel) / rate
    noisy = np.union1d(_noisy(channel, rate), _shifted(channel, rate))
    if len(noisy) >= LEAST_NOISE:
        extent = len(noisy) * WINDOW
        first = noisy[0] * WINDOW
        yield (
            "noise",
            extent,
            f"noise: {extent:.2f} of {seconds:.2f} s, first at {first:.2f} s; bytes may be lost",
        )
    starts, ends = _runs(channel, max(round(GAP * rate), 2))
    abrupt = [
        (start, end)
        for start, end in zip(starts, ends, strict=True)
        if _breaks_off(channel, start, end, max(round(EDGE * rate), 1))
    ]
    if abrupt:
        extent = sum(end - start for start, end in abrupt) / rate
        yield (
            "gap",
            extent,
            f"gaps: {len(abrupt)} of equal samples in mid-sound, {extent:.2f} s, first at "
            f"{abrupt[0][0] / rate:.2f} s; parts may be lost",
        )
    long = ends - starts >= WINDOW * rate
    extent = float((ends - starts)[long].sum()) / rate
    if extent > SILENT_SHARE * seconds and np.any(channel):
        yield "silence", extent, f"digital silence: {extent:.2f} of {seconds:.2f} s"
    offset = float(channel.mean(dtype=np.float64))
    if abs(offset) > OFFSET:
        yield "offset", abs(offset), f"constant offset: {offset:+.3f} of full scale"


def _noisy(channel: NDArray[np.float32], rate: int) -> NDArray[np.intp]:
    """Numbers of the windows that are loud and as good as white.

    Speech that loud is voiced. If one byte of 16-bit audio is lost, low bytes are read as high ones from
    there on: white noise at full scale.
    """
    windows = _windows(channel, rate)
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.mean(windows**2, axis=1)
    alike = np.mean(windows[:, 1:] * windows[:, :-1], axis=1)
    return np.flatnonzero((power > LOUD**2) & (np.abs(alike) < WHITE * power))


def _shifted(channel: NDArray[np.float32], rate: int) -> NDArray[np.intp]:
    """Numbers of the windows that are 16-bit audio read from the middle of its samples.

    Where the sound is soft, its high bytes are 0 and 255 in turn, and they are read as low ones.
    """
    scaled = _windows(channel, rate) * np.float32(32768)
    if not len(scaled) or np.any(scaled != np.rint(scaled)):
        return np.empty(0, np.intp)
    low = scaled.astype(np.int32) & 255
    inside = np.abs(scaled) < FULL_SCALE * 32768  # clipped samples end on these bytes, too
    positive, negative = (np.mean(inside & (low == byte), axis=1) for byte in (0, 255))
    loud = np.sqrt(np.mean(scaled**2, axis=1)) > SHIFTED_LEVEL
    return np.flatnonzero(
        loud & (np.minimum(positive, negative) > LEAST_SIGN) & (positive + negative > MOST_SIGN)
    )


def _windows(channel: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Windows (number, samples); what is left at the end is left out."""
    width = round(WINDOW * rate)
    count = len(channel) // width
    return channel[: count * width].reshape(count, width)


def _runs(channel: NDArray[np.float32], least: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and ends of runs of at least so many equal samples below full scale."""
    changes = np.flatnonzero(np.diff(channel)) + 1
    edges = np.concatenate(([0], changes, [len(channel)]))
    starts, ends = edges[:-1], edges[1:]
    long = (ends - starts >= least) & (np.abs(channel[starts]) < FULL_SCALE)
    return starts[long], ends[long]


def _breaks_off(channel: NDArray[np.float32], start: int, end: int, width: int) -> bool:
    """Whether there is sound right before or right after a run, which is not at an end of the file."""
    if start == 0 or end == len(channel):
        return False
    sides = (channel[max(start - width, 0) : start], channel[end : end + width])
    level = channel[start]
    return any(float(np.sqrt(np.mean((side - level) ** 2))) > LOUD_EDGE for side in sides)
