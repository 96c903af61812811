"""Waveforms as people have them, made into what a model takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from layerwise.errors import AudioError

EXPECTED = "expected floats (samples,), mono at 16 kHz, about -1 to 1"
# Speech in -1..1 never gets there, not even through a resampler; the integers of a PCM file do at once.
LOUDEST = 64.0


def as_waveforms(waveforms: "Sequence[Any] | NDArray[Any] | torch.Tensor") -> list[NDArray[np.float32]]:
    """Return one or several waveforms as a list of float32 arrays (samples,).

    A single waveform is an array or tensor (samples,); several are a list. Arrays and tensors may be of any
    float type, tensors on any device. Raises AudioError, naming the waveform by its place, for more
    dimensions, for integers, and for floats that are integers of a PCM file.
    """
    if isinstance(waveforms, np.ndarray | torch.Tensor):
        if waveforms.ndim != 1:
            raise AudioError(
                f"{EXPECTED}, or a list of such; got {_describe(waveforms)}; {_advice(waveforms)}"
            )
        waveforms = [waveforms]
    return [_as_waveform(number, waveform) for number, waveform in enumerate(waveforms)]


def _as_waveform(number: int, waveform: Any) -> NDArray[np.float32]:
    got = f"waveform {number}: {EXPECTED}, got {_describe(waveform)}"
    if not isinstance(waveform, np.ndarray | torch.Tensor):
        raise AudioError(f"{got}; make it an array, numpy.asarray(...)")
    if waveform.ndim != 1:
        raise AudioError(f"{got}; {_advice(waveform)}")
    if isinstance(waveform, torch.Tensor):
        if not waveform.is_floating_point():
            raise AudioError(f"{got}; {_scale(str(waveform.dtype))}")
        values = waveform.detach().cpu().float().numpy()
    elif waveform.dtype.kind != "f":
        raise AudioError(f"{got}; {_scale(str(waveform.dtype))}")
    else:
        values = waveform.astype(np.float32, copy=False)
    peak = float(np.abs(values).max(initial=0))
    if LOUDEST < peak < np.inf:
        raise AudioError(f"{got} with a peak of {peak:g}; {_scale('int16')}")
    return values


def _describe(waveform: Any) -> str:
    shape = getattr(waveform, "shape", None)
    return type(waveform).__name__ if shape is None else f"{waveform.dtype} {tuple(shape)}"


def _advice(waveform: Any) -> str:
    if waveform.ndim == 2 and 1 in waveform.shape:
        return "take the one channel, squeeze()"
    return "average the channels of one recording; give several recordings as a list, list(...)"


def _scale(dtype: str) -> str:
    name, _, bits = dtype.removeprefix("torch.").partition("int")
    if name or not bits:
        return "convert it to floats"
    return f"divide PCM samples of {bits} bits by {2 ** (int(bits) - 1)}"
