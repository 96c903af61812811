"""Reading TextGrids as they come: any text format of Praat or JSON, any encoding, any names of the tiers."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from praatio.utilities import constants, errors, textgrid_io

from layerwise.align.praat_text import RawTier, parse
from layerwise.errors import AlignmentError

WORD_TIERS = ("words", "word", "ort-mau", "wrd", "orthography", "ort")
PHONE_TIERS = ("phones", "phone", "mau", "phn", "phonemes", "phoneme", "segments", "segment")
SPEAKER_SEPARATOR = " - "
# JSON of MFA holds times that went through float32 (0.16 s as 0.1599999964); TextGrids give what a person or
# a program with a step of 1 ms or more has set. Ten microseconds keep both.
DECIMALS = 5
# C1 control characters are no text: a file that has them in Latin-1 is in yet another encoding.
CONTROLS = frozenset(range(0x80, 0xA0))


@dataclass(frozen=True)
class Tier:
    """A tier: ``entries`` are (start, end, label) in seconds, in the order of time, blank ones too.

    ``missing`` are the seconds between its last entry and its end: Praat's interval tiers are without holes.
    """

    name: str
    entries: tuple[tuple[float, float, str], ...]
    is_interval: bool = True
    missing: float = 0.0

    @property
    def base(self) -> str:
        """Name without the speaker, lower-case: ``words`` of ``Mary - words``."""
        return self.name.rpartition(SPEAKER_SEPARATOR)[2].strip().lower()

    @property
    def speaker(self) -> str:
        """Speaker of a name like ``Mary - words``, or an empty string."""
        return self.name.rpartition(SPEAKER_SEPARATOR)[0].strip()


@dataclass(frozen=True)
class TextGrid:
    """A TextGrid: its end in seconds, its tiers, and the encoding that its file was read in."""

    end: float
    tiers: tuple[Tier, ...]
    encoding: str


def read_textgrid(content: bytes) -> TextGrid:
    """Read the bytes of a TextGrid: Praat's long, short or chronological text, or JSON of MFA and praatio.

    UTF-16 and UTF-8 (with or without byte order mark) are told apart by the bytes; what is neither is read as
    Latin-1. Raises AlignmentError: unknown encoding, binary TextGrid, not a TextGrid, or cut off.
    """
    if content.startswith(b"ooBinaryFile"):
        raise AlignmentError("a binary TextGrid; open it in Praat and save it as text file")
    encoding = _encoding(content)
    text = content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n") + "\n"
    is_json = text.lstrip().startswith("{")
    if "TextGrid" not in text[:200] and not is_json:
        raise AlignmentError(f"no TextGrid: neither Praat's header nor JSON at its start ({encoding})")
    try:
        end, raw = _parse_json(text) if is_json else parse(text)
    except (
        errors.PraatioException,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise AlignmentError(f"a broken TextGrid ({error})") from error
    return TextGrid(round(end, DECIMALS), tuple(_tier(tier, is_json) for tier in raw), encoding)


def _parse_json(text: str) -> tuple[float, list[RawTier]]:
    grid = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=True)
    tiers = []
    for tier in grid["tiers"]:
        is_interval = str(tier["class"]).lower() in (constants.INTERVAL_TIER.lower(), "interval")
        entries = [(float(entry[0]), float(entry[-2]), str(entry[-1])) for entry in tier["entries"]]
        tiers.append(RawTier(str(tier["name"]), float(tier["xmax"]), entries, is_interval))
    return float(grid["xmax"]), tiers


def find_tier(grid: TextGrid, names: Sequence[str], what: str, speaker: str = "", key: str = "") -> Tier:
    """Return the interval tier that has one of the names (the first that there is), and labels in it.

    A name matches a tier's whole name or that without its speaker, in any case. Of several speakers'
    tiers, the one of ``speaker`` is taken. ``what`` and ``key`` name tier and config key in messages.
    Raises AlignmentError: no such tier, several, an empty one, or a point tier.
    """
    matches: list[Tier] = []
    for name in names:
        matches = [tier for tier in grid.tiers if name.lower() in (tier.base, tier.name.strip().lower())]
        if matches:
            break
    found = ", ".join(repr(tier.name) for tier in grid.tiers) or "none"
    if not matches:
        raise AlignmentError(f"no {what} tier (tiers: {found}); name it with `{key}`")
    repeated = [tier.name for tier in matches if sum(tier.name == other.name for other in matches) > 1]
    if repeated:
        raise AlignmentError(f"two tiers are named {repeated[0]!r}; rename or remove one of them")
    own = [tier for tier in matches if tier.speaker == speaker]
    if len(matches) > 1 and len(own) != 1:
        raise AlignmentError(
            f"several {what} tiers, none of speaker {speaker!r} (tiers: {found}); name it with `{key}`"
        )
    tier = own[0] if len(matches) > 1 else matches[0]
    if not tier.is_interval:
        raise AlignmentError(f"{what} tier {tier.name!r} has points, not intervals")
    if not any(label for _, _, label in tier.entries):
        raise AlignmentError(f"{what} tier {tier.name!r} has no labelled interval")
    return tier


def _tier(raw: RawTier, sparse: bool) -> Tier:
    """Make a tier from what the file holds; ``sparse``: blanks between labels are left out (JSON)."""
    entries = tuple(
        (round(start, DECIMALS), round(end, DECIMALS), label.strip()) for start, end, label in raw.entries
    )
    whole = sparse or not raw.is_interval or not entries
    missing = 0.0 if whole else max(0.0, round(raw.end - entries[-1][1], DECIMALS))
    return Tier(raw.name, entries, raw.is_interval, missing)


def _encoding(content: bytes) -> str:
    """Name of the encoding that the bytes are in."""
    if content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif 0 in content[:2]:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8"
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise AlignmentError(f"broken text: not {encoding} at byte {error.start}") from error
        odd = next((place for place, byte in enumerate(content) if byte in CONTROLS), None)
        if odd is not None:
            raise AlignmentError(
                f"unknown encoding: not UTF-8, UTF-16 or Latin-1 (byte 0x{content[odd]:02x} at {odd}); "
                "save it as UTF-8"
            ) from error
        return "latin-1"
    return encoding
