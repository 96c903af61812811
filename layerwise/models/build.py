"""A speech model from the code of its family: what the jobs call, which know their family already."""

import torch

from layerwise.errors import ModelError
from layerwise.models.base import LoadOptions, SpeechModel
from layerwise.models.precision import use_number_format
from layerwise.specs.code import load_object

DEVICES = ("auto", "cpu", "cuda", "mps")
WINDOWS = ("full", "trimmed")


def build_model(
    code: str,
    source: str,
    location: str,
    *,
    random: bool = False,
    revision: str | None = None,
    device: str = "auto",
    dtype: str = "float32",
    seed: int = 0,
    window: str = "full",
) -> SpeechModel:
    """Load a model with the function ``code`` of its family; the rest is explained at ``load_model``.

    ``source`` is what the config says, ``location`` what follows the family in it. Raises ModelError.
    """
    if window not in WINDOWS:
        raise ModelError(f"window {window!r} is unknown; use full or trimmed")
    options = LoadOptions(revision, _device(device), use_number_format(dtype), seed, window, random)
    model = load_object(code)(location, options)
    if not isinstance(model, SpeechModel):
        raise ModelError(f"{code}: returned {type(model).__name__} instead of a SpeechModel")
    model.source = source
    return model


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
