"""Pronunciations: the aligner's dictionary and the user's lexicon."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from layerwise.align.intervals import PHONES
from layerwise.errors import AlignmentError

Lexicon = dict[str, list[str]]
SIBILANTS = frozenset({"CH", "JH", "S", "SH", "Z", "ZH"})
VOICELESS = frozenset({"F", "K", "P", "T", "TH"})


def read_lexicon(path: Path | str) -> Lexicon:
    """Read pronunciations, one a line: the word, spaces or a tab, then ARPAbet phones (stress is stripped).

    A word with several pronunciations has several lines, named alike or ``word(2)``. Empty lines and lines
    that start with ``#`` or ``;;;`` are comments. Raises AlignmentError naming the line.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise AlignmentError(f"{path}: cannot read the lexicon: {error}") from error
    lexicon: Lexicon = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", ";;;")):
            continue
        word, *phones = line.split()
        phones = [phone.rstrip("012") for phone in phones]
        unknown = [phone for phone in phones if phone not in PHONES]
        if unknown or not phones:
            fault = f"unknown phone {unknown[0]!r}" if unknown else "no phones"
            raise AlignmentError(
                f"{path}, line {number}: {fault}; write `word P H O N E S` with the phones {' '.join(PHONES)}"
            )
        word = unicodedata.normalize("NFC", re.sub(r"\(\d+\)$", "", word)).replace("\u0130", "i").lower()
        _add(lexicon, word, " ".join(phones))
    return dict(lexicon)


def pronounce(words: Collection[str], *lexicons: Lexicon) -> Lexicon:
    """Pronunciations of ``words`` in all the lexicons; words without are absent."""
    found: Lexicon = defaultdict(list)
    for lexicon in lexicons:
        for word in words:
            for phones in lexicon.get(word, []):
                _add(found, word, phones)
    return dict(found)


def possessives(words: Collection[str], *lexicons: Lexicon) -> Lexicon:
    """Pronunciations of possessives (``dream's``) from those of their base words; other words are absent."""
    bases = {word: word.removesuffix("'s") for word in words if word.endswith("'s")}
    found = pronounce(set(bases.values()), *lexicons)
    return {
        word: [f"{phones} {_ending(phones.split()[-1])}" for phones in found[base]]
        for word, base in bases.items()
        if base in found
    }


def _ending(phone: str) -> str:
    if phone in SIBILANTS:
        return "IH Z"
    return "S" if phone in VOICELESS else "Z"


def dictionary_lines(lexicon: Lexicon) -> Iterable[str]:
    """Lines of a pronunciation dictionary in CMU Sphinx's format: ``word``, ``word(2)``, ... with phones."""
    for word in sorted(lexicon):
        for number, phones in enumerate(lexicon[word], start=1):
            yield f"{word if number == 1 else f'{word}({number})'} {phones}\n"


def _add(lexicon: Lexicon, word: str, phones: str) -> None:
    pronunciations = lexicon.setdefault(word, [])
    if phones not in pronunciations:
        pronunciations.append(phones)
