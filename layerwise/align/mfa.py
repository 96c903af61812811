"""Intervals from what the Montreal Forced Aligner wrote."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd
from praatio.utilities import textgrid_io
from praatio.utilities.errors import PraatioException

from layerwise.align.intervals import Interval, Outcome, durations, find_fault
from layerwise.align.mfa_corpus import original_name
from layerwise.errors import AlignmentError

SILENCES = frozenset({"", "sil", "sp"})
UNKNOWN = "spn"  # MFA's phone for a word without a pronunciation
OVERHANG = 0.02  # the last frame may end so many seconds after the audio
ABSENT = "no alignment found by MFA, nor with wider beams; check audio and transcript"
Row = tuple[float, float, str]
Tiers = dict[str, list[Row]]


def align(
    manifest: pd.DataFrame,
    *,
    lexicon: Path | None = None,
    workers: int = 1,
    archives: Sequence[Path | str] = (),
    dropped: Path | str | None = None,
) -> Iterator[Outcome]:
    """Yield what MFA made of each utterance, from the archives of :func:`mfa_command.align_shard`.

    Utterances without an alignment in any archive are ``failed``, those in the table ``dropped`` (of
    :func:`mfa_corpus.pack_corpus`) ``dropped``. Words that MFA has no pronunciation for are left out and
    listed in the reason of their utterance, which stays aligned if it has other words. ``score`` is MFA's
    mean log-likelihood per frame of speech. ``lexicon`` and ``workers`` are part of the interface; they have
    had their effect before.

    Raises:
        AlignmentError: there are no archives, one is broken, or it holds an utterance that the manifest does
            not.
    """
    if not archives:
        raise AlignmentError(
            "MFA runs in jobs of its own, not inside Python: run the workflow with `aligner: mfa`, or "
            "`layerwise.align.mfa_command.align_shard`, and give its archives"
        )
    reasons = _reasons(dropped) if dropped else {}
    found: dict[str, Outcome] = {}
    seconds = durations(manifest)
    for archive in archives:
        for utt_id, tiers, score, note in _read_archive(Path(archive)):
            if utt_id not in seconds:
                raise AlignmentError(f"{archive}: {utt_id} is not in the manifest; remove the file and rerun")
            found[utt_id] = make_outcome(utt_id, tiers, seconds[utt_id], score, note)
    for utt_id in manifest["utt_id"]:
        if utt_id in reasons:
            yield Outcome(utt_id, "dropped", reasons[utt_id])
        else:
            yield found.get(utt_id, Outcome(utt_id, "failed", ABSENT))


def read_tiers(name: str, content: bytes) -> Tiers:
    """Read the tiers ``words`` and ``phones`` of a JSON file or TextGrid of MFA; times in seconds.

    MFA writes times to JSON as 32-bit floats; rounding to 10 microseconds makes both formats agree.

    Raises:
        AlignmentError: the file is damaged or lacks a tier.
    """
    try:
        grid = textgrid_io.parseTextgridStr(content.decode("utf-8"))
        tiers = {tier["name"]: tier["entries"] for tier in grid["tiers"]}
        return {
            tier: [(round(float(start), 5), round(float(end), 5), label) for start, end, label in tiers[tier]]
            for tier in ("words", "phones")
        }
    except (PraatioException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise AlignmentError(f"{name}: not an alignment of MFA: {error!r}; align it again") from error


def make_outcome(utt_id: str, tiers: Tiers, seconds: float, score: float, note: str = "") -> Outcome:
    """Turn the tiers of one utterance into intervals; ``note`` becomes part of the reason."""
    intervals: list[Interval] = []
    unknown = []
    words = [row for row in tiers["words"] if row[2] not in SILENCES]
    phones = [row for row in tiers["phones"] if row[2] not in SILENCES]
    for index, (start, end, label) in enumerate(words):
        end = _inside(end, seconds)
        own = [phone for phone in phones if start <= phone[0] < end]
        if any(phone[2] == UNKNOWN for phone in own):
            unknown.append(label)
            continue
        intervals.append(Interval("word", start, end, label, index))
        for first, last, phone in own:
            intervals.append(Interval("phone", first, _inside(last, seconds), phone.rstrip("012"), index))
    names = ", ".join(map(repr, sorted(set(unknown))))
    if unknown:
        note = f"words without a pronunciation left out: {names}" + (f"; {note}" if note else "")
    if not intervals:
        reason = f"no word has a pronunciation: {names}; add it to the lexicon" if unknown else "no words"
        return Outcome(utt_id, "dropped", reason)
    if fault := find_fault(intervals, seconds):
        return Outcome(utt_id, "failed", f"MFA's alignment cannot be used: {fault}")
    return Outcome(utt_id, "aligned", note, score, tuple(intervals))


def _reasons(path: Path | str) -> dict[str, str]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return dict(zip(table["utt_id"], table["reason"], strict=True))


def _inside(end: float, seconds: float) -> float:
    return min(end, seconds) if end <= seconds + OVERHANG else end


def _read_archive(archive: Path) -> Iterator[tuple[str, Tiers, float, str]]:
    """Utterance, tiers, score and note of every alignment in an archive."""
    try:
        with zipfile.ZipFile(archive) as packed:
            names = [PurePosixPath(name) for name in packed.namelist()]
            for attempt in sorted({name.parts[0] for name in names}):
                analysis = f"{attempt}/alignment_analysis.csv"
                scores = _scores(packed.read(analysis)) if PurePosixPath(analysis) in names else {}
                note = "" if attempt == "1" else "second try, with wider beams"
                for name in names:
                    if name.parts[0] == attempt and name.suffix in (".json", ".TextGrid"):
                        tiers = read_tiers(f"{archive}, {name}", packed.read(str(name)))
                        score = scores.get(name.stem, float("nan"))
                        yield original_name(name.stem), tiers, score, note
    except (OSError, zipfile.BadZipFile) as error:
        raise AlignmentError(f"{archive}: no output of MFA: {error}; remove it and rerun") from error


def _scores(content: bytes) -> dict[str, float]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8")))
    return {row["file"]: float(row["speech_log_likelihood"] or "nan") for row in rows}
