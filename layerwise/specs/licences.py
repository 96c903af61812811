"""Under what licence a corpus or a model is, as far as what lies there says it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from layerwise.specs.archives import CATALOGUE
from layerwise.specs.cards import CARD, licence_of_card

UNKNOWN = "unknown"
NAMES = frozenset({"license", "licence", "copying"})


class Licence(NamedTuple):
    """A licence and who says so; ``unknown`` where nobody does."""

    name: str
    told_by: str = ""

    def __str__(self) -> str:
        """Both in words."""
        return f"{self.name} ({self.told_by})" if self.told_by else self.name


def licence_at(location: Path) -> Licence | None:
    """Return the licence that a folder, or that of a file, names: in its card, or in a file of its own."""
    folder = location if location.is_dir() else location.parent
    card = folder / CARD
    if name := licence_of_card(card):
        return Licence(name, card.as_posix())
    found = sorted(path for path in _files(folder) if path.stem.lower() in NAMES)
    return Licence(f"see {found[0].as_posix()}", found[0].name) if found else None


def licence_of_downloads(names: Sequence[str]) -> Licence | None:
    """Return the licences of corpora of the catalogue."""
    told = dict.fromkeys(CATALOGUE[name].licence for name in names if name in CATALOGUE)
    return Licence(", ".join(told), f"as published: {', '.join(names)}") if told else None


def first_known(candidates: Iterable[Licence | None]) -> Licence:
    """Return the first licence that somebody names."""
    return next((licence for licence in candidates if licence and licence.name), Licence(UNKNOWN))


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
