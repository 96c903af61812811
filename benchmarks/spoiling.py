"""Damage for files and values: what disks, transfers, editors, exporters and typing errors do to them."""

import math
import random
import re
import struct
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

HEADER = 160  # bytes at the start that most headers fit into
EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 10**9, 16)
LONG_EXTREMES = (10**12, 2**63 - 1, 2**64 - 1, 0)
NUMBERS = (
    *("nan", "NaN", "-inf", "1e400", "-1", "0", "1e-320", "1.4210854715202004e-14", "99999999999999999999"),
    *("--undefined--", "1,5", "0x10", "1e", "", "1_000", "\u0663", "true", "10000000000"),
)
TEXTS = (
    *(
        "\0",
        "\u2028",
        "\x85",
        "\x0b",
        "\x1c",
        "\u200d",
        "\ufeff",
        "\ud7ff",
        "\U0001f600",
        "\u202e",
        '"',
        '""',
    ),
    *("'", "\t", "\n", "\r", "{x}", "<unk>", "[", "\\", "%", "\u0130", "e\u0301", " ", ",", ";", "#", "!"),
)
# Values of a config or of JSON that are not what a key wants.
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", "x", "\0", "\u00e9\u2028", "../x", "{a}", "1e999", "nan", "all", "auto"),
    *(0, 1, -1, 3, 10**12, 10**30, -(10**30), 0.5, -0.5, 1e308, math.nan, math.inf, -math.inf),
    *([], [None], [[]], [1, "a"], {}, {"a": 1}, {"": None}, {1: 2}, date(2020, 1, 1)),
)
JSON_VALUES = tuple(value for value in VALUES if not isinstance(value, date) and value != {1: 2})

Spoil = Callable[[random.Random, bytes], bytes]


def _place(rng: random.Random, content: bytes, header: bool = False) -> int:
    return rng.randrange(min(len(content), HEADER) if header else len(content)) if content else 0


def flip(rng: random.Random, content: bytes) -> bytes:
    """Change some bytes, mostly of the header."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 6) if content else 0):
        changed[_place(rng, content, rng.random() < 0.7)] = rng.randrange(256)
    return bytes(changed)


def extreme(rng: random.Random, content: bytes) -> bytes:
    """Write an extreme number into the header, in either order of bytes."""
    order = rng.choice("<>")
    if rng.random() < 0.7:
        number = struct.pack(f"{order}I", rng.choice(EXTREMES))
    else:
        number = struct.pack(f"{order}Q", rng.choice(LONG_EXTREMES))
    start = _place(rng, content, header=True)
    return content[:start] + number + content[start + len(number) :]


def cut(rng: random.Random, content: bytes) -> bytes:
    """Lose the end."""
    return content[: _place(rng, content, rng.random() < 0.3)]


def lose(rng: random.Random, content: bytes) -> bytes:
    """Lose a piece."""
    start = _place(rng, content)
    return content[:start] + content[start + rng.randint(1, 400) :]


def insert(rng: random.Random, content: bytes) -> bytes:
    """Gain a piece of noise."""
    start = _place(rng, content)
    return content[:start] + rng.randbytes(rng.randint(1, 200)) + content[start:]


def repeat(rng: random.Random, content: bytes) -> bytes:
    """Have a piece twice."""
    start = _place(rng, content)
    end = start + rng.randint(1, 2000)
    return content[:end] + content[start:end] + content[end:]


def blank(rng: random.Random, content: bytes) -> bytes:
    """Hold zeros in a block."""
    start = _place(rng, content)
    size = min(rng.choice((8, 512, 4096)), len(content) - start)
    return content[:start] + bytes(size) + content[start + size :]


def number(rng: random.Random, content: bytes) -> bytes:
    """Write another number in a text."""
    found = list(re.finditer(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?", content))
    if not found:
        return content
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(NUMBERS).encode() + content[match.end() :]


def odd_text(rng: random.Random, content: bytes) -> bytes:
    """Put odd characters into a text."""
    for _ in range(rng.randint(1, 4)):
        start = _place(rng, content)
        content = content[:start] + rng.choice(TEXTS).encode() + content[start:]
    return content


def lines(rng: random.Random, content: bytes) -> bytes:
    """Lose, double or move a line."""
    found = content.split(b"\n")
    line = found.pop(rng.randrange(len(found)))
    for _ in range(rng.randint(0, 2)):
        found.insert(rng.randint(0, len(found)), line)
    return b"\n".join(found)


def encoding(rng: random.Random, content: bytes) -> bytes:
    """Be saved in another encoding, or with other ends of lines."""
    text = content.decode("utf-8", "replace")
    name = rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp037"))
    ends = rng.choice(("\n", "\r\n", "\r"))
    return text.replace("\n", ends).encode(name, "replace")


BINARY: Sequence[Spoil] = (flip, extreme, cut, lose, insert, repeat, blank)
TEXT: Sequence[Spoil] = (number, number, odd_text, odd_text, lines, lines, encoding, flip, cut, lose, repeat)


def spoiled(rng: random.Random, content: bytes, ways: Sequence[Spoil]) -> bytes:
    """Return content with one to three kinds of damage."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        content = rng.choice(ways)(rng, content)
    return content
