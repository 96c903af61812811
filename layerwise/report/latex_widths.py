"""Widths of text in Computer Modern, the widest of the usual fonts of papers, without running LaTeX."""

from functools import lru_cache

# Points at 10 pt (cmr10).
GROUPS = {
    2.77: "il[],.:;",
    3.05: "fj",
    3.33: "-",
    3.4: " ",
    3.61: "I",
    3.88: "t()",
    3.91: "r",
    3.94: "s",
    4.44: "cez",
    5.0: "ago0123456789/",
    5.13: "J",
    5.27: "kqvxy",
    5.55: "bdhnpuS",
    6.11: "Z",
    6.25: "L",
    6.52: "F",
    6.8: "EP",
    7.08: "B",
    7.22: "wCT",
    7.36: "R",
    7.5: "AHNUVXY",
    7.63: "D",
    7.77: "KOQ+=",
    7.84: "G",
    8.33: "m",
    9.16: "M",
    10.27: "W",
}
WIDTHS = {character: width for width, characters in GROUPS.items() for character in characters}
WIDE = 7.8  # of a sign or letter that is not there: plus-minus, or of another script
BOLD = 1.15  # bold letters are wider


@lru_cache(maxsize=10_000)  # cells of a table are much alike, and stand in several forms of it
def text_width(text: str, *, bold: bool = False) -> float:
    """Width of plain text in points at 10 pt."""
    return sum(WIDTHS.get(character, WIDE) for character in text) * (BOLD if bold else 1.0)
