"""Phone sets, mapped on the 39 ARPAbet phones by tables beside this module, or on the user's own phones."""

import csv
import logging
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from layerwise.align.intervals import PHONES
from layerwise.corpus.text import is_tag
from layerwise.errors import AlignmentError

log = logging.getLogger(__name__)
FOLDER = Path(__file__).parent / "phonesets"
PHONE_SETS = ("arpabet", "timit", "mfa-ipa", "sampa")  # in case of doubt the first that fits best
SILENCE, NOISE = "-", "?"
ENOUGH = 0.5  # share of the labels that a phone set must know to be taken for the one in use


@dataclass(frozen=True)
class PhoneSet:
    """Labels and the phone of each, ``SILENCE`` or ``NOISE``; ``joins``: labels that belong to it.

    The phones are those of ARPAbet, unless they are the user's ``own``.

    ``joins`` maps the label of a closure to the releases that it is one phone with when they follow.
    ``reserved`` are names of silence and noise, in lower case and without brackets.
    """

    name: str
    phones: dict[str, str]
    joins: dict[str, frozenset[str]] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)
    own: bool = False

    def phone(self, label: str) -> str | None:
        """Phone of a label, ``SILENCE``, ``NOISE``, or None if the set does not have it."""
        label = unicodedata.normalize("NFC", label.strip())
        if not label:
            return SILENCE
        if self.name == "arpabet" and label.upper().rstrip("012") in self.phones:
            label = label if label in self.phones else label.upper().rstrip("012")
        elif self.name == "timit":
            label = label if label in self.phones else label.lower()
        if label in self.phones:
            return self.phones[label]
        bare = label.lower()
        if is_tag(label):
            return self.reserved.get(bare, self.reserved.get(bare[1:-1].strip(), NOISE))
        return self.reserved.get(bare, label if self.name == "keep" else None)

    def joined(self, label: str, following: str) -> bool:
        """Whether the label and the one after it are one phone, named by the second if that is a phone."""
        return following.lower() in self.joins.get(label.lower(), frozenset())


@cache
def phone_set(name: str, silences: tuple[str, ...] = ()) -> PhoneSet:
    """Return a phone set by name; ``keep`` knows silence only and leaves all other labels as they are.

    ``silences`` are further labels that are no phones. Raises AlignmentError for an unknown name.
    """
    if name not in (*PHONE_SETS, "keep"):
        raise AlignmentError(f"unknown phone set {name!r}; known: {', '.join((*PHONE_SETS, 'keep'))}")
    reserved, joins = _read_table("silence")
    reserved |= dict.fromkeys((label.lower() for label in silences), SILENCE)
    phones: dict[str, str] = {}
    if name != "keep":
        reserved |= _read_table("noise")[0]
        phones, joins = _read_table(name)
    return PhoneSet(name, phones, joins, reserved, own=name == "keep")


def read_phone_table(path: Path | str, silences: tuple[str, ...] = ()) -> PhoneSet:
    """Read a phone set of the user's: lines of a label, a tab and its phone, of whatever name.

    The phone ``-`` is silence and ``?`` is sound without phones; their usual names need no line. Lines that
    start with ``# `` and the line ``label<TAB>phone`` are passed over.

    Raises:
        AlignmentError: the file cannot be read, or a line is no such pair or gives a label a second phone.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AlignmentError(f"{path}: cannot read the table of phones: {error}") from error
    phones: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        label, _, phone = (unicodedata.normalize("NFC", part.strip()) for part in line.partition("\t"))
        if not line.strip() or line.startswith("# ") or (label, phone) == ("label", "phone"):
            continue
        if not label or not phone or "\t" in phone:
            raise AlignmentError(f"{path}, line {number}: {line!r}: write the label, a tab and the phone")
        if phones.setdefault(label, phone) != phone:
            raise AlignmentError(f"{path}, line {number}: {label!r} is {phones[label]!r} above; keep one")
    reserved, joins = _read_table("silence")
    reserved |= dict.fromkeys((label.lower() for label in silences), SILENCE)
    return PhoneSet(str(path), phones, joins, reserved, own=True)


def detect_phone_set(
    labels: Iterable[str], silences: tuple[str, ...] = (), enough: float = ENOUGH
) -> PhoneSet:
    """Return the phone set that knows most of the labels (tokens, of as many utterances as may be).

    Raises AlignmentError if none knows the share ``enough`` of them; the message lists the commonest unknown
    ones.
    """
    counts = Counter(label for label in labels if label.strip())
    sets = [phone_set(name, silences) for name in PHONE_SETS]
    known = {each.name: sum(n for label, n in counts.items() if each.phone(label)) for each in sets}
    best = max(sets, key=lambda each: known[each.name])
    unknown = [label for label, _ in counts.most_common() if best.phone(label) is None]
    if known[best.name] < enough * counts.total():
        raise AlignmentError(
            f"the phones fit none of the phone sets {', '.join(PHONE_SETS)} ({best.name} lacks "
            f"{listed(unknown)}); to analyse them as they are set `phone_set: keep`, to give each its phone "
            "name a table with `phone_table`"
        )
    if unknown:
        log.warning(
            "phone set %s lacks %s, %.1f %% of the labels; if they are of another language, set "
            "`phone_set: keep`",
            best.name,
            listed(unknown),
            100 * (1 - known[best.name] / counts.total()),
        )
    return best


def listed(labels: Sequence[str], most: int = 5) -> str:
    """Labels for a message: quoted, the first few."""
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(repr(label) for label in labels[:most]) + more


def _read_table(name: str) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    path = FOLDER / f"{name}.tsv"
    phones: dict[str, str] = {}
    joins: dict[str, frozenset[str]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        # A phone may be written # or with a quotation mark: only "# " starts a comment.
        lines = (line for line in stream if not line.startswith("# "))
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            label, phone = row["label"], row["phone"]
            if phone not in (*PHONES, SILENCE, NOISE) or label in phones:
                raise AlignmentError(f"{path}: bad or second line for {label!r}: {phone!r}")
            phones[label] = phone
            if row["joins"]:
                joins[label] = frozenset(row["joins"].split())
    return phones, joins
