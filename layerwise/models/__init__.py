"""Speech models behind one interface: :func:`load_model`."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Literal, cast

import torch

from layerwise.errors import ModelError
from layerwise.models.base import Activations, Grid, Layer, LoadOptions, SpeechModel

__all__ = ["Activations", "Grid", "Layer", "LoadOptions", "SpeechModel", "load_model"]

Loader = Callable[[str, LoadOptions], SpeechModel]

# family prefix of a source -> module with load(location, options); no prefix means transformers
FAMILIES = {
    "avhubert": "layerwise.models.avhubert",
    "fastvgs": "layerwise.models.fastvgs",
    "huggingface": "layerwise.models.huggingface",
    "logmel": "layerwise.models.logmel",
    "vghubert": "layerwise.models.vghubert",
}
DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_model(
    source: str,
    *,
    revision: str | None = None,
    device: str = "auto",
    dtype: str = "float32",
    seed: int = 0,
    window: Literal["full", "trimmed"] = "full",
) -> SpeechModel:
    """Load a speech model by hub id, local folder or ``family:location``.

    ``random:SOURCE`` is the random-initialised twin of SOURCE: same architecture and input normalisation,
    weights drawn from ``seed``. ``avhubert:FILE``, ``fastvgs:FOLDER`` and ``vghubert:FOLDER`` are the files
    of their authors; their ``revision`` is ``sha256:`` and a digest (docs/models-checkpoints.md). ``logmel``
    is the log-mel baseline. ``device`` is auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:N or mps;
    ``dtype`` the number format of weights and activations. ``window`` is for Whisper encoders only: the full
    30 s window, or one trimmed to the utterance (cheaper, inexact).
    Raises ModelError if the source is unknown, missing, incomplete, or of an unsupported architecture.
    """
    if dtype not in DTYPES:
        raise ModelError(f"dtype {dtype!r} is unknown; use one of {', '.join(DTYPES)}")
    if window not in ("full", "trimmed"):
        raise ModelError(f"window {window!r} is unknown; use full or trimmed")
    options = LoadOptions(revision, _device(device), DTYPES[dtype], seed, window)
    return _load(source, options)


def _load(source: str, options: LoadOptions) -> SpeechModel:
    prefix, colon, location = source.partition(":")
    if Path(source).is_dir():
        model = _loader("huggingface")(source, options)
    elif colon and prefix == "random":
        model = _load(location, replace(options, random=True))
    elif colon or source in FAMILIES:
        if prefix not in FAMILIES:
            raise ModelError(_unknown_family(source, prefix))
        model = _loader(prefix)(location, options)
    elif "/" not in source and difflib.get_close_matches(source, FAMILIES, n=1):
        raise ModelError(_unknown_family(source, source))
    else:
        model = _loader("huggingface")(source, options)
    model.source = source
    return model


def _loader(family: str) -> Loader:
    return cast(Loader, import_module(FAMILIES[family]).load)


def _unknown_family(source: str, family: str) -> str:
    known = ["random", *FAMILIES]
    near = difflib.get_close_matches(family, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"model source {source!r}: unknown family {family!r}{hint} "
        f"Known families: {', '.join(known)}; without a prefix: a hub id or a local folder"
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name.partition(":")[0] not in DEVICES:
        raise ModelError(f"device {name!r} is unknown; use one of {', '.join(DEVICES)}")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {name!r}: PyTorch finds no CUDA GPU here; use device: auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError(f"device {name!r}: PyTorch finds no Apple GPU here; use device: auto or cpu")
    return device
