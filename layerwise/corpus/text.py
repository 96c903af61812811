"""Transcripts as the aligners and tasks see them: words of any script, without what is no word."""

import unicodedata
from collections.abc import Iterable

import regex

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u02bc\u2018`\u00b4\uff07", "'"))
# Soft hyphen, word joiner, byte order mark and marks of direction are no part of a spelling; joiners are.
_INVISIBLE = dict.fromkeys(map(chr, (0xAD, 0x2060, 0xFEFF, 0x200E, 0x200F, 0x61C)), "")
_INVISIBLE |= dict.fromkeys(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))), "")
_ZERO_WIDTH_SPACE = {"\u200b": " "}  # ends words in scripts that are written without spaces
_IGNORED = str.maketrans(_INVISIBLE | _ZERO_WIDTH_SPACE)
# Full width, presentation forms and ligatures are other shapes of the same letters. Other compatibility
# characters are not: the raised letters of IPA, vowel signs of Thai and Lao.
_SHAPES = frozenset({"<wide>", "<narrow>", "<isolated>", "<initial>", "<medial>", "<final>", "<font>"})
_LIGATURES = range(0xFB00, 0xFB07)
_BOUNDARY = regex.compile(r"(?w)\b")  # of UAX 29
_SPOKEN = regex.compile(r"[\p{L}\p{N}]")
# UAX 29 keeps these between letters (U.S.A., EU:s, a_b); no dictionary of pronunciations has them.
_JOINTS = regex.compile(r"[._,:;\u2024\ufe52]+")
# Scripts that are written without spaces between words.
_UNSPACED = regex.compile(
    r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Han}\p{Hiragana}\p{Katakana}\p{Tai_Le}\p{Javanese}]"
)

_TAG = regex.compile(r"(?<!\w)(?:\[[^\[\]]*\]|<[^<>\n]{0,40}>|\{[^{}]*\}|\([^()]*\))(?!\w)")
BRACKETS = {"<": ">", "[": "]", "{": "}", "(": ")"}
# What people put in parentheses about sounds; other words there are read aloud.
_NOISES = regex.compile(
    r"(?i)^\W*(?:laugh|cough|breath|inhal|exhal|sneez|sniff|snort|sigh|yawn|gasp|hum|cry|sob|clap|applau|click"
    r"|noise|music|nois|silence|pause|throat|clear|lip|door|beep|bang|cross|inaudib|unintellig|indistinct|unk)"
)
# English words that begin or end with an apostrophe; others of the kind end in -in'.
_ELIDED = frozenset(
    {
        *("'bout", "'cause", "'course", "'em", "'er", "'gain", "'im", "'is", "'kay", "'m", "'member", "'n"),
        *("'n'", "'neath", "'nother", "'nuff", "'round", "'s", "'scuse", "'til", "'till", "'tis", "'twas"),
        *("'twere", "'twill", "'twould", "an'", "o'", "ol'", "po'", "th'", "wi'"),
    }
)


def normalise_text(text: str) -> str:
    """Return the words of a transcript, lower-case and separated by single spaces.

    Words are those of UAX 29 (Unicode text segmentation), of any script, with their marks and joiners; what
    is written without spaces (Thai, Chinese) stays together. Punctuation, hyphens and slashes separate words,
    apostrophes inside words and of elisions (``goin'``, ``'em``) stay, quotation marks go. Tags
    (``tags_of``) are no words. Digits stay as they are: how they are spoken is not written, so the aligner
    reports them as words without a pronunciation (``numbers.spell_numbers`` reads them in English).
    Normalising twice changes nothing.
    """
    text = without_tags(text).replace("\u0130", "i").lower().replace("''", " ")
    words: list[str] = []
    for chunk in text.split():
        words += _words(chunk)
    return " ".join(_without_quotation_marks(words))


def without_tags(text: str) -> str:
    """Return a text without its tags (``tags_of``), letters in their plain shape and accents composed."""
    return str(_TAG.sub(lambda found: " " if is_tag(found[0]) else found[0], _composed(text)))


def tags_of(text: str) -> list[str]:
    """Return what is in brackets and no word: ``[laughter]``, ``<unk>``, ``{breath}``, ``(coughs)``."""
    return [tag for tag in _TAG.findall(_composed(text)) if is_tag(tag)]


def is_tag(label: str) -> bool:
    """Whether a label is in brackets; in parentheses, single words and those that name a sound are tags."""
    label = label.strip()
    if len(label) < 2 or label[-1] != BRACKETS.get(label[0]):
        return False
    inside = label[1:-1].split()
    return label[0] != "(" or len(inside) < 2 or any(_NOISES.match(word) for word in inside)


def is_unspaced(text: str) -> bool:
    """Whether a text has letters of a script that is written without spaces between words."""
    return _UNSPACED.search(text) is not None


def spellings(word: str) -> tuple[str, ...]:
    """Return a word and, in case no dictionary has it so, the same without apostrophes at its edges."""
    return tuple(dict.fromkeys((word, word.strip("'") or word)))


def _composed(text: str) -> str:
    """Letters in their plain shape, accents composed, apostrophes of all kinds as ``'``."""
    text = text.translate(_IGNORED).translate(_APOSTROPHES)
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join(map(_plain, text)))
    return text


def _plain(character: str) -> str:
    shape = unicodedata.decomposition(character).partition(" ")[0]
    same = shape in _SHAPES or ord(character) in _LIGATURES
    return unicodedata.normalize("NFKC", character) if same else character


def _words(chunk: str) -> list[str]:
    """Words of text without spaces, and apostrophes that stand by themselves."""
    pieces: list[str] = []
    joined = False  # whether the next piece may belong to the one before
    for piece in _BOUNDARY.split(chunk):
        apostrophe = piece == "'"
        if apostrophe or _SPOKEN.search(piece):
            if joined:
                pieces[-1] += piece
            else:
                pieces.append(piece)
            joined = True
        elif piece:
            joined = piece.endswith("'")
            pieces += ["'"] * joined
    words = [word for piece in pieces for word in _JOINTS.split(piece)]
    return [word for word in words if word == "'" or _SPOKEN.search(word)]


def _without_quotation_marks(words: Iterable[str]) -> list[str]:
    """Take off an apostrophe at the start of a word and the one that closes the quotation."""
    kept: list[str] = []
    opened: int | None = None
    for word in words:
        alone = word == "'"  # after punctuation: it closes what is open
        if not alone:
            if word[0] == "'" and word not in _ELIDED:
                opened = len(kept)
            kept.append(word)
        if opened is None or word[-1] != "'":
            continue
        elided = word in _ELIDED or word.endswith("in'")
        if alone or not elided or opened == len(kept) - 1:
            kept[opened] = kept[opened].removeprefix("'")
            if not alone:
                kept[-1] = kept[-1].removesuffix("'")
            opened = None
    return kept
