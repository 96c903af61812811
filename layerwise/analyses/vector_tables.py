"""Tables that map a word or phone to a vector: GloVe, word2vec, qvec, CSV, TSV, Parquet."""

import ast
import codecs
import csv
import logging
import unicodedata
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from layerwise.errors import AnalysisError

logger = logging.getLogger(__name__)

LABEL_COLUMNS = ("label", "word", "phone")
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
_FIX = "correct the file, or name another one as `file` under `vectors`"


def read_vectors(path: Path | str, labels: Collection[str]) -> pd.DataFrame:
    """Return the vectors of the given labels, float32: one row per label found, in sorted order.

    ``.csv``, ``.tsv``, ``.parquet``: a column ``label``, ``word`` or ``phone`` (else the first one) and
    columns of numbers. Other files are text, a label a line: GloVe or word2vec (``label 0.1 -0.2 ...``, with
    or without a header ``count dimensions``; labels may hold spaces, as some of GloVe 840B do), or qvec
    oracles (``label<TAB>{'noun.food': 0.7, ...}``, attributes that are not named being 0). Text is streamed:
    only the wanted vectors are kept.

    A label takes the entry that is spelled like it (composed or decomposed), else the one in lower case, else
    the one in upper case.
    Of entries for the same spelling in a text file the first counts, as in GloVe 840B; in a table they are
    refused. Raises AnalysisError naming file and line for anything that is not a vector of finite numbers of
    the file's length, and if no label is found.
    """
    path = Path(path)
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file of vectors; {_FIX}")
    wanted = {spelling for label in labels for spelling in _spellings(label)}
    read = _read_table if path.suffix.lower() in TABLE_SUFFIXES else _read_text
    entries = read(path, wanted)
    rows = {}
    for label in sorted(set(labels)):
        spelling = next((spelling for spelling in _spellings(label) if spelling in entries), None)
        if spelling is not None:
            rows[label] = entries[spelling]
    if not rows:
        some = ", ".join(sorted(labels)[:5])
        raise AnalysisError(
            f"{path}: has no vector for any of the {len(labels)} labels ({some}, ...); {_FIX}"
        )
    return pd.DataFrame.from_dict(rows, orient="index", dtype=np.float32).rename_axis("label")


def missing_labels(labels: pd.Series, vectors: pd.DataFrame) -> pd.DataFrame:
    """Return the labels without a vector and how many of the given segments they have, most first."""
    counts = labels[~labels.isin(vectors.index)].value_counts()
    table = counts.rename_axis("label").reset_index(name="segments")
    return table.sort_values(["segments", "label"], ascending=[False, True], ignore_index=True)


def _spellings(label: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((label, label.lower(), label.upper())))


def _composed(label: str) -> str:
    """Accents as labels have them: files may hold the same word decomposed."""
    return unicodedata.normalize("NFC", label)


def _read_table(path: Path, wanted: set[str]) -> dict[str, Any]:
    try:
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            tabs = path.suffix.lower() == ".tsv"  # holds quotation marks as they are; commas need quoting
            table = pd.read_csv(
                path,
                sep="\t" if tabs else ",",
                quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
                encoding="utf-8-sig",
                dtype=str,
                keep_default_na=False,
            )
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{path}: not a readable table ({error}); {_FIX}") from error
    column = next((name for name in LABEL_COLUMNS if name in table.columns), table.columns[0])
    names = table.pop(column).astype(str).map(_composed)
    if table.columns.empty:
        raise AnalysisError(f"{path}: has no columns of numbers beside {column!r}; {_FIX}")
    twice = names[names.duplicated() & names.isin(wanted)]
    if len(twice):
        raise AnalysisError(f"{path}: two rows for {twice.iloc[0]!r}; {_FIX}")
    values = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, place = bad[0]
        # The header is line 1.
        raise AnalysisError(
            f"{path}, line {row + 2} ({names.iloc[row]!r}): column {table.columns[place]!r} holds "
            f"{table.iloc[row, place]!r}, not a finite number; {_FIX}"
        )
    return {name: row for name, row in zip(names, values.astype(np.float32), strict=True) if name in wanted}


def _read_text(path: Path, wanted: set[str]) -> dict[str, Any]:
    with path.open("rb") as stream:
        first = stream.readline().removeprefix(codecs.BOM_UTF8)
        lines = enumerate(chain([first], stream), start=1)
        if b"\t{" in first:
            return _read_attributes(path, lines, wanted)
        return _read_embeddings(path, lines, wanted)


def _read_embeddings(path: Path, lines: Iterator[tuple[int, bytes]], wanted: set[str]) -> dict[str, Any]:
    keys = {spelling.encode() for spelling in wanted}
    entries: dict[str, Any] = {}
    dim, again = None, 0
    for number, line in lines:
        line = line.rstrip()
        fields = line.count(b" ") if line else -1
        if dim is None:
            words = line.split(b" ")
            if number == 1 and len(words) == 2 and all(word.isdigit() for word in words):
                dim = int(words[1])
                continue
            dim = fields
        if fields < dim or dim < 1:
            raise AnalysisError(
                f"{path}, line {number}: {max(fields, 0)} numbers after the label, expected {max(dim, 1)}; "
                f"{_FIX}"
            )
        parts = line.rsplit(b" ", dim)
        if not parts[0].isascii():
            parts[0] = _composed(parts[0].decode("utf-8", "replace")).encode()
        if fields > dim and parts[0].split(b" ", 1)[0] in keys and _are_numbers(parts[0].split(b" ")[1:]):
            raise AnalysisError(
                f"{path}, line {number}: {fields} numbers after the label, expected {dim}; {_FIX}"
            )
        if parts[0] not in keys:
            continue
        label = parts[0].decode()
        if label in entries:
            again += 1
            continue
        entries[label] = _vector(path, number, label, parts[1:])
    if again:
        logger.info("%s: %d further entries for the same labels left out", path, again)
    return entries


def _vector(path: Path, number: int, label: str, parts: list[bytes]) -> Any:
    try:
        vector = np.array([float(part) for part in parts], np.float32)
    except ValueError as error:
        raise AnalysisError(f"{path}, line {number} ({label!r}): {error}; {_FIX}") from error
    if not np.isfinite(vector).all():
        raise AnalysisError(f"{path}, line {number} ({label!r}): holds NaN or infinity; {_FIX}")
    return vector


def _are_numbers(parts: list[bytes]) -> bool:
    try:
        return bool([float(part) for part in parts])
    except ValueError:
        return False


def _read_attributes(path: Path, lines: Iterator[tuple[int, bytes]], wanted: set[str]) -> dict[str, Any]:
    found: dict[str, dict[str, float]] = {}
    names: set[str] = set()
    for number, line in lines:
        label, _, text = _composed(line.decode("utf-8", "replace")).strip().partition("\t")
        try:
            attributes = {str(name): float(value) for name, value in ast.literal_eval(text).items()}
        except (ValueError, SyntaxError, AttributeError, TypeError) as error:
            raise AnalysisError(
                f"{path}, line {number}: expected label<TAB>{{'attribute': number, ...}}, "
                f"found {text[:40]!r}; {_FIX}"
            ) from error
        if not np.isfinite(list(attributes.values())).all():
            raise AnalysisError(f"{path}, line {number} ({label!r}): holds NaN or infinity; {_FIX}")
        names.update(attributes)
        if label in wanted:
            found.setdefault(label, attributes)
    order = sorted(names)
    return {
        label: np.array([attributes.get(name, 0.0) for name in order], np.float32)
        for label, attributes in found.items()
    }
