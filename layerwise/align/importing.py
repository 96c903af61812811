"""From a TextGrid to the intervals of one utterance: what is mended with a note, and what fails it."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from itertools import pairwise

import pandas as pd
from joblib import Parallel, delayed

from layerwise.align.intervals import PHONES, Interval, Outcome, durations, find_fault
from layerwise.align.phonesets import (
    NOISE,
    SILENCE,
    PhoneSet,
    detect_phone_set,
    listed,
    phone_set,
)
from layerwise.align.textgrid_reader import DECIMALS, Tier, find_tier, read_textgrid
from layerwise.corpus.text import is_tag, normalise_text, spellings
from layerwise.errors import AlignmentError
from layerwise.options.textgrid import TextgridOptions

DEFAULTS = TextgridOptions()
DETECTION_FILES = 200
FILES_PER_WORKER = 500  # starting a worker takes about as long as reading so many
LONGEST_MISMATCH = 0.5  # seconds between the ends of TextGrid and audio
LEAST_SIMILARITY = 0.5  # between the words of TextGrid and transcript

TimedLabel = tuple[float, float, str]


@dataclass(frozen=True)
class ImportedUtterance:
    """What an imported alignment must fit: the audio's length, the speaker and the transcript."""

    utt_id: str
    speaker: str
    seconds: float
    text: str


def import_alignments(
    manifest: pd.DataFrame,
    content: Callable[[str], bytes],
    *,
    word_tiers: Sequence[str],
    phone_tiers: Sequence[str],
    phone_set_name: str = DEFAULTS.phone_set,
    silences: Sequence[str] = DEFAULTS.silences,
    tolerance: float = DEFAULTS.tolerance,
    workers: int = 1,
) -> Iterator[Outcome]:
    """Import the TextGrid of every utterance of a manifest, yielding outcomes in its order.

    Args:
        manifest: utterances with utt_id, speaker, text, samples and sample_rate.
        content: gives the bytes of an utterance's TextGrid; raises AlignmentError if it cannot.
        word_tiers: names of the word tier, in order of preference.
        phone_tiers: names of the phone tier, in order of preference.
        phone_set_name: one of `phonesets.PHONE_SETS`, ``keep`` (labels stay as they are) or ``auto``: the set
            that knows most labels of the first ``DETECTION_FILES`` TextGrids.
        silences: labels of the phone tier that are no phones, beside those of every set.
        tolerance: seconds; smaller overlaps, holes and overshoots are mended or borne, with a note in the
            reason of the outcome. What else is borne and what is not: docs/alignment.md.
        workers: processes.

    Raises:
        AlignmentError: the phones fit no phone set.
    """
    seconds = durations(manifest)
    utterances = [
        ImportedUtterance(utt_id, str(speaker), seconds[utt_id], text)
        for utt_id, speaker, text in zip(
            manifest["utt_id"], manifest["speaker"], manifest["text"], strict=True
        )
    ]
    convert = partial(
        _outcome,
        word_tiers=word_tiers,
        phone_tiers=phone_tiers,
        phones=_chosen_set(phone_set_name, silences, utterances, content, phone_tiers),
        tolerance=tolerance,
    )
    jobs = min(workers, math.ceil(len(utterances) / FILES_PER_WORKER)) or 1
    found = ((utterance, _try(content, utterance.utt_id)) for utterance in utterances)
    yield from Parallel(n_jobs=jobs, return_as="generator")(
        delayed(convert)(utterance, bytes_or_fault) for utterance, bytes_or_fault in found
    )


def _try(content: Callable[[str], bytes], utt_id: str) -> bytes | str:
    try:
        return content(utt_id)
    except AlignmentError as error:
        return str(error)


def _chosen_set(
    name: str,
    silences: Sequence[str],
    utterances: Sequence[ImportedUtterance],
    content: Callable[[str], bytes],
    phone_tiers: Sequence[str],
) -> PhoneSet:
    if name != "auto":
        return phone_set(name, tuple(silences))
    labels: Counter[str] = Counter()
    read = 0
    for utterance in utterances:
        try:
            grid = read_textgrid(content(utterance.utt_id))
            tier = find_tier(grid, phone_tiers, "phone", utterance.speaker)
        except AlignmentError:
            continue  # it fails with this reason when its turn comes
        labels.update(label for _, _, label in tier.entries)
        read += 1
        if read == DETECTION_FILES:
            break
    return detect_phone_set(labels.elements(), tuple(silences))


def _outcome(
    utterance: ImportedUtterance,
    content: bytes | str,
    *,
    word_tiers: Sequence[str],
    phone_tiers: Sequence[str],
    phones: PhoneSet,
    tolerance: float,
) -> Outcome:
    """Convert one TextGrid; ``content`` may be the reason why there is none."""
    if isinstance(content, str):
        return Outcome(utterance.utt_id, "failed", content)
    notes: list[str] = []
    try:
        grid = read_textgrid(content)
        if grid.encoding == "latin-1":
            notes.append("read as Latin-1")
        words, sounds = (
            find_tier(grid, names, what, utterance.speaker, f"alignment.textgrid.{what}_tier")
            for names, what in ((word_tiers, "word"), (phone_tiers, "phone"))
        )
        _check_end(grid.end, utterance.seconds, tolerance, notes)
        for tier in (words, sounds):
            _check_whole(tier, tolerance, notes)
        phone_entries = _mapped(sounds.entries, phones)
        word_entries = _without_silence(words.entries, phone_entries)
        limits = (utterance.seconds, tolerance)
        intervals = _nested(
            _mended(word_entries, "word", *limits, notes),
            _mended(phone_entries, "phone", *limits, notes),
            partial(_spelled, text=utterance.text),
            tolerance,
            notes,
        )
    except AlignmentError as error:
        return Outcome(utterance.utt_id, "failed", str(error))
    fault = find_fault(intervals, utterance.seconds, None if phones.name == "keep" else PHONES)
    if fault or not intervals:
        return Outcome(utterance.utt_id, "failed", fault or "; ".join(["no word with phones", *notes]))
    labels = [_spelled(label, utterance.text) for _, _, label in word_entries if not _is_no_word(label)]
    if unlike := _unlike(" ".join(labels), utterance.text, notes):
        return Outcome(utterance.utt_id, "dropped", unlike)
    return Outcome(utterance.utt_id, "aligned", "; ".join(notes), intervals=tuple(intervals))


def _without_silence(words: Sequence[TimedLabel], phones: Sequence[TimedLabel]) -> list[TimedLabel]:
    """Words without blanks, and without those named like a silence that no phone lies in.

    "silence", "sil" or "sp" may also be what is said.
    """
    middles = [(start + end) / 2 for start, end, phone in phones if phone != NOISE]
    return [
        (start, end, label)
        for start, end, label in words
        if label.strip()
        and not (
            phone_set("keep").phone(label) == SILENCE
            and bisect_left(middles, start) == bisect_left(middles, end)
        )
    ]


def _is_no_word(label: str) -> bool:
    """Whether a word is none: ``<unk>``, ``[laughter]``, ``{breath}``, or without any letter."""
    return is_tag(label) or not normalise_text(label)


def _spelled(label: str, text: str) -> str:
    """The word as the transcript spells it: with or without apostrophes at its edges."""
    word = normalise_text(label)
    said = set(text.split())
    return next((form for form in spellings(word) if form in said), word)


def _check_whole(tier: Tier, tolerance: float, notes: list[str]) -> None:
    if tier.missing > tolerance:
        raise AlignmentError(
            f"cut off: tier {tier.name!r} stops at {tier.entries[-1][1]:g} s, {tier.missing:g} s before its "
            "end"
        )
    if tier.missing:
        notes.append(f"tier {tier.name!r} stops {tier.missing:g} s before its end")


def _check_end(end: float, seconds: float, tolerance: float, notes: list[str]) -> None:
    difference = end - seconds
    if abs(difference) > LONGEST_MISMATCH:
        raise AlignmentError(f"the TextGrid lasts {end:.3f} s, the audio {seconds:.3f} s: not of this audio")
    if abs(difference) > tolerance:
        notes.append(f"the TextGrid lasts {end:.3f} s, the audio {seconds:.3f} s")


def _mapped(entries: Sequence[TimedLabel], phones: PhoneSet) -> list[TimedLabel]:
    """Phones in the analysis set, closures joined with their releases; NOISE stays, silence goes."""
    unknown = [label for _, _, label in entries if phones.phone(label) is None]
    if unknown:
        raise AlignmentError(f"phones unknown in {phones.name}: {listed(list(dict.fromkeys(unknown)))}")
    mapped: list[TimedLabel] = []
    closure: TimedLabel | None = None
    for start, end, label in entries:
        phone = str(phones.phone(label))
        if closure is not None and closure[1] == start and phones.joined(closure[2], label):
            mapped[-1] = (closure[0], end, mapped[-1][2] if phone == SILENCE else phone)
            closure = None
            continue
        closure = (start, end, label) if phones.joins.get(label.lower()) else None
        if phone != SILENCE:
            mapped.append((start, end, phone))
    return mapped


def _mended(
    entries: Sequence[TimedLabel], what: str, seconds: float, tolerance: float, notes: list[str]
) -> list[TimedLabel]:
    """Entries in order, inside the audio and without overlaps; the notes count what was mended."""
    mended: list[TimedLabel] = []
    clipped = overlaps = 0
    for start, end, label in entries:
        name = f"{what} {label!r} ({start:.3f}-{end:.3f} s)"
        if end <= start:
            raise AlignmentError(f"{name} does not end after its start")
        if start < -tolerance or end > seconds + tolerance or start >= seconds:
            raise AlignmentError(f"{name} is not inside the {seconds:.3f} s of audio")
        # Rounding to DECIMALS may put an end beyond the last sample by less than its unit.
        clipped += start < 0 or end > seconds + 10**-DECIMALS
        start, end = max(start, 0.0), min(end, seconds)
        if mended and start < mended[-1][1]:
            left = mended[-1]
            if start <= left[0] or left[1] - start > tolerance or end <= left[1]:
                raise AlignmentError(f"{name} overlaps {left[2]!r} ({left[0]:.3f}-{left[1]:.3f} s)")
            mended[-1] = (left[0], start, left[2])
            overlaps += 1
        mended.append((start, end, label))
    if clipped:
        notes.append(f"{clipped} {what}(s) clipped to the audio")
    if overlaps:
        notes.append(f"{overlaps} overlap(s) of {what}s cut")
    return mended


def _nested(
    words: Sequence[TimedLabel],
    phones: Sequence[TimedLabel],
    spelled: Callable[[str], str],
    tolerance: float,
    notes: list[str],
) -> list[Interval]:
    """Words with their phones; each phone belongs to the word that holds its middle."""
    inside: list[list[TimedLabel]] = [[] for _ in words]
    number = clipped = 0
    for start, end, phone in phones:
        while number < len(words) and words[number][1] <= (start + end) / 2:
            number += 1
        name = f"phone {phone!r} ({start:.3f}-{end:.3f} s)"
        if number == len(words) or words[number][0] > (start + end) / 2:
            if phone == NOISE:
                continue
            raise AlignmentError(f"{name} is outside any word")
        first, last = max(start, words[number][0]), min(end, words[number][1])
        if max(first - start, end - last) > tolerance:
            raise AlignmentError(f"{name} reaches out of its word {words[number][2]!r}")
        clipped += (first, last) != (start, end)
        inside[number].append((first, last, phone))
    intervals: list[Interval] = []
    bracketed: list[str] = []
    unpronounced: list[str] = []
    holes = 0
    for index, ((start, end, label), own) in enumerate(zip(words, inside, strict=True)):
        spoken = [entry for entry in own if entry[2] != NOISE]
        if _is_no_word(label):
            bracketed.append(label)
        elif not spoken and own:
            unpronounced.append(label)
        elif not spoken:
            raise AlignmentError(f"word {label!r} ({start:.3f}-{end:.3f} s) has no phones")
        else:
            edges = [start, *(time for first, last, _ in spoken for time in (first, last)), end]
            holes += sum(right - left > tolerance for left, right in list(pairwise(edges))[::2])
            intervals.append(Interval("word", start, end, spelled(label), index))
            intervals += [Interval("phone", first, last, phone, index) for first, last, phone in spoken]
    if clipped:
        notes.append(f"{clipped} phone(s) clipped to their word")
    if holes:
        notes.append(f"{holes} hole(s) inside words")
    if bracketed:
        notes.append(f"left out as no words: {listed(bracketed)}")
    if unpronounced:
        notes.append(f"left out, without phones: {listed(unpronounced)}")
    return intervals


def _unlike(found: str, text: str, notes: list[str]) -> str:
    """Reason to distrust words that are not those of the transcript; smaller differences are noted."""
    words, transcript = found.split(), text.split()
    if not transcript or words == transcript:
        return ""
    similarity = SequenceMatcher(None, words, transcript, autojunk=False).ratio()
    if similarity < LEAST_SIMILARITY:
        shown = [" ".join(some[:8]) for some in (words, transcript)]
        return f"the words are not those of the transcript: {shown[0]!r}, not {shown[1]!r}"
    notes.append("words differ from the transcript")
    return ""
