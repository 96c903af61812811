"""Many files of one contract as one table: parsed and checked together, in a fraction of the time."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from layerwise.contracts import load, parsed, read
from layerwise.contracts.checks import as_typed, keeps
from layerwise.contracts.spec import Table


def read_all(table: Table, paths: Sequence[Path]) -> pd.DataFrame:
    """Read files (at least one), written as CSV or Parquet, one below the other, and check each of them.

    What they hold together keeps the contract only where each of them does. Where it does not, they are read
    again one by one (`contracts.read`), so that the error names the file.

    Raises the error that the table's contract names, also where files have rows of the same key.
    """
    found = _together(table, paths)
    if found is not None:
        return found
    frames = [read(table, path) for path in paths]
    # Without the empty ones, whose columns have no types to keep.
    whole = pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)
    key = list(table.key)
    doubled = whole[whole.duplicated(key)]
    if not doubled.empty:
        row = ", ".join(f"{name}={doubled.iloc[0][name]}" for name in key)
        raise table.error(f"{', '.join(map(str, paths))}: two rows for {row}")
    return whole


def _together(table: Table, paths: Sequence[Path]) -> pd.DataFrame | None:
    """The rows of all files, or None where some do not keep the contract or cannot be read together."""
    try:
        csv = all(path.suffix == ".csv" for path in paths)
        found = _parsed_together(table, paths) if csv else _loaded_together(table, paths)
    except Exception:  # readers of damaged tables raise what they like; `read` says which it is
        return None
    if found is None:
        return None
    columns = table.all_columns(tuple(found.columns))
    typed = as_typed(found, columns)
    return typed if keeps(table, columns, typed) else None


def _parsed_together(table: Table, paths: Sequence[Path]) -> pd.DataFrame | None:
    texts = [path.read_bytes() for path in paths]
    heads, bodies = zip(*(text.split(b"\n", 1) for text in texts), strict=True)
    # A quote that is never closed would swallow the next file.
    quoted = any(b'"' in text for text in texts)
    if quoted or len(set(heads)) > 1 or not (all(bodies) or table.may_be_empty):
        return None
    rows = (body if body.endswith(b"\n") else body + b"\n" for body in bodies if body)
    return parsed(table, heads[0] + b"\n" + b"".join(rows))


def _loaded_together(table: Table, paths: Sequence[Path]) -> pd.DataFrame | None:
    frames = [load(table, path) for path in paths]
    filled = [frame for frame in frames if len(frame)]  # empty ones have no types to keep
    same = len({tuple(frame.columns) for frame in frames}) == 1
    if not filled or not same or not (len(filled) == len(frames) or table.may_be_empty):
        return None
    return pd.concat(filled, ignore_index=True)
