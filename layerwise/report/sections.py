"""Sections of the report as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from layerwise.errors import ReportError
from layerwise.report.typeset import Table

Content = dict[str, Any]


def section(
    title: str,
    paragraphs: Sequence[str] = (),
    bullets: Sequence[str] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[str] = (),
    captions: Mapping[str, str] | None = None,
    see: Sequence[str] = (),
) -> Content:
    """One section; ``figures`` stand in it, ``see`` names more figures that its text refers to."""
    return {
        "title": title,
        "see": [*see, *figures],
        "paragraphs": list(paragraphs),
        "bullets": list(bullets),
        "tables": [asdict(table) for table in tables],
        "figures": _figures(figures, captions or {}),
    }


def _figures(stems: Sequence[str], captions: Mapping[str, str]) -> list[dict[str, str]]:
    missing = [stem for stem in stems if stem not in captions]
    if missing:
        raise ReportError(f"no caption for figure {', '.join(missing)}: add report/{missing[0]}.rst")
    return [{"stem": stem, "caption": captions[stem]} for stem in stems]
