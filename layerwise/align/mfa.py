"""Intervals from what the Montreal Forced Aligner wrote."""

import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pandas as pd

from layerwise import contracts
from layerwise.align.importing import import_alignments
from layerwise.align.intervals import Outcome
from layerwise.align.mfa_analysis import NAME as ANALYSIS
from layerwise.align.mfa_analysis import Analysis, aligned, read_analysis
from layerwise.align.mfa_command import OUTPUTS
from layerwise.align.mfa_corpus import original_name
from layerwise.align.mfa_trust import Limits, trusted
from layerwise.align.textgrid_reader import PHONE_TIERS, WORD_TIERS
from layerwise.contracts.alignment import MFA_DROPPED, MFA_SPEECH
from layerwise.errors import AlignmentError
from layerwise.options.mfa import MfaOptions

DEFAULTS = MfaOptions()
KNOWN_SHARE = (
    0.99  # of the phones: all labels are of one dictionary, so one that is unknown is of another set
)
ABSENT = "no alignment found by MFA, nor with wider beams; check audio and transcript"
UNSCORED = (
    "MFA's last pass did not align it, nor with wider beams: what it exported has no likelihood; check audio "
    "and transcript"
)
SECOND_TRY = "second try, with wider beams"


@dataclass(frozen=True)
class Output:
    """Where the alignment of one utterance is (JSON or TextGrid), MFA's score of it, and a note."""

    archive: zipfile.ZipFile
    member: str
    score: float
    note: str


def align(
    manifest: pd.DataFrame,
    *,
    lexicon: Path | None = None,
    workers: int = 1,
    archives: Sequence[Path | str] = (),
    dropped: Path | str | None = None,
    speech: Path | str | None = None,
    phone_set: str = DEFAULTS.phone_set,
    phone_table: str | None = DEFAULTS.phone_table,
    min_score: float | None = DEFAULTS.min_score,
    min_rate: float | None = DEFAULTS.min_rate,
    max_rate: float | None = DEFAULTS.max_rate,
) -> Iterator[Outcome]:
    """Yield what MFA made of each utterance, from the archives of :func:`mfa_command.align_shard`.

    Utterances without an alignment in any archive are ``failed``, those in the table ``dropped`` (of
    :func:`mfa_corpus.pack_corpus`) ``dropped``. Words that MFA has no pronunciation for (its phone ``spn``)
    are left out and listed in the reason of their utterance, which stays aligned if it has other words.
    ``score`` is MFA's mean over the phones of their log-likelihood per frame; those that the limits and the
    table ``speech`` of :func:`mfa_corpus.pack_corpus` cast doubt on (:func:`mfa_trust.trusted`) are
    ``dropped``. ``lexicon`` is part of the interface; it is in the dictionary that MFA used.

    Raises:
        AlignmentError: there are no archives, one is broken or holds an utterance that the manifest does not
            have, or the phones fit no phone set.
    """
    if not archives:
        raise AlignmentError(
            "MFA runs in jobs of its own, not inside Python: run the workflow with `aligner: mfa`, or "
            "`layerwise.align.mfa_command.align_shard`, and give its archives"
        )
    reasons = _reasons(dropped) if dropped else {}
    with ExitStack() as stack:
        outputs: dict[str, Output] = {}
        unscored: set[str] = set()
        for archive in archives:
            found, without = _outputs(stack.enter_context(_opened(Path(archive))))
            outputs |= found
            unscored |= without
        strange = sorted(outputs.keys() - set(manifest["utt_id"]))
        if strange:
            raise AlignmentError(
                f"{strange[0]}: aligned by MFA but not in the manifest; remove "
                f"{outputs[strange[0]].archive.filename} and rerun"
            )

        def content(utt_id: str) -> bytes:
            if utt_id not in outputs:
                raise AlignmentError(UNSCORED if utt_id in unscored else ABSENT)
            return outputs[utt_id].archive.read(outputs[utt_id].member)

        imported = import_alignments(
            manifest,
            content,
            word_tiers=WORD_TIERS,
            phone_tiers=PHONE_TIERS,
            phone_set_name=phone_set,
            phone_table=phone_table,
            known_share=KNOWN_SHARE,
            workers=workers,
        )
        completed = [_completed(outcome, outputs, reasons) for outcome in imported]
    yield from trusted(completed, manifest, Limits(min_score, min_rate, max_rate), _seconds(speech))


def _completed(outcome: Outcome, outputs: dict[str, Output], reasons: dict[str, str]) -> Outcome:
    """The outcome with MFA's score and note, or the reason why MFA was not given the utterance."""
    output = outputs.get(outcome.utt_id)
    if output is not None:
        reason = "; ".join(note for note in (outcome.reason, output.note) if note)
        return replace(outcome, score=output.score, reason=reason)
    if outcome.utt_id in reasons:
        return Outcome(outcome.utt_id, "dropped", reasons[outcome.utt_id])
    return outcome


def _seconds(path: Path | str | None) -> dict[str, float]:
    if path is None:
        return {}
    table = contracts.read(MFA_SPEECH, path)
    return dict(zip(table["utt_id"], table["speech"], strict=True))


def _reasons(path: Path | str) -> dict[str, str]:
    table = contracts.read(MFA_DROPPED, path)
    return dict(zip(table["utt_id"], table["reason"], strict=True))


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except (OSError, zipfile.BadZipFile) as error:
        raise AlignmentError(f"{archive}: no output of MFA: {error}; remove it and rerun") from error


def _outputs(archive: zipfile.ZipFile) -> tuple[dict[str, Output], set[str]]:
    """What MFA aligned, the second try after the first, and what it exported without having aligned it."""
    names = [PurePosixPath(name) for name in archive.namelist()]
    analyses: dict[str, dict[str, Analysis]] = {
        name.parts[0]: read_analysis(archive.read(str(name))) for name in names if name.name == ANALYSIS
    }
    found: dict[str, Output] = {}
    unscored: set[str] = set()
    for name in sorted(name for name in names if name.suffix in OUTPUTS):
        attempt, analysis = name.parts[0], analyses.get(name.parts[0])
        utt_id = original_name(name.stem)
        if aligned(name.stem, analysis):
            score = analysis[name.stem].speech if analysis else math.nan
            found[utt_id] = Output(archive, str(name), score, "" if attempt == "1" else SECOND_TRY)
        else:
            unscored.add(utt_id)
    return found, unscored
