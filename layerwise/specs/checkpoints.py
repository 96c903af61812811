"""What a checkpoint in the transformers format says of itself."""

import json
from pathlib import Path


def model_type(folder: Path | str) -> str | None:
    """Return ``model_type`` of a folder's config.json; None where there is none to read."""
    try:
        content = json.loads(Path(folder, "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    kind = content.get("model_type") if isinstance(content, dict) else None
    return kind if isinstance(kind, str) else None
