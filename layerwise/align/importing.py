"""From a TextGrid to the intervals of one utterance: what is mended with a note, and what fails it."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial

import pandas as pd
from joblib import Parallel, delayed

from layerwise.align.intervals import PHONES, Outcome, durations, find_fault
from layerwise.align.nesting import (
    BadPhone,
    TimedLabel,
    Tolerances,
    is_no_word,
    mended,
    nested,
    unstretched,
    unworded,
)
from layerwise.align.phonesets import (
    ENOUGH,
    NOISE,
    SILENCE,
    PhoneSet,
    detect_phone_set,
    phone_set,
    read_phone_table,
)
from layerwise.align.textgrid_reader import WORD_TIERS, TextGrid, Tier, find_tier, read_textgrid
from layerwise.corpus.numbers import spell_numbers
from layerwise.corpus.text import is_unspaced, normalise_text, spellings
from layerwise.errors import AlignmentError
from layerwise.options.textgrid import TextgridOptions

DEFAULTS = TextgridOptions()
DETECTION_FILES = 200
FILES_PER_WORKER = 500  # starting a worker takes about as long as reading so many
LONGEST_MISMATCH = 0.5  # seconds between the ends of TextGrid and audio
LEAST_SIMILARITY = 0.5  # between the words of TextGrid and transcript


DEFAULT_TOLERANCES = Tolerances.of(DEFAULTS.tolerance)


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
    phone_table: str | None = DEFAULTS.phone_table,
    known_share: float = ENOUGH,
    silences: Sequence[str] = DEFAULTS.silences,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    workers: int = 1,
) -> Iterator[Outcome]:
    """Import the TextGrid of every utterance of a manifest, yielding outcomes in its order.

    Args:
        manifest: utterances with utt_id, speaker, text, samples and sample_rate.
        content: gives the bytes of an utterance's TextGrid; raises AlignmentError if it cannot.
        word_tiers: names of the word tier, in order of preference; none: there are phones only. With
            ``WORD_TIERS`` that is also so for a TextGrid whose only interval tier is that of phones.
        phone_tiers: names of the phone tier, in order of preference.
        phone_set_name: one of `phonesets.PHONE_SETS`, ``keep`` (labels stay as they are) or ``auto``: the set
            that knows most labels of the first ``DETECTION_FILES`` TextGrids.
        phone_table: a file of labels and phones (:func:`read_phone_table`) instead of a phone set.
        known_share: share of the labels that a detected set must know.
        silences: labels of the phone tier that are no phones, beside those of every set.
        tolerances: smaller overlaps, holes, overshoots and early ends are mended or borne, with a note in the
            reason of the outcome; larger ones of a phone cost its word (docs/alignment.md).
        workers: processes.

    Raises:
        AlignmentError: the phones fit no phone set, or the table of phones is bad.
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
        phones=(
            read_phone_table(phone_table, tuple(silences))
            if phone_table
            else _chosen_set(phone_set_name, silences, utterances, content, phone_tiers, known_share)
        ),
        tolerances=tolerances,
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
    known_share: float,
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
    return detect_phone_set(labels.elements(), tuple(silences), known_share)


def _outcome(
    utterance: ImportedUtterance,
    content: bytes | str,
    *,
    word_tiers: Sequence[str],
    phone_tiers: Sequence[str],
    phones: PhoneSet,
    tolerances: Tolerances,
) -> Outcome:
    """Convert one TextGrid; ``content`` may be the reason why there is none."""
    if isinstance(content, str):
        return Outcome(utterance.utt_id, "failed", content)
    notes: list[str] = []
    bad: list[BadPhone] = []
    try:
        grid = read_textgrid(content)
        if grid.encoding == "latin-1":
            notes.append("read as Latin-1")
        wanted = {"word": word_tiers, "phone": phone_tiers}
        if phones_only := not word_tiers or (word_tiers == WORD_TIERS and _alone(grid, phone_tiers)):
            del wanted["word"]
        tiers = {
            what: find_tier(grid, names, what, utterance.speaker, f"alignment.textgrid.{what}_tier")
            for what, names in wanted.items()
        }
        _check_end(grid.end, utterance.seconds, tolerances.early_end, notes)
        for tier in tiers.values():
            _check_whole(tier, tolerances.early_end, notes)
        limits = (utterance.seconds, tolerances)
        entries = _mapped(unstretched(tiers["phone"], notes), phones, bad)
        word_entries = [] if phones_only else _without_silence(unstretched(tiers["word"], notes), entries)
        words = mended(word_entries, "word", *limits, notes)
        sounds = mended(entries, "phone", *limits, notes, bad)
        if phones_only:
            intervals = unworded(sounds, tolerances, notes, bad)
        else:
            spelled = partial(_spelled, text=utterance.text)
            intervals = nested(words, sounds, spelled, tolerances, notes, bad)
    except AlignmentError as error:
        return Outcome(utterance.utt_id, "failed", str(error))
    fault = find_fault(intervals, utterance.seconds, None if phones.own else PHONES)
    if fault or not intervals:
        return Outcome(
            utterance.utt_id,
            "failed",
            fault or "; ".join(["no phones" if phones_only else "no word with phones", *notes]),
        )
    labels = [_spelled(label, utterance.text) for _, _, label in word_entries if not is_no_word(label)]
    if not phones_only and (unlike := _unlike(" ".join(labels), utterance.text, notes)):
        return Outcome(utterance.utt_id, "dropped", unlike)
    return Outcome(utterance.utt_id, "aligned", "; ".join(notes), intervals=tuple(intervals))


def _alone(grid: TextGrid, phone_tiers: Sequence[str]) -> bool:
    """Whether all interval tiers are those of phones, of one speaker or of several."""
    names = {name.lower() for name in phone_tiers}
    tiers = [tier for tier in grid.tiers if tier.is_interval]
    return bool(tiers) and all({tier.base, tier.name.strip().lower()} & names for tier in tiers)


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


def _mapped(entries: Sequence[TimedLabel], phones: PhoneSet, bad: list[BadPhone]) -> list[TimedLabel]:
    """Phones in the analysis set, closures joined with their releases; NOISE stays, silence goes.

    Those that the set does not have are bad.
    """
    mapped: list[TimedLabel] = []
    closure: TimedLabel | None = None
    for start, end, label in entries:
        phone = phones.phone(label)
        if phone is None:
            bad.append(
                ((start + end) / 2, f"phone {label!r} ({start:.3f}-{end:.3f} s) is unknown in {phones.name}")
            )
            closure = None
            continue
        if closure is not None and closure[1] == start and phones.joined(closure[2], label):
            mapped[-1] = (closure[0], end, mapped[-1][2] if phone == SILENCE else phone)
            closure = None
            continue
        closure = (start, end, label) if phones.joins.get(label.lower()) else None
        if phone != SILENCE:
            mapped.append((start, end, phone))
    return mapped


def _unlike(found: str, text: str, notes: list[str]) -> str:
    """Reason to distrust words that are not those of the transcript; smaller differences are noted."""
    words, transcript = found.split(), text.split()
    if not transcript or words == transcript:
        return ""
    if "".join(words) == "".join(transcript):
        notes.append("words are divided otherwise than in the transcript")
        return ""
    spaced = not is_unspaced(text)
    said, written = (words, transcript) if spaced else ("".join(words), "".join(transcript))
    if spaced and any(map(str.isdecimal, found)) and not any(map(str.isdecimal, text)):
        said = normalise_text(spell_numbers(found)).split()  # as `numbers: english` reads the transcript
    similarity = SequenceMatcher(None, said, written, autojunk=False).ratio()
    if similarity < LEAST_SIMILARITY:
        shown = [" ".join(some[:8]) for some in (words, transcript)]
        return f"the words are not those of the transcript: {shown[0]!r}, not {shown[1]!r}"
    if said != written:
        notes.append("words differ from the transcript")
    return ""
