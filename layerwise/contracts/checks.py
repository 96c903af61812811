"""Contracts as pandera schemas, and what a schema finds as one line that a user can act on."""

from functools import cache
from math import inf, isnan
from typing import TYPE_CHECKING, Any

from layerwise.contracts.spec import Column, Table

# pandera takes half a second to import: only a job that reads or writes a table pays for it.
if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

_DTYPES = {"text": "str", "integer": "int64", "number": "float64", "float32": "float32"}


def checked(table: Table, frame: "pd.DataFrame", where: str, remedy: str) -> "pd.DataFrame":
    """Check a frame; return it with the types of the contract and its rows numbered from 0.

    Raises the table's error with ``where``, column, row and key, what is wrong, and ``remedy``.
    """
    columns = table.all_columns(tuple(frame.columns))
    typed = as_typed(frame, columns)
    if keeps(table, columns, typed):
        return typed
    from pandera.errors import SchemaError, SchemaErrors

    try:
        # In place: a check changes nothing, and a copy would double the memory.
        schema(table, columns).validate(typed, inplace=True)
    except (SchemaError, SchemaErrors) as found:
        error = found.schema_errors[0] if isinstance(found, SchemaErrors) else found
        fault = _shape_fault(table, columns, typed) or _fault(table, columns, typed, error)
        raise table.error(f"{where}: {fault}; {remedy}") from None
    return typed


def keeps(table: Table, columns: tuple[Column, ...], frame: "pd.DataFrame") -> bool:
    """Whether a frame keeps its contract: what its schema says, without the time that pandera takes.

    Never true where the schema finds a fault; where it is false, the schema has the last word.
    """
    known = [column for column in columns if not column.optional or column.name in frame.columns]
    if [column.name for column in known] != list(frame.columns) or not frame.columns.is_unique:
        return False
    if not (len(frame) or table.may_be_empty):
        return False
    if not all(_cells_keep(column, frame[column.name]) for column in known):
        return False
    if table.key and frame.duplicated(list(table.key)).any():
        return False
    return all(bool(rule.holds(frame).all()) for rule in table.rules)


def _cells_keep(column: Column, cells: "pd.Series[Any]") -> bool:
    """Whether the cells of one column keep its contract."""
    import numpy as np
    import pandas as pd

    if cells.dtype != _DTYPES[column.kind]:
        return False
    if column.kind == "text":
        # Few texts stand in many rows.
        texts = pd.unique(cells)
        if not all(isinstance(text, str) for text in texts):
            return False
        if column.choices:
            return set(texts) <= set(column.choices)
        if column.layers:
            return all(column.names_layer(text) for text in texts)
        return column.empty or "" not in texts
    values = cells.to_numpy()
    empty = np.isnan(values)
    if empty.any() and not column.empty:
        return False
    values = values[~empty]
    finite = column.infinite or bool(np.isfinite(values).all())
    return finite and bool(((values >= column.low) & (values <= column.high)).all())


@cache
def schema(table: Table, columns: tuple[Column, ...]) -> "pa.DataFrameSchema":
    """Return the pandera schema of a table that has these columns."""
    import pandera.pandas as pa

    rows = [] if table.may_be_empty else [pa.Check(lambda frame: len(frame) > 0)]
    # A rule's name is its place among the rules, which is how `_fault` finds it again.
    rules = [
        pa.Check(rule.holds, name=str(place), n_failure_cases=1) for place, rule in enumerate(table.rules)
    ]
    return pa.DataFrameSchema(
        {column.name: _schema_column(column) for column in columns},
        checks=[*rows, *rules],
        unique=list(table.key),
        unique_column_names=True,
        strict=True,
        ordered=True,
    )


def _schema_column(column: Column) -> "pa.Column":
    import pandera.pandas as pa

    checks = []
    if column.choices:
        checks.append(pa.Check.isin(column.choices))
    elif column.layers:
        checks.append(
            pa.Check(lambda cells: cells.isin([name for name in cells.unique() if column.names_layer(name)]))
        )
    elif column.kind == "text":
        checks += [] if column.empty else [pa.Check(lambda cells: cells != "")]
    else:
        checks += [pa.Check.ge(column.low)] if column.low > -inf else []
        checks += [pa.Check.le(column.high)] if column.high < inf else []
        checks += [] if column.infinite else [pa.Check(lambda cells: cells.abs() < inf)]
    return pa.Column(
        _DTYPES[column.kind],
        checks,
        nullable=column.empty and column.kind != "text",
        required=not column.optional,
    )


def as_typed(frame: "pd.DataFrame", columns: tuple[Column, ...]) -> "pd.DataFrame":
    """The frame with its rows numbered and the types of the contract, where that changes no value."""
    typed = frame.reset_index(drop=True)
    if typed.columns.is_unique:
        for column in columns:
            if column.name in typed and _fits(typed[column.name], column):
                typed[column.name] = typed[column.name].astype(_DTYPES[column.kind])  # type: ignore[call-overload]
    return typed


def _fits(cells: "pd.Series[Any]", column: Column) -> bool:
    """Whether cells are of another type than the contract's and can be of that type."""
    import pandas as pd

    if cells.dtype == _DTYPES[column.kind]:
        return False
    if cells.empty:  # nothing says what an empty column holds
        return True
    if column.kind == "text":
        return cells.dtype.kind == "O" and pd.api.types.infer_dtype(cells, skipna=True) == "string"
    exact = {"integer": "iu", "number": "iuf", "float32": ""}[column.kind]
    return cells.dtype.kind in exact and not pd.api.types.is_extension_array_dtype(cells.dtype)


def _shape_fault(table: Table, columns: tuple[Column, ...], frame: "pd.DataFrame") -> str:
    """What is wrong with the columns or the number of rows, or nothing."""
    found = [str(name) for name in frame.columns]
    known = [column.name for column in columns]
    missing = [name for name in table.required if name not in found]
    if missing:
        return f"column {missing[0]} is missing (no column {', '.join(missing)} among {', '.join(found)})"
    if unknown := [name for name in found if name not in known]:
        return f"column {unknown[0]} does not belong there; the columns are {', '.join(known)}"
    if twice := [name for name in found if found.count(name) > 1]:
        return f"column {twice[0]} is there twice"
    expected = [name for name in known if name in found]
    for name, wanted in zip(found, expected, strict=True):
        if name != wanted:
            return f"column {name} stands where {wanted} belongs; the columns are {', '.join(expected)}"
    return "" if len(frame) or table.may_be_empty else "no rows"


def _fault(
    table: Table, columns: tuple[Column, ...], frame: "pd.DataFrame", error: "pa.errors.SchemaError"
) -> str:
    """What a schema found in the cells: the first cell or row that breaks the contract."""
    if not hasattr(error.failure_cases, "columns"):  # a type of numbers: pandera names no cell
        return _type_fault(table, next(c for c in columns if c.name == error.schema.name), frame)
    if error.reason_code and error.reason_code.name == "DUPLICATES":
        row = int(frame.duplicated(list(table.key)).to_numpy().argmax())
        return f"two rows for {_key(table, frame, row)}: it must not be listed twice"
    row = int(error.failure_cases["index"].min())
    for column in columns:
        if column.name == error.schema.name:
            return _cell_fault(table, frame, column.name, row, column.expected, bool(column.choices))
    rule = table.rules[int(error.check.name)]
    return _cell_fault(table, frame, rule.column, row, rule.expected)


def _type_fault(table: Table, column: Column, frame: "pd.DataFrame") -> str:
    import pandas as pd

    cells = frame[column.name]
    numbers = pd.to_numeric(cells, errors="coerce")
    bad = numbers.isna() | ((numbers % 1 != 0) if column.kind == "integer" else False)
    if bad.any():
        return _cell_fault(table, frame, column.name, int(bad.to_numpy().argmax()), column.expected)
    return f"column {column.name} holds {cells.dtype}; expected {column.expected}"


def _cell_fault(
    table: Table, frame: "pd.DataFrame", name: str, row: int, expected: str, choice: bool = False
) -> str:
    cell = frame[name].iloc[row]
    cell = cell.item() if hasattr(cell, "item") else cell
    shown = "an empty cell" if cell == "" or (isinstance(cell, float) and isnan(cell)) else repr(cell)
    if choice and shown != "an empty cell":
        shown = f"the unknown {name} {shown}"
    return f"column {name} has {shown} in row {row + 1} ({_key(table, frame, row)}); expected {expected}"


def _key(table: Table, frame: "pd.DataFrame", row: int) -> str:
    return ", ".join(f"{name}={frame[name].iloc[row]}" for name in table.key)
