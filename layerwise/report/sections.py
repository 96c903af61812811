"""Sections of the report as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from layerwise.errors import ReportError
from layerwise.report.typeset import Table

Content = dict[str, Any]


def section(
    anchor: str,
    title: str,
    paragraphs: Sequence[str] = (),
    bullets: Sequence[str] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[str] = (),
    captions: Mapping[str, str] | None = None,
    see: Sequence[str] = (),
) -> Content:
    """One section; ``figures`` stand in it, ``see`` names more figures; ``anchor`` is for links."""
    return {
        "anchor": anchor,
        "title": title,
        "see": [*see, *figures],
        "paragraphs": list(paragraphs),
        "bullets": list(bullets),
        "tables": [asdict(table) for table in tables],
        "figures": captioned(figures, captions or {}),
    }


def captioned(stems: Sequence[str], captions: Mapping[str, str]) -> list[dict[str, str]]:
    """Figures with their captions. Raises `ReportError` for one without."""
    missing = [stem for stem in stems if stem not in captions]
    if missing:
        raise ReportError(f"no caption for figure {', '.join(missing)}: add report/{missing[0]}.rst")
    return [{"stem": stem, "caption": captions[stem]} for stem in stems]


def captions_of(content: Content) -> dict[str, str]:
    """Captions of all figures of a report by stem, in order."""
    figures = [
        content["overview"],
        *(it for part in ("sections", "data") for each in content[part] for it in each["figures"]),
    ]
    return {it["stem"]: it["caption"] for it in figures}
