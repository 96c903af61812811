"""Import of alignments that somebody else has made, as TextGrids named like the utterances."""

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from layerwise.align import timit_labels
from layerwise.align.importing import import_alignments
from layerwise.align.intervals import Outcome
from layerwise.align.mfa_analysis import NAME as ANALYSIS
from layerwise.align.mfa_analysis import aligned, read_analysis
from layerwise.align.nesting import Tolerances
from layerwise.align.textgrid_reader import PHONE_TIERS, WORD_TIERS
from layerwise.errors import AlignmentError
from layerwise.files import files_below
from layerwise.options.textgrid import TextgridOptions

NO_WORDS = "none"
SUFFIXES = (".textgrid", ".json")
DEFAULTS = TextgridOptions()


def align(
    manifest: pd.DataFrame,
    *,
    path: str | None,
    word_tier: str | None = DEFAULTS.word_tier,
    phone_tier: str | None = DEFAULTS.phone_tier,
    phone_set: str = DEFAULTS.phone_set,
    phone_table: str | None = DEFAULTS.phone_table,
    silences: Sequence[str] = DEFAULTS.silences,
    tolerance: float = DEFAULTS.tolerance,
    overlap: float | None = DEFAULTS.overlap,
    overshoot: float | None = DEFAULTS.overshoot,
    early_end: float | None = DEFAULTS.early_end,
    lexicon: Path | None = None,
    workers: int = 1,
) -> Iterator[Outcome]:
    """Import ``{utt_id}.TextGrid`` (or ``.json``) from anywhere under the folder ``path``.

    ``.PHN`` and ``.WRD`` of TIMIT, in any case, are found by the names of speaker and sentence
    (``fcjf0-sa1``, as the reader of TIMIT names utterances) or of the sentence alone.

    ``word_tier`` and ``phone_tier`` name the tiers; None: the first that there is of ``WORD_TIERS`` and of
    ``PHONE_TIERS``. ``word_tier`` is "none" where there are phones only; then there are no words, nor are
    there in a TextGrid without another interval tier, or beside a ``.PHN`` without ``.WRD``.
    :func:`import_alignments` explains the rest; ``lexicon`` is not used.

    Raises:
        AlignmentError: the folder is missing, or the phones fit no phone set.
    """
    if path is None or not Path(path).is_dir():
        raise AlignmentError(
            f"`alignment.textgrid.path`: {path or 'not given'}: no such folder; "
            "name the one with the TextGrids"
        )
    files = _files_by_name(path)
    tables = [table for table in files_below(path, (".csv",)) if table.name == ANALYSIS]
    analyses = {table.parent: read_analysis(table.read_bytes()) for table in tables}
    labels = _labels_by_name(path)
    if overlap is None and labels and not files:
        overlap = max(tolerance, timit_labels.OVERLAP)

    def content(utt_id: str) -> bytes:
        found = files.get(_composed(utt_id), [])
        if not found and (hand := labels.get(utt_id.lower(), [])):
            return timit_labels.as_textgrid(hand)
        if not found:
            raise AlignmentError(f"no TextGrid of this name under {path}")
        if len(found) > 1:
            raise AlignmentError(f"several TextGrids: {', '.join(map(str, sorted(found)))}; keep one")
        for folder in found[0].parents:
            analysis = analyses.get(folder, {})
            if found[0].stem in analysis and not aligned(found[0].stem, analysis):
                raise AlignmentError(
                    f"MFA's last pass did not align it: no likelihood in {folder / ANALYSIS}"
                )
        try:
            return found[0].read_bytes()
        except OSError as error:
            raise AlignmentError(f"cannot read {found[0]}: {error.strerror}") from error

    yield from import_alignments(
        manifest,
        content,
        word_tiers=_word_tiers(word_tier),
        phone_tiers=(phone_tier,) if phone_tier else PHONE_TIERS,
        phone_set_name=phone_set,
        phone_table=phone_table,
        silences=silences,
        tolerances=Tolerances.of(tolerance, overlap, overshoot, early_end),
        workers=workers,
    )


def _word_tiers(name: str | None) -> Sequence[str]:
    if name is None:
        return WORD_TIERS
    return () if name == NO_WORDS else (name,)


def _files_by_name(folder: str) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in files_below(folder, SUFFIXES):
        files.setdefault(_composed(path.stem), []).append(path)
    return files


def _labels_by_name(folder: str) -> dict[str, list[Path]]:
    """Label files of TIMIT by ``speaker-sentence``, and by ``sentence`` where one speaker has it."""
    files: dict[str, list[Path]] = {}
    for path in files_below(folder, timit_labels.SUFFIXES):
        files.setdefault(f"{path.parent.name}-{path.stem}".lower(), []).append(path)
    alone: dict[str, list[list[Path]]] = {}
    for name, found in files.items():
        alone.setdefault(name.rpartition("-")[2], []).append(found)
    return {name: found[0] for name, found in alone.items() if len(found) == 1} | files


def _composed(name: str) -> str:
    """The name with composed accents: file systems differ, so \u00e9 and e\u0301 must be the same."""
    return unicodedata.normalize("NFC", name)
