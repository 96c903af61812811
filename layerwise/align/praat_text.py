"""Praat's text files of TextGrids, long, short or chronological, read by Praat's own rule.

Libraries that search for ``xmin = `` and line ends trip over labels that look like syntax, numbers in
exponential notation, several values on a line, and comments. Praat itself takes free-standing numbers,
strings in double quotes and flags in angle brackets, in their order, and passes over everything else (Praat
manual, "TextGrid file formats"); so does this module.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

HEADER, CHRONOLOGICAL = "ooTextFile", "Praat chronological TextGrid text file"
INTERVALS, POINTS = "IntervalTier", "TextTier"

_TOKEN = re.compile(
    r'"([^"]*(?:""[^"]*)*)"'  # a string; a quotation mark in it is doubled
    r"|(?<!\S)([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?|--undefined--)(?!\S)"
    r"|(?<!\S)<([A-Za-z]+)>(?!\S)"
    r"|(?<!\S)![^\n]*"  # a comment
)

Entry = tuple[float, float, str]


@dataclass(frozen=True)
class RawTier:
    """A tier as it is written; the entries of a point tier start and end at their time (seconds)."""

    name: str
    end: float
    entries: list[Entry]
    is_interval: bool


class _Tokens:
    """Strings, numbers and flags of a file, in order."""

    def __init__(self, text: str) -> None:
        self._found: Iterator[tuple[str, str]] = self._scan(text)

    def string(self) -> str:
        """The next one, a string. Raises ValueError for anything else, as the others do."""
        return self._take("a quoted text")

    def number(self) -> float:
        """The next one, a number."""
        return float(self._take("a number"))

    def flag(self) -> str:
        """The next one, a flag."""
        return self._take("<exists>")

    def more(self) -> bool:
        """Whether there are more."""
        token = next(self._found, None)
        if token is not None:
            self._found = chain([token], self._found)
        return token is not None

    def _take(self, kind: str) -> str:
        found, value = next(self._found, (None, ""))
        if found is None:
            raise ValueError(f"cut off: {kind} should follow at its end")
        if found != kind:
            raise ValueError(f"{kind} should follow where {value!r} is")
        return value

    @staticmethod
    def _scan(text: str) -> Iterator[tuple[str, str]]:
        for match in _TOKEN.finditer(text):
            string, number, flag = match.groups()
            if string is not None:
                yield "a quoted text", string.replace('""', '"')
            elif number is not None:
                yield "a number", number
            elif flag is not None:
                yield "<exists>", flag


def parse(text: str) -> tuple[float, list[RawTier]]:
    """Return the end in seconds and the tiers of a TextGrid's text.

    Raises ValueError: another kind of file, or one that ends before all that it announces.
    """
    tokens = _Tokens(text)
    first = tokens.string()
    if first == CHRONOLOGICAL:
        return _chronological(tokens)
    if first != HEADER or tokens.string() != "TextGrid":
        raise ValueError("no TextGrid")
    _, end = tokens.number(), tokens.number()
    tiers = []
    if tokens.flag() == "exists":
        for _ in range(_count(tokens)):
            kind, name, _, tier_end = tokens.string(), tokens.string(), tokens.number(), tokens.number()
            intervals = _is_interval(kind, name)
            try:
                entries = [_entry(tokens, intervals) for _ in range(_count(tokens))]
            except ValueError as error:
                raise ValueError(f"tier {name!r}: {error}") from error
            tiers.append(RawTier(name, tier_end, entries, intervals))
    return end, tiers


def short_text(tiers: Mapping[str, Sequence[Entry]], end: float) -> str:
    """Return interval tiers as a TextGrid in Praat's short format."""
    lines = [f'"{HEADER}"', '"TextGrid"', "0", f"{end}", "<exists>", f"{len(tiers)}"]
    for name, entries in tiers.items():
        lines += [_quoted(INTERVALS), _quoted(name), "0", f"{end}", f"{len(entries)}"]
        for first, last, label in entries:
            lines += [f"{first}", f"{last}", _quoted(label)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _chronological(tokens: _Tokens) -> tuple[float, list[RawTier]]:
    _, end = tokens.number(), tokens.number()
    tiers = []
    for _ in range(_count(tokens)):
        kind, name, _, tier_end = tokens.string(), tokens.string(), tokens.number(), tokens.number()
        tiers.append(RawTier(name, tier_end, [], _is_interval(kind, name)))
    # No count says how many entries follow: the last one is the last.
    while tokens.more():
        number = _count(tokens)
        if not 1 <= number <= len(tiers):
            raise ValueError(f"there is no tier {number}")
        tier = tiers[number - 1]
        tier.entries.append(_entry(tokens, tier.is_interval))
    return end, tiers


def _entry(tokens: _Tokens, intervals: bool) -> Entry:
    start = tokens.number()
    end = tokens.number() if intervals else start
    return start, end, tokens.string()


def _count(tokens: _Tokens) -> int:
    count = tokens.number()
    if count != int(count) or count < 0:
        raise ValueError(f"a count should follow, {count:g} does")
    return int(count)


def _is_interval(kind: str, name: str) -> bool:
    if kind not in (INTERVALS, POINTS):
        raise ValueError(f"tier {name!r} is of the unknown kind {kind!r}")
    return kind == INTERVALS
