"""Align a whole corpus, and account for every utterance."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import track

from layerwise import contracts
from layerwise.align.intervals import (
    PHONES,
    Aligner,
    Outcome,
    check_intervals,
    durations,
    interval_table,
    quality_table,
)
from layerwise.contracts.alignment import QUALITY
from layerwise.corpus.text import normalise_text
from layerwise.errors import AlignmentError


def align_corpus(
    manifest: pd.DataFrame,
    aligner: Aligner,
    *,
    name: str,
    lexicon: Path | str | None = None,
    workers: int = 1,
    max_unaligned: float = 1.0,
    losses: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Align every utterance of a manifest; return the interval table and the quality table.

    ``aligner`` is the code of an aligner's spec and ``name`` its name. ``options`` are the keyword arguments
    that only this aligner takes (``alignment.{aligner}`` of a config). ``losses`` is a file for the quality
    table of a corpus of which too much is lost; if there is no such loss, it is removed. Texts are normalised
    again, for manifests made elsewhere. Every utterance has a row in the quality table; those that the
    aligner does not mention are ``failed``.

    Raises:
        AlignmentError: more than the share ``max_unaligned`` could not be aligned (the message counts the
            reasons and names the file ``losses``), none could, the lexicon is bad, or the aligner broke the
            contract of interval tables.
    """
    manifest = manifest.assign(text=[normalise_text(str(text)) for text in manifest["text"]])
    found = aligner(manifest, lexicon=Path(lexicon) if lexicon else None, workers=workers, **(options or {}))
    console = Console(stderr=True)
    outcomes = {
        outcome.utt_id: outcome
        for outcome in track(found, f"Aligning with {name}", len(manifest), console=console)
    }
    every = [
        outcomes.get(utt_id, Outcome(utt_id, "failed", "absent from the aligner's output"))
        for utt_id in manifest["utt_id"]
    ]
    intervals, quality = interval_table(every), quality_table(every)
    given = options or {}
    own_phones = given.get("phone_set") == "keep" or given.get("phone_table")
    check_intervals(intervals, durations(manifest), None if own_phones else PHONES)
    _check_losses(quality, max_unaligned, Path(losses) if losses else None)
    return intervals, quality


def _check_losses(quality: pd.DataFrame, max_unaligned: float, losses: Path | None) -> None:
    lost = quality[quality["status"] != "aligned"]
    if len(lost) <= max_unaligned * len(quality) and len(lost) < len(quality):
        if losses:
            losses.unlink(missing_ok=True)
        return
    if losses:
        contracts.write(QUALITY, quality, losses)
    reasons = Counter(lost["reason"]).most_common(5)
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons)
    raise AlignmentError(
        f"{len(lost)} of {len(quality)} utterances could not be aligned, more than the allowed share "
        f"{max_unaligned:g} (`alignment.max_unaligned`): {listed}. First: {lost['utt_id'].iloc[0]}"
        + (f"; all of them: {losses}" if losses else "")
    )
