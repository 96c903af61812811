"""Tables as plain JSON data, column by column, without loss, and texts compressed."""

import base64
import gzip
import json
import math
from typing import Any

import pandas as pd

Packed = list[dict[str, Any]]


def packed(table: pd.DataFrame, digits: int | None = None) -> Packed:
    """Pack a table: ``{"name": ..., "values": [...]}`` for each column, in order.

    Numbers keep all their digits, or so many significant ones; an empty cell is ``null``, an infinite one
    ``"inf"`` or ``"-inf"``. Text stands as the distinct ``levels`` of a column and the place of each
    cell's text among them.
    """
    return [_column(str(name), table[name], digits) for name in table.columns]


def _column(name: str, column: "pd.Series[Any]", digits: int | None) -> dict[str, Any]:
    if pd.api.types.is_integer_dtype(column):
        return {"name": name, "values": column.tolist()}
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.tolist() if digits is None else [float(f"{value:.{digits}g}") for value in column]
        return {"name": name, "values": [_number(value) for value in numbers]}
    places, levels = pd.factorize(column.astype(str))
    return {"name": name, "levels": levels.tolist(), "values": places.tolist()}


def _number(value: float) -> float | int | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value


def script_json(data: Any) -> str:
    """JSON that may stand in a script element: no ``<``, so nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def squeezed(text: str) -> str:
    """Compress a text (gzip) for a script element, as base64; equal texts give equal results."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")
