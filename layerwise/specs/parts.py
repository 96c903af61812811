"""Which files of a checkpoint hold the part of a large model that is read."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from layerwise.files import files_below

INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
# ``model_type`` of checkpoints of which a part is read: what the names of its weights begin with
PARTS = {"qwen2_audio": r"(?:model\.)?audio_tower\."}


def weights_of(names: Mapping[str, str], part: str) -> dict[str, str]:
    """Return the weights of a part, name to file; all of them where none is named like it.

    ``names`` are those of a checkpoint, ``part`` a regular expression that the names of the part begin with.
    """
    return {name: file for name, file in names.items() if re.match(part, name)} or dict(names)


def index_of(file: Path) -> dict[str, str] | None:
    """Return the weights that the index of a checkpoint names, name to file; None if it cannot be read."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["weight_map"]
        return {str(name): str(shard) for name, shard in names.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def qwen2_audio_files(location: Path) -> list[Path]:
    """Return the files of a Qwen2-Audio checkpoint that are read: configs, and the shards of its encoder."""
    files = [path for path in files_below(location) if path.suffix in (".json", ".safetensors", ".bin")]
    names = index_of(Path(location, INDEX))
    if names is None:
        return files
    shards = set(weights_of(names, PARTS["qwen2_audio"]).values())
    return [path for path in files if path.suffix == ".json" or path.name in shards]
