"""The quick check of a table says what pandera says of it, whatever table it is and however it is spoiled."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contract_examples import TABLES, example
from pandera.errors import SchemaError, SchemaErrors

from layerwise.contracts.checks import as_typed, keeps, schema
from layerwise.contracts.spec import Column, Rule, Table
from layerwise.errors import ReportError

Rng = np.random.Generator
Spoil = Callable[[Rng, pd.DataFrame], pd.DataFrame]

CASES = 150  # of each of four seeds
NUMBERS = [nan, inf, -inf, 2.0, -7.0, 0.5]
WHOLE = [2, -7, 1, 0]
TEXTS = ["", "c", None, pd.NA, nan, "T0", "all", "C1", "T2+ln", "layer"]
OTHERS = [*NUMBERS, *WHOLE, *TEXTS, True]
TYPES = ["object", "str", "float64", "float32", "int64", "int8", "bool", "category"]
LIMITS = [(-inf, inf), (0.0, inf), (-inf, 1.0), (-1.0, 1.0)]
LAYERS: dict[Any, list[str]] = {"any": ["C1", "T0", "T0-pos"], "block": ["T0", "T1"], "head": ["T1", "all"]}


def one_of(rng: Rng, values: Any) -> Any:
    return list(values)[rng.integers(len(list(values)))]


def column(rng: Rng, name: str) -> Column:
    """A column of any sort that a contract can have."""
    kind = one_of(rng, ["text", "choice", "layer", "integer", "number", "float32"])
    empty, infinite, optional = rng.random(3) < 0.5
    if kind == "choice":
        return Column(name, choices=("a", "b"), optional=optional, about="one of two")
    if kind == "layer":
        return Column(name, layers=one_of(rng, LAYERS), optional=optional, about="a layer")
    if kind == "text":
        return Column(name, empty=empty, optional=optional, about="a text")
    low, high = one_of(rng, LIMITS)
    empty, infinite = (empty, infinite) if kind != "integer" else (False, False)
    return Column(name, kind, low, high, empty, infinite, optional=optional, about="a number")


def cells_of(column: Column) -> list[Any]:
    """Values that a column may have."""
    if column.choices:
        return list(column.choices)
    if column.layers:
        return LAYERS[column.layers]
    if column.kind == "text":
        return ["a", "b", *([""] if column.empty else [])]
    whole = [value for value in (-1, 0, 1, 7) if column.low <= value <= column.high]
    return whole if column.kind == "integer" else [*map(float, whole), *([nan] if column.empty else [])]


def made_up(rng: Rng) -> tuple[Table, pd.DataFrame]:
    """A contract, and a table that keeps it."""
    parts = [Column("key", about="what no two rows share")]
    parts += [column(rng, f"c{place}") for place in range(rng.integers(1, 4))]
    numbers = [column.name for column in parts if column.kind != "text" and not column.optional]
    rules = (Rule(numbers[0], "not two", lambda frame: frame[numbers[0]] != 2),) if numbers else ()
    table = Table(
        path="made/up.csv",
        made_by="nobody",
        error=ReportError,
        columns=tuple(parts),
        key=("key",),
        rules=rules,
        may_be_empty=rng.random() < 0.5,
        about="anything",
    )
    rows = range(rng.integers(1, 4))
    cells = {
        column.name: [one_of(rng, cells_of(column)) for _ in rows]
        for column in parts[1:]
        if not column.optional or rng.random() < 0.5
    }
    frame = pd.DataFrame({"key": list("abc")[: len(rows)], **cells})
    return table, frame.astype(
        {column.name: "float32" for column in parts if column.kind == "float32" and column.name in frame}
    )


def cell(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """Another value in one cell: of the type of its column, or any."""
    if frame.empty:
        return frame
    name, place = one_of(rng, frame.columns), rng.integers(len(frame))
    kind = frame[name].dtype.kind
    if kind in "if" and rng.random() < 0.8:
        cells = frame[name].copy()
        cells.iloc[place] = cells.dtype.type(one_of(rng, NUMBERS if kind == "f" else WHOLE))
        return frame.assign(**{name: cells})
    cells = frame[name].astype(object)
    cells.iloc[place] = one_of(rng, TEXTS if kind not in "if" and rng.random() < 0.8 else OTHERS)
    return frame.assign(**{name: cells.infer_objects() if rng.random() < 0.5 else cells})


def another_type(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            return frame.astype({one_of(rng, frame.columns): one_of(rng, TYPES)})
    except (TypeError, ValueError):
        return frame


def other_rows(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """A row that is there twice, or none at all."""
    if frame.empty or rng.random() < 0.5:
        return frame.iloc[:0]
    return pd.concat([frame, frame.sample(1, random_state=rng)])


def other_columns(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """A column that is missing, is there twice, is unknown, or stands elsewhere."""
    name = one_of(rng, frame.columns)
    made = (
        frame.drop(columns=name),
        pd.concat([frame, frame[[name]]], axis=1),
        frame.assign(unknown=0.0),
        frame[list(rng.permutation(frame.columns))],
    )
    return made[rng.integers(4)]


SPOILS: list[Spoil] = [*[cell] * 6, another_type, other_rows, other_columns]


def accepted(table: Table, parts: tuple[Column, ...], frame: pd.DataFrame) -> bool:
    try:
        schema.__wrapped__(table, parts).validate(frame, inplace=True)
    except (SchemaError, SchemaErrors):
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_the_quick_check_and_pandera_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = {True: 0, False: 0}
    for case in range(CASES):
        name = one_of(rng, sorted(TABLES))
        table, frame = made_up(rng) if rng.random() < 0.7 else (TABLES[name], example(name))
        for spoil in [one_of(rng, SPOILS) for _ in range(rng.integers(0, 3))]:
            if frame.columns.is_unique and len(frame.columns) > 1:
                frame = spoil(rng, frame)
        parts = table.all_columns(tuple(map(str, frame.columns)))
        typed = as_typed(frame, parts)
        kept = keeps(table, parts, typed)
        seen[kept] += 1
        assert kept == accepted(table, parts, typed), f"case {case}: {table}\n{typed}\n{typed.dtypes}"
    assert min(seen.values()) > CASES / 5  # both sides are seen
