"""Fonts for labels of any script: found among those that are installed, and what is shown without one."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex
from fontTools import unicodedata as scripts
from fontTools.ttLib import TTFont, TTLibError
from typst import Fonts

BASE_FONT = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, IPA and more
PACKAGED = "fontpkg.family"  # entry points of the packages fontpkg-* of PyPI, which hold fonts
REGULAR = ("normal", 400, 1.0)  # style, weight and width
# A word that runs from right to left, and more of them after blanks.
_RIGHT_TO_LEFT = regex.compile(
    r"[\p{bc=R}\p{bc=AL}][\p{bc=R}\p{bc=AL}\p{bc=NSM}\p{Cf}]*"
    r"(?:[ \u00a0]+[\p{bc=R}\p{bc=AL}][\p{bc=R}\p{bc=AL}\p{bc=NSM}\p{Cf}]*)*"
)
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
REMEDY = (
    "install a font for it (Debian and Ubuntu: fonts-noto-core, and fonts-noto-cjk for Chinese, Japanese and "
    "Korean; PyPI: fontpkg-noto-sans-...; or put a .ttf file into ~/.local/share/fonts), then run "
    "`snakemake --forcerun figures alignment_figure report`"
)


@dataclass(frozen=True)
class Font:
    """One font: its family, its file, and its place in that file."""

    family: str
    path: Path
    index: int = 0


@dataclass(frozen=True)
class Lettering:
    """Fonts for some texts, ``BASE_FONT`` first, and the characters that none of them has."""

    fonts: tuple[Font, ...]
    missing: frozenset[str]

    @property
    def families(self) -> list[str]:
        """Names of the fonts."""
        return [font.family for font in self.fonts]

    def shown(self, text: str) -> str:
        """Return a text with code points in place of characters that no font has: ``<0915 093F>``."""
        if not self.missing.intersection(text):
            return text
        pattern = f"[{re.escape(''.join(sorted(self.missing)))}]+"
        return re.sub(pattern, lambda found: f"<{' '.join(f'{ord(c):04X}' for c in found[0])}>", text)

    @property
    def caution(self) -> str:
        """Which scripts have no font and what to do; empty if all have one."""
        if not self.missing:
            return ""
        names = ", ".join(scripts_of("".join(self.missing))) or "symbols"
        return (
            f"{len(self.missing)} characters of labels are in no installed font ({names}). Figures and PDF "
            f"show them as code points, tables and the HTML page as they are; {REMEDY}."
        )


def scripts_of(text: str) -> list[str]:
    """Names of the scripts of a text, in order; what all scripts share counts for none."""
    found = {scripts.script(character) for character in text} - {"Zyyy", "Zinh"}
    return sorted(scripts.script_name(script).replace("_", " ") for script in found)


def find_fonts(texts: Iterable[str]) -> Lettering:
    """Return few fonts that have the characters of some texts.

    Looked for in ``BASE_FONT``, then in packages of fonts (``PACKAGED``) and among the fonts of the system
    and of the user; Noto's plain sans serif fonts before others, those that have most before the rest.
    """
    chosen = [Font(BASE_FONT, _base_file())]
    missing = {c for text in texts for c in text if not c.isascii() and _is_drawn(c)}
    missing -= _characters(chosen[0])
    covers = {font: _characters(font) & missing for font in _installed()} if missing else {}
    while missing:
        covers = {font: covered & missing for font, covered in covers.items() if covered & missing}
        if not covers:
            break
        best = max(covers, key=lambda font: (_is_plain(font.family), len(covers[font])))
        chosen.append(best)
        missing -= covers.pop(best)
    return Lettering(tuple(chosen), frozenset(missing))


def isolated(text: str) -> str:
    """Mark words that run from right to left, so that they leave the order of the text around them alone."""
    return str(_RIGHT_TO_LEFT.sub(lambda found: f"{_ISOLATE}{found[0]}{_END_OF_ISOLATE}", text))


def letters_wide(text: str) -> int:
    """How many letters stand side by side: marks and joiners add nothing to the width."""
    return len(regex.findall(r"\X", text))


def strings(content: Any) -> list[str]:
    """All texts in nested lists and dictionaries."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        return strings(list(content.values()))
    return [text for part in content for text in strings(part)] if isinstance(content, list | tuple) else []


def mapped(content: Any, change: Callable[[str], str]) -> Any:
    """Nested lists and dictionaries with each text changed; keys stay."""
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {key: mapped(part, change) for key, part in content.items()}
    if isinstance(content, list | tuple):
        return type(content)(mapped(part, change) for part in content)
    return content


def _is_drawn(character: str) -> bool:
    """Whether a character needs a glyph: not blanks, joiners, marks of direction, selectors of variants."""
    return not (
        character.isspace()
        or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        or "\ufe00" <= character <= "\ufe0f"
    )


@cache
def _base_file() -> Path:
    spec = find_spec("matplotlib")  # imports nothing
    folders = (spec and spec.submodule_search_locations) or []
    return next(iter(Path(folder, "mpl-data/fonts/ttf/DejaVuSans.ttf") for folder in folders))


@cache
def _installed() -> tuple[Font, ...]:
    """Upright fonts of regular weight, the best first."""
    packaged = [folder for entry in entry_points(group=PACKAGED) for folder in _folders_of(entry.value)]
    found = [
        Font(font.family, Path(font.path), font.index)
        for font in Fonts(include_embedded_fonts=False, font_paths=packaged).fonts()
        if font.path and (font.style, font.weight, font.stretch) == REGULAR
    ]
    return tuple(sorted(found, key=lambda font: (not _is_plain(font.family), font.family, font.path)))


def _folders_of(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except ImportError:  # registered, but gone
        spec = None
    return [Path(folder) for folder in (spec and spec.submodule_search_locations) or []]


def _is_plain(family: str) -> bool:
    """Whether a font is Noto Sans of some script, not one for displays or of one width."""
    return family.startswith("Noto Sans") and not re.search("Mono|Display|UI|Color", family)


@cache
def _characters(font: Font) -> frozenset[str]:
    """Characters that a font has; none if it cannot be read or has no outlines."""
    try:
        with TTFont(font.path, fontNumber=font.index, lazy=True) as tables:
            if not {"glyf", "CFF ", "CFF2"}.intersection(tables.keys()):
                return frozenset()
            return frozenset(map(chr, tables.getBestCmap() or ()))
    except (OSError, TTLibError):
        return frozenset()
