"""Words with their phones inside, from labels with times: what is mended, what costs a word, what fails."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from layerwise.align.intervals import Interval
from layerwise.align.phonesets import NOISE, listed
from layerwise.align.textgrid_reader import DECIMALS, Tier
from layerwise.corpus.text import is_tag, normalise_text
from layerwise.errors import AlignmentError

STRETCHED = 0.02  # seconds by which MFA stretches, at most
MOST_LOST = 0.5  # share of the words that must be left where phones are bad

TimedLabel = tuple[float, float, str]
BadPhone = tuple[float, str]  # where it is, in seconds, and what is wrong with it


@dataclass(frozen=True)
class Tolerances:
    """Seconds below which a fault is mended or borne, with a note."""

    hole: float
    overlap: float
    overshoot: float
    early_end: float

    @classmethod
    def of(
        cls,
        tolerance: float,
        overlap: float | None = None,
        overshoot: float | None = None,
        early_end: float | None = None,
    ) -> "Tolerances":
        """Return the tolerances of a config; None: ``tolerance``."""
        own = (tolerance if value is None else value for value in (overlap, overshoot, early_end))
        return cls(tolerance, *own)


def mended(
    entries: Sequence[TimedLabel],
    what: str,
    seconds: float,
    tolerances: Tolerances,
    notes: list[str],
    bad: list[BadPhone] | None = None,
) -> list[TimedLabel]:
    """Entries in order, inside the audio and without overlaps; the notes count what was mended.

    One that cannot be mended goes to ``bad``, with the time of its middle. Raises AlignmentError if there is
    no such list.
    """
    kept: list[TimedLabel] = []
    clipped = overlaps = 0
    for start, end, label in entries:
        before = kept[-1] if kept else None
        if fault := _fault(start, end, before, seconds, tolerances):
            named = f"{what} {label!r} ({start:.3f}-{end:.3f} s) {fault}"
            if bad is None:
                raise AlignmentError(named)
            bad.append(((start + max(start, end)) / 2, named))
            continue
        # Rounding to DECIMALS may put an end beyond the last sample by less than its unit.
        clipped += start < 0 or end > seconds + 10**-DECIMALS
        start, end = max(start, 0.0), min(end, seconds)
        if before and start < before[1]:
            kept[-1] = (before[0], start, before[2])
            overlaps += 1
        kept.append((start, end, label))
    if clipped:
        notes.append(f"{clipped} {what}(s) clipped to the audio")
    if overlaps:
        notes.append(f"{overlaps} overlap(s) of {what}s cut")
    return kept


def unstretched(tier: Tier, notes: list[str]) -> Sequence[TimedLabel]:
    """Entries of a tier of which several in a row end where the last one does: each ends at the next.

    MFA's JSON has such: whatever ends within two frames of the file's end is stretched to it.
    """
    entries = list(tier.entries)
    mended = 0
    for place in range(len(entries) - 2, -1, -1):
        (start, end, label), following = entries[place], entries[place + 1][0]
        if end != entries[-1][1] or not start < following < end or end - following > STRETCHED:
            break
        entries[place] = (start, following, label)
        mended += 1
    if mended:
        notes.append(f"{mended} interval(s) of tier {tier.name!r} stretched to its end, cut at the next")
    return entries


def _fault(
    start: float, end: float, before: TimedLabel | None, seconds: float, tolerances: Tolerances
) -> str:
    """What is wrong with an interval beyond mending, or nothing."""
    if end <= start:
        return "does not end after its start"
    if start < -tolerances.overshoot or end > seconds + tolerances.overshoot or start >= seconds:
        return f"is not inside the {seconds:.3f} s of audio"
    if before and start < before[1]:
        first, last, label = before
        if start <= first or last - start > tolerances.overlap or end <= last:
            return f"overlaps {label!r} ({first:.3f}-{last:.3f} s)"
    return ""


def nested(
    words: Sequence[TimedLabel],
    phones: Sequence[TimedLabel],
    spelled: Callable[[str], str],
    tolerances: Tolerances,
    notes: list[str],
    bad: list[BadPhone],
) -> list[Interval]:
    """Words with their phones; each phone belongs to the word that holds its middle.

    A bad phone costs its word. Raises AlignmentError where that is more than half of the words.
    """
    inside: list[list[TimedLabel]] = [[] for _ in words]
    clipped = 0
    for start, end, phone in phones:
        middle = (start + end) / 2
        number = bisect_right(words, middle, key=lambda word: word[0]) - 1
        name = f"phone {phone!r} ({start:.3f}-{end:.3f} s)"
        if number < 0 or words[number][1] <= middle:
            if phone != NOISE:
                bad.append((middle, f"{name} is outside any word"))
            continue
        first, last = max(start, words[number][0]), min(end, words[number][1])
        if max(first - start, end - last) > tolerances.overshoot:
            bad.append((middle, f"{name} reaches out of its word {words[number][2]!r}"))
        clipped += (first, last) != (start, end)
        inside[number].append((first, last, phone))
    intervals: list[Interval] = []
    left_out: dict[str, list[str]] = {" as no words": [], ", without phones": []}
    holes = 0
    for index, ((start, end, label), own) in enumerate(zip(words, inside, strict=True)):
        spoken = [entry for entry in own if entry[2] != NOISE]
        if is_no_word(label):
            left_out[" as no words"].append(label)
        elif any(start <= time < end for time, _ in bad):
            continue
        elif not spoken and own:
            left_out[", without phones"].append(label)
        elif not spoken:
            bad.append(((start + end) / 2, f"word {label!r} ({start:.3f}-{end:.3f} s) has no phones"))
        else:
            edges = [start, *(time for first, last, _ in spoken for time in (first, last)), end]
            holes += sum(right - left > tolerances.hole for left, right in list(pairwise(edges))[::2])
            intervals.append(Interval("word", start, end, spelled(label), index))
            intervals += [Interval("phone", first, last, phone, index) for first, last, phone in spoken]
    kept = sum(interval.tier == "word" for interval in intervals)
    if bad and kept < MOST_LOST * len(words):
        raise AlignmentError(min(bad)[1])
    if clipped:
        notes.append(f"{clipped} phone(s) clipped to their word")
    if holes:
        notes.append(f"{holes} hole(s) inside words")
    notes += [f"left out{why}: {listed(labels)}" for why, labels in left_out.items() if labels]
    if bad:
        notes.append(f"{len(bad)} bad phone(s), left out with their words: {min(bad)[1]}")
    return intervals


def unworded(
    phones: Sequence[TimedLabel], tolerances: Tolerances, notes: list[str], bad: list[BadPhone]
) -> list[Interval]:
    """Phones of an alignment without words; ``word_index`` numbers the stretches between pauses.

    Bad phones are left out. Raises AlignmentError where these are more than half.
    """
    spoken = [entry for entry in phones if entry[2] != NOISE]
    if bad and len(spoken) < MOST_LOST * (len(spoken) + len(bad)):
        raise AlignmentError(min(bad)[1])
    intervals: list[Interval] = []
    stretch = 0
    for start, end, phone in spoken:
        if intervals and start - intervals[-1].end > tolerances.hole:
            stretch += 1
        intervals.append(Interval("phone", start, end, phone, stretch))
    notes.append("no word tier: phones only")
    if bad:
        notes.append(f"{len(bad)} bad phone(s) left out: {min(bad)[1]}")
    return intervals


def is_no_word(label: str) -> bool:
    """Whether a word is none: ``<unk>``, ``[laughter]``, ``{breath}``, or without any letter."""
    return is_tag(label) or not normalise_text(label)
