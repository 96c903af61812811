"""Weights of one part of a large checkpoint: only the shards that hold it are opened."""

import re
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open

from layerwise.errors import ModelError
from layerwise.specs.parts import INDEX, WHOLE, index_of, weights_of


def read_part(location: str, part: str, find: Callable[[str], Path | None]) -> dict[str, torch.Tensor] | None:
    """Return the weights whose names begin with ``part`` without it; all weights where none does.

    ``part`` is a regular expression. ``find`` returns the path of a file of the checkpoint ``location``, or
    None if it has no such file. Without weights in the safetensors format the result is None.
    Raises ModelError, naming the file, for an index that cannot be read, and for a shard that is missing or
    damaged.
    """
    if index := find(INDEX):
        names = index_of(index)
        if names is None:
            raise ModelError(f"{location}: {INDEX} cannot be read; copy or download it again")
        chosen = weights_of(names, part)
    elif whole := find(WHOLE):
        chosen = weights_of(dict.fromkeys(_names(location, whole), WHOLE), part)
    else:
        return None
    weights: dict[str, torch.Tensor] = {}
    for shard in sorted(set(chosen.values())):
        file = find(shard)
        if file is None:
            raise ModelError(
                f"{location}: {shard} is missing, which holds weights of the encoder by {INDEX}; copy or "
                "download it too"
            )
        weights |= _read(location, file, [name for name, place in chosen.items() if place == shard])
    return {re.sub(f"^{part}", "", name): tensor for name, tensor in weights.items()}


def _names(location: str, file: Path) -> list[str]:
    try:
        with safe_open(file, framework="pt") as tensors:
            return list(tensors.keys())
    except Exception as error:  # safetensors has an error class of its own
        raise ModelError(f"{location}: {file.name} cannot be read ({error}); copy it again") from error


def _read(location: str, file: Path, names: list[str]) -> dict[str, torch.Tensor]:
    there = set(_names(location, file))
    if absent := [name for name in names if name not in there]:
        raise ModelError(
            f"{location}: {file.name} lacks {absent[0]}, which {INDEX} says it holds; copy both of one model"
        )
    with safe_open(file, framework="pt") as tensors:
        return {name: tensors.get_tensor(name) for name in names}
