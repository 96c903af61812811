"""The manifest: one row per usable utterance, and lists of what was left out and of what to beware of."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from layerwise import contracts
from layerwise.contracts.columns import SPLITS
from layerwise.contracts.corpus import EXCLUDED, MANIFEST, WARNINGS
from layerwise.corpus.audio import inspect_audio
from layerwise.corpus.embedded import embedded_audio
from layerwise.corpus.entries import Entry
from layerwise.corpus.numbers import spell_numbers
from layerwise.corpus.text import normalise_text, tags_of, without_tags
from layerwise.errors import AudioError, CorpusError
from layerwise.files import sha256_file
from layerwise.options.numbers import Numbers
from layerwise.seeds import derive_seed

COLUMNS = MANIFEST.required
EXCLUDED_COLUMNS = EXCLUDED.required
WARNING_COLUMNS = WARNINGS.required
MIN_SPEAKERS = 10  # with fewer, dev and test would hold one voice each: split by utterance instead
HELD_OUT_SHARE = 0.1


def build_manifest(
    entries: Iterable[Entry],
    *,
    seed: int,
    min_seconds: float = 0.0,
    max_seconds: float = float("inf"),
    max_utterances: int | None = None,
    numbers: Numbers = "keep",
    workers: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Check every utterance; return the manifest, the excluded utterances and the warnings, by utt_id.

    Columns: ``COLUMNS`` and the corpus's labels; ``EXCLUDED_COLUMNS``; ``WARNING_COLUMNS``. Excluded are
    utterances without text, with unusable audio, and those outside [min_seconds, max_seconds]. Warnings are
    about utterances that are kept: sampled below 16 kHz, clipped, silent; tags in their texts.
    ``max_utterances`` keeps a seeded random choice of the entries. ``numbers``: ``english`` reads digits in
    English (``numbers.spell_numbers``), with a warning that says how. Splits that the corpus does not give
    are drawn 80/10/10 by speaker, or by utterance below ``MIN_SPEAKERS`` speakers. The result does not depend
    on the order of the entries.

    Raises CorpusError for duplicate or unusable ids, unknown splits, label columns named like a manifest
    column, and if no utterance is left.
    """
    entries = sorted(entries, key=lambda entry: (entry.utt_id, entry.audio_path.as_posix()))
    _check_entries(entries)
    if max_utterances is not None:
        entries.sort(key=lambda entry: derive_seed(seed, "subset", entry.utt_id))
        entries = sorted(entries[:max_utterances], key=lambda entry: entry.utt_id)
    rows, excluded, warnings = [], [], []
    with ThreadPoolExecutor(workers) as pool:
        examined = pool.map(lambda entry: _examine(entry, min_seconds, max_seconds, numbers), entries)
        for entry, result in zip(entries, examined, strict=True):
            about = (entry.utt_id, entry.audio_path.as_posix())
            if isinstance(result, str):
                excluded.append((*about, result))
            else:
                row, found = result
                rows.append(row)
                warnings += [(*about, warning) for warning in found]
    if not rows:
        counts = "; ".join(f"{reason} ({count})" for reason, count in _reasons(excluded).most_common(3))
        raise CorpusError(f"no usable utterance among {len(entries)}: {counts or 'the corpus is empty'}")
    manifest = pd.DataFrame(rows)
    labels = sorted(set(manifest.columns) - set(COLUMNS))
    manifest[labels] = manifest[labels].fillna("")
    manifest["split"] = _assign_splits(manifest, seed)
    return (
        manifest[[*COLUMNS, *labels]],
        pd.DataFrame(excluded, columns=list(EXCLUDED_COLUMNS)),
        pd.DataFrame(warnings, columns=list(WARNING_COLUMNS)),
    )


def read_manifest(path: Path | str) -> pd.DataFrame:
    """Read a manifest written as Parquet. Raises CorpusError if it does not keep its contract."""
    return contracts.read(MANIFEST, path)


def _check_entries(entries: Sequence[Entry]) -> None:
    seen: dict[str, Path] = {}
    for entry in entries:
        utt_id, path = entry.utt_id, entry.audio_path
        if (
            not utt_id.strip()
            or utt_id != utt_id.strip()
            or utt_id.startswith(".")
            or set(utt_id) & set("/\\\0")
        ):
            raise CorpusError(
                f"{path}: utt_id {utt_id!r} cannot name a file; it must not be blank, start with a dot or "
                "hold slashes"
            )
        if utt_id in seen:
            raise CorpusError(
                f"utt_id {utt_id!r} is used twice, for {seen[utt_id]} and {path}; "
                "give each utterance its own id"
            )
        seen[utt_id] = path
        if entry.split is not None and entry.split not in SPLITS:
            raise CorpusError(
                f"{utt_id} ({path}): unknown split {entry.split!r}; use {', '.join(SPLITS)} or leave it blank"
            )
        clashes = sorted(set(entry.labels) & set(COLUMNS))
        if clashes:
            raise CorpusError(
                f"{utt_id} ({path}): label column {clashes[0]!r} is a column of the manifest; rename it"
            )


def _examine(
    entry: Entry, min_seconds: float, max_seconds: float, numbers: Numbers
) -> tuple[dict[str, object], list[str]] | str:
    """Row of the manifest and its warnings, or the reason why the utterance cannot be used."""
    if entry.fault:
        return entry.fault
    spoken = spell_numbers(without_tags(entry.text)) if numbers == "english" else entry.text
    text = normalise_text(spoken)
    if not text:
        return "empty text" if not entry.text.strip() else f"no words in the text {entry.text.strip()!r}"
    path = entry.audio_path
    try:
        info = inspect_audio(path)
        inside = embedded_audio(path)
        digest = hashlib.sha256(inside.content).hexdigest() if inside else sha256_file(path)
    except AudioError as error:
        return str(error).removeprefix(f"{path}: ")
    if info.seconds < min_seconds:
        return f"shorter than {min_seconds:g} s"
    if info.seconds > max_seconds:
        return f"longer than {max_seconds:g} s"
    row: dict[str, object] = {
        "utt_id": entry.utt_id,
        "speaker": entry.speaker,
        "split": entry.split,
        "audio_path": path.as_posix(),
        "samples": info.samples,
        "sample_rate": info.sample_rate,
        "text": text,
        "sha256": digest,
        **entry.labels,
    }
    warnings = [*info.warnings, *(f"no words: {', '.join(tags)}" for tags in [tags_of(entry.text)] if tags)]
    if text != normalise_text(entry.text):
        warnings.append(f"numbers read in English: {text}")
    if not entry.speaker:
        warnings.append("no speaker: splits cannot keep its speaker whole")
    return row, warnings


def _reasons(excluded: Iterable[tuple[str, str, str]]) -> Counter[str]:
    return Counter(reason for _, _, reason in excluded)


def _assign_splits(manifest: pd.DataFrame, seed: int) -> pd.Series:
    """Fill in missing splits: whole speakers or utterances, ranked by a seeded hash."""
    split = manifest["split"].astype("object")
    open_rows = split.isna()
    unit = "speaker" if manifest.loc[open_rows, "speaker"].nunique() >= MIN_SPEAKERS else "utt_id"
    units = sorted(
        manifest.loc[open_rows, unit].unique(), key=lambda name: (derive_seed(seed, "split", name), name)
    )
    # Three units at least give one each to train, dev and test.
    held_out = max(1, round(HELD_OUT_SHARE * len(units))) if len(units) >= 3 else 0
    drawn = dict.fromkeys(units, "train")
    drawn.update(dict.fromkeys(units[:held_out], "dev"))
    drawn.update(dict.fromkeys(units[held_out : 2 * held_out], "test"))
    return split.where(~open_rows, manifest[unit].map(drawn)).astype(str)
