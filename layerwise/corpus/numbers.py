"""Numbers written in digits, as English reads them aloud."""

import re
import unicodedata
from collections.abc import Callable

from num2words import num2words

_LONGEST = 15  # digits; what is longer is a code, read digit by digit
# Units of money: its symbol, one and several of it, one and several of the hundredth part.
_MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_MANY = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
_PARTS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_IRREGULAR = {"six": "sixes"}

_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_NUMBER = rf"(?P<number>{_WHOLE}(?:\.\d+)?|(?<![\d.])\.\d+)"
_SYMBOL = f"(?P<symbol>[{''.join(_MONEY)}])"
_SCALE = r"(?:(?:\s?(?P<scale>thousand|million|billion|trillion)|(?P<short>k|m|bn|b|tn))\b)?"
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e\u2189]")


def spell_numbers(text: str) -> str:
    """Return a text with its numbers in ASCII digits in English words; other digits stay.

    Whole numbers are cardinals (``1,234``: one thousand two hundred and thirty-four). Four digits without a
    comma are a year from 1100 to 1999 and from 2010 to 2099 (``1999``: nineteen ninety-nine), decades are
    plurals (``1990s``). Ordinals (``21st``), decimals (``3.5``), percentages (``50%``), money (``$5.50``,
    ``£3m``), times (``3:30``, ``3:05``, ``3:00``), fractions up to tenths (``3/4``, ``1½``), degrees, ``#5``
    and a minus sign are read as such. Digits are read one by one after a decimal point and in numbers that
    begin with 0 or have more than 15 of them. Digits beside letters are words of their own (``mp3``); slashes
    and hyphens are not read, an en dash between numbers is "to".
    """
    text = _VULGAR.sub(_with_a_slash, " ".join(text.split()))
    for pattern, read in _RULES:
        text = _replaced(pattern, read, text)
    return text


def _replaced(pattern: re.Pattern[str], read: Callable[[re.Match[str]], str], text: str) -> str:
    return pattern.sub(lambda found: f" {read(found)} ", text)


def _with_a_slash(vulgar: re.Match[str]) -> str:
    return " " + unicodedata.normalize("NFKC", vulgar[0]).replace("\u2044", "/")


def _cardinal(digits: str) -> str:
    digits = digits.replace(",", "")
    if len(digits) > _LONGEST or (len(digits) > 1 and digits[0] == "0"):
        return _one_by_one(digits)
    return str(num2words(int(digits), lang="en")).replace(",", "")


def _one_by_one(digits: str) -> str:
    return " ".join(str(num2words(int(digit), lang="en")) for digit in digits)


def _decimal(number: str) -> str:
    whole, point, rest = number.partition(".")
    read = [_cardinal(whole)] if whole else []
    return " ".join([*read, "point", _one_by_one(rest)] if point else read)


def _whole(number: str) -> str:
    """A number without a decimal point: a year where it may be one."""
    if len(number) == 4 and ("1100" <= number < "2000" or "2010" <= number < "2100"):
        return str(num2words(int(number), to="year", lang="en"))
    return _cardinal(number)


def _plural(words: str) -> str:
    last = re.split("[ -]", words)[-1]
    several = _IRREGULAR.get(last) or (f"{last[:-1]}ies" if last.endswith("y") else f"{last}s")
    return words.removesuffix(last) + several


def _ordinal(found: re.Match[str]) -> str:
    digits = found[1].replace(",", "")
    if len(digits) > _LONGEST:
        return _one_by_one(digits)
    return str(num2words(int(digits), to="ordinal", lang="en")).replace(",", "")


def _money(found: re.Match[str]) -> str:
    number = found["number"].replace(",", "")
    one, several, part, parts = _MONEY[found["symbol"]]
    groups = found.groupdict()
    scale = groups.get("scale") or _MANY.get((groups.get("short") or "").lower())
    if scale:
        return f"{_decimal(number)} {scale} {several}"
    whole, _, rest = number.partition(".")
    if not part or len(rest) != 2:
        return f"{_decimal(number)} {one if number == '1' else several}"
    read = [f"{_cardinal(whole)} {one if whole == '1' else several}"] if whole.strip("0") else []
    if rest != "00":
        read.append(f"{_cardinal(str(int(rest)))} {part if rest == '01' else parts}")
    return " and ".join(read or [f"zero {several}"])


def _time(found: re.Match[str]) -> str:
    hour, minute, second = (found[name] for name in ("hour", "minute", "second"))
    read = [_cardinal(str(int(hour)))]
    if int(minute):
        read.append(_two_digits(minute))
    elif second is None and 1 <= int(hour) <= 12 and not found["half"]:
        read.append("o'clock")
    elif second is not None or not found["half"]:
        read.append("hundred")
    if second is not None:
        read.append(_two_digits(second))
    return " ".join([*read, *filter(None, [found["half"]])])


def _two_digits(digits: str) -> str:
    return f"oh {_cardinal(digits[1])}" if digits[0] == "0" and int(digits) else _cardinal(str(int(digits)))


def _fraction(found: re.Match[str]) -> str:
    below = str(num2words(int(found["below"]), to="ordinal", lang="en"))
    one, several = _PARTS.get(int(found["below"]), (below, _plural(below)))
    whole = f"{_cardinal(found['whole'])} and " if found["whole"] else ""
    return f"{whole}{_cardinal(found['above'])} {one if found['above'] == '1' else several}"


def _degrees(found: re.Match[str]) -> str:
    scale = {"c": " celsius", "f": " fahrenheit"}.get((found["scale"] or "").lower(), "")
    return f"{_decimal(found['number'])} {'degree' if found['number'] == '1' else 'degrees'}{scale}"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), read)
    for pattern, read in (
        (r"(?<![^\s(])[-\u2212](?=\.?\d)", lambda found: "minus"),
        (r"(?<=\d)\s?\u2013\s?(?=\d)", lambda found: "to"),
        (rf"{_SYMBOL}\s?{_NUMBER}{_SCALE}(?![\d%])", _money),
        (rf"{_NUMBER}\s?{_SYMBOL}", _money),
        (
            r"(?<![\w:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])"
            r"(?:\s?(?P<half>[ap]\.?m\b))?",
            _time,
        ),
        (r"(?<![\w/.,])(?:(?P<whole>\d+)\s)?(?P<above>\d)/(?P<below>[2-9]|10)(?![\w/])", _fraction),
        (rf"(?<![\d.])({_WHOLE})(?:st|nd|rd|th)\b", _ordinal),
        (rf"{_NUMBER}\s?%", lambda found: f"{_decimal(found['number'])} percent"),
        (rf"{_NUMBER}\s?[\u00b0\u00ba]\s?(?P<scale>[CF]\b)?", _degrees),
        (r"\d+(?:\.\d+){2,}", lambda found: " point ".join(map(_cardinal, found[0].split(".")))),
        (rf"#\s?(?={_WHOLE})", lambda found: "number"),
        (r"(?<![\d.,'])'?(\d*0)'?s\b", lambda found: _plural(_whole(found[1]))),
        (rf"{_WHOLE}?\.\d+", lambda found: _decimal(found[0])),
        (_WHOLE, lambda found: _whole(found[0])),
    )
)
