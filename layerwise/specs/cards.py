"""Cards of models and data sets: what the front matter of a README says."""

from pathlib import Path

import yaml

CARD = "README.md"
FENCE = "---"


def licence_of_card(card: Path) -> str:
    """Return ``license`` of the card of a model or data set (the front matter of a README), or nothing."""
    try:
        first, *lines = card.read_text(encoding="utf-8").splitlines()
        head = "\n".join(lines[: lines.index(FENCE)]) if first == FENCE else ""
        told = yaml.safe_load(head)
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    named = told.get("license") if isinstance(told, dict) else None
    names = named if isinstance(named, list) else [named]
    named_at = str(told.get("license_name") or "") if named == "other" else ""
    return named_at or ", ".join(str(name) for name in names if name)
