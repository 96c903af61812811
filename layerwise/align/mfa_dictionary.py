"""The dictionary of MFA: checked, cut to the words of the corpus, with the user's own words."""

import json
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import regex

from layerwise.align.intervals import VOWELS
from layerwise.align.lexicon import Lexicon, read_lexicon
from layerwise.align.phonesets import listed
from layerwise.corpus.text import is_tag, is_unspaced, normalise_text, spellings
from layerwise.errors import AlignmentError
from layerwise.files import write_text

KEY = "`alignment.mfa.dictionary`"
NO_PHONES = frozenset({"sil", "sp", "spn", "nsn", "SIL", "SP", "SPN", "NSN"})
_PROBABILITY = regex.compile(r"\d+\.\d+|1")  # of pronunciation and silences, up to four before the phones
_VARIANT = regex.compile(r"(?<=.)\(\d+\)$")  # CMU's way to name further pronunciations: word(2)
LONGEST_PART = 16  # characters


@dataclass(frozen=True)
class Coverage:
    """How many of the corpus' words (``tokens``) a dictionary has, and the commonest that it lacks.

    ``foreign`` are phones of its words that the acoustic model lacks: MFA passes over such lines.
    """

    tokens: int
    known: int
    missing: tuple[str, ...]
    added: int
    lines: int
    foreign: tuple[str, ...] = ()

    def __str__(self) -> str:
        lacking = f"; it lacks {listed(self.missing)}" if self.missing else ""
        share = 100 * self.known / max(self.tokens, 1)
        foreign = f"; phones not of the acoustic model: {listed(self.foreign)}" if self.foreign else ""
        known = f"{self.lines} pronunciations for {share:.1f} % of {self.tokens} words of the corpus"
        return known + lacking + foreign


@dataclass(frozen=True)
class _Line:
    word: str
    rest: str
    phones: tuple[str, ...]


def write_dictionary(
    dictionary: Path | str,
    target: Path | str,
    *,
    texts: Iterable[str],
    lexicon: Path | str | None = None,
    acoustic: Path | str | None = None,
    cut: bool = True,
) -> Coverage:
    """Write the dictionary of a run: that of the config, and the words of a lexicon.

    Args:
        dictionary: lines of a word, up to four probabilities and phones; CMU's comments and ``word(2)`` too.
        target: where it goes.
        texts: normalised transcripts of the corpus.
        lexicon: the user's pronunciations in ARPAbet. MFA's ARPAbet dictionaries mark stress (``AH0``) and
            the lexicon need not: each of its vowels is then taken as the stressed one in turn, and MFA
            chooses by the audio.
        acoustic: the model that aligns; None: it is yet to be trained.
        cut: leave out words that the corpus does not have; MFA reads 134,000 in a minute. Kept are parts of
            words at an apostrophe, which MFA looks up too (``l'``, ``'s``), any part of a word in a script
            without spaces, and entries that are no words (``<unk>``, ``[laughter]``). Words are written as
            the corpus spells them.

    Raises:
        AlignmentError: a file cannot be read, is empty, not UTF-8, or a line has no phones; none of the
            words of the corpus is there in phones of the acoustic model (unless ``cut`` is false: a G2P model
            may know them all); or the dictionary is not in ARPAbet and the lexicon is.
    """
    entries = _read(Path(dictionary))
    own = _own(read_lexicon(lexicon), entries, dictionary) if lexicon else []
    counts = Counter(word for text in texts for word in text.split())
    wanted = {_form(form): form for word in counts for form in spellings(word)}
    parts = {part for word in counts for part in _parts(_form(word))}
    kept: dict[str, None] = {}
    found: set[str] = set()  # forms
    model = _model_phones(Path(acoustic)) if acoustic else frozenset()
    foreign: Counter[str] = Counter()
    for entry in [*entries, *own]:
        form = _form(entry.word)
        if form not in wanted:
            form = _form(normalise_text(entry.word)) if not _is_no_word(entry) else form
        if form in wanted or form in parts:
            strange = set(entry.phones) - model - NO_PHONES if model else set()
            foreign.update(sorted(strange))
            found.update([] if strange else [form])
        if form in wanted:
            kept[f"{wanted[form]}\t{entry.rest}"] = None
        elif form in parts or not cut or _is_no_word(entry):
            kept[f"{entry.word}\t{entry.rest}"] = None
    letters = set("".join(part for part in found if is_unspaced(part)))
    known = {
        word
        for word in counts
        if found.intersection(map(_form, spellings(word)))
        or (is_unspaced(word) and letters.issuperset(_form(word)))
    }
    missing = sorted(counts.keys() - known, key=lambda word: (-counts[word], word))
    if counts and not known and cut and foreign:
        raise AlignmentError(
            f"{dictionary}: none of its words can be said in the phones of {acoustic}, which lacks "
            f"{listed([phone for phone, _ in foreign.most_common()])} and has {listed(sorted(model))}; "
            f"take the dictionary and the acoustic model of one name, or correct {KEY}"
        )
    if counts and not known and cut:
        raise AlignmentError(
            f"{dictionary}: has none of the {len(counts)} words of the corpus ({listed(missing)}; it has "
            f"{listed([entry.word for entry in entries[:5]])}): of another language or script? Correct "
            f"{KEY}, or name a G2P model with `alignment.mfa.g2p`"
        )
    write_text("".join(f"{line}\n" for line in kept), target)
    return Coverage(
        counts.total(),
        sum(counts[word] for word in known),
        tuple(missing),
        len(own),
        len(kept),
        tuple(sorted(foreign)),
    )


def _read(path: Path) -> list[_Line]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AlignmentError(f"{path}: cannot read the dictionary of MFA: {error}; correct {KEY}") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(";;;"):
            continue
        word, *items = line.split()
        phones = items[_probabilities(items) :]
        if not phones:
            raise AlignmentError(
                f"{path}, line {number}: {line.strip()!r} has no phones; write `word P H O N E S`"
            )
        rest = "\t".join([*items[: _probabilities(items)], " ".join(phones)])
        entries.append(_Line(_VARIANT.sub("", word), rest, tuple(phones)))
    if not entries:
        raise AlignmentError(f"{path}: a dictionary without words; correct {KEY}")
    return entries


def _model_phones(acoustic: Path) -> frozenset[str]:
    """Phones of an acoustic model, none if it does not say."""
    try:
        with zipfile.ZipFile(acoustic) as packed:
            named = [name for name in packed.namelist() if name.rpartition("/")[2] == "meta.json"]
            meta = json.loads(packed.read(named[0])) if named else {}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise AlignmentError(f"{acoustic}: no acoustic model of MFA: {error}") from error
    return frozenset(meta.get("phones", ())) if isinstance(meta, dict) else frozenset()


def _probabilities(items: list[str]) -> int:
    """How many of the items before the phones are probabilities, as MFA counts them."""
    for number, item in enumerate(items[:4]):
        if not _PROBABILITY.fullmatch(item):
            return number
    return min(len(items), 4)


def _form(word: str) -> str:
    """A word as MFA compares it."""
    return unicodedata.normalize("NFKC", word).replace("\u2019", "'").lower()


def _parts(form: str) -> Iterator[str]:
    """What MFA may split a word into: clitics and words between apostrophes, words of unspaced script."""
    if is_unspaced(form):
        for start in range(len(form)):
            yield from (form[start:end] for end in range(start + 1, start + 1 + LONGEST_PART))
    pieces = form.split("'")
    for place, piece in enumerate(pieces):
        if len(pieces) > 1 and piece:
            yield piece
            yield from ([f"'{piece}"] if place else [])
            yield from ([f"{piece}'"] if place < len(pieces) - 1 else [])


def _is_no_word(entry: _Line) -> bool:
    return is_tag(entry.word) or entry.word.startswith("!") or set(entry.phones) <= NO_PHONES


def _own(lexicon: Lexicon, entries: list[_Line], dictionary: Path | str) -> list[_Line]:
    """Entries of the user's lexicon in the phones of the dictionary."""
    phones = {phone for entry in entries for phone in entry.phones}
    stressed = "AH0" in phones
    if not stressed and "AH" not in phones:
        raise AlignmentError(
            f"{dictionary}: not in ARPAbet, as `alignment.lexicon` is; add your words to a copy of it and "
            f"give that as {KEY}"
        )
    return [
        _Line(word, " ".join(variant), tuple(variant))
        for word in sorted(lexicon)
        for pronunciation in lexicon[word]
        for variant in (_stress(pronunciation.split()) if stressed else [pronunciation.split()])
    ]


def _stress(phones: list[str]) -> list[list[str]]:
    """The pronunciation with each of its vowels stressed in turn."""
    vowels = [place for place, phone in enumerate(phones) if phone in VOWELS]
    return [
        [f"{phone}{int(place == chosen)}" if place in vowels else phone for place, phone in enumerate(phones)]
        for chosen in vowels
    ] or [phones]
