"""What a contract says of a table: light enough for planning, with neither pandas nor pandera."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Literal

from layerwise.errors import LayerwiseError
from layerwise.layers import WEIGHTED_SUM, is_block, layer_index

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "integer", "number", "float32"]
# Layers: any one; T0, block outputs and their extras; the same or the weighted sum of all.
Layers = Literal["any", "block", "head"]

_LAYERS: dict[Layers, str] = {
    "any": "a layer: C1.., T0.., T0-pos or TL+ln",
    "block": "a layer of the transformer: T0.., T0-pos or TL+ln",
    "head": f"a layer of the transformer, T0.., T0-pos or TL+ln, or {WEIGHTED_SUM!r} for the weighted sum",
}
_KINDS: dict[Kind, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "float32": "a finite number of 32 bits",
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: its name.
        kind: its type. A ``number`` is stored in 64 bits and may be given as integers or in 32 bits.
        low: least value of a number.
        high: largest value of a number.
        empty: cells may be empty; empty text is text, an empty number is NaN.
        infinite: numbers may be infinite.
        choices: the only texts that it may hold.
        layers: it names layers, of this sort.
        optional: the table may lack it.
        about: what it holds, with its unit.
    """

    name: str
    kind: Kind = "text"
    low: float = -inf
    high: float = inf
    empty: bool = False
    infinite: bool = False
    choices: tuple[str, ...] = ()
    layers: Layers | None = None
    optional: bool = False
    about: str = field(kw_only=True)

    @property
    def expected(self) -> str:
        """What a cell must hold, in words."""
        if self.choices:
            return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        if self.layers:
            return _LAYERS[self.layers]
        words = _KINDS[self.kind]
        if self.kind == "text":
            return words if self.empty else "text that is not empty"
        if self.infinite:
            words = words.removesuffix("finite number") + "number"
        if self.low > -inf and self.high < inf:
            words += f" from {self.low:g} to {self.high:g}"
        elif self.low > -inf:
            words += f" of at least {self.low:g}"
        return f"{words} or an empty cell" if self.empty else words

    def names_layer(self, name: str) -> bool:
        """Whether a text is the name of a layer of the column's sort."""
        try:
            layer_index(name)
        except ValueError:
            return False
        is_sum = name == WEIGHTED_SUM
        if self.layers == "any":
            return not is_sum
        return is_block(name) or (is_sum and self.layers == "head")


@dataclass(frozen=True)
class Rule:
    """What each row keeps, beyond its single cells.

    Attributes:
        column: the column that is to blame.
        expected: what it must hold, in words.
        holds: gives a truth value for each row of a table.
    """

    column: str
    expected: str
    holds: "Callable[[pd.DataFrame], pd.Series[bool]]"


@dataclass(frozen=True)
class Table:
    """A table that one stage writes and another reads.

    Attributes:
        path: where a run keeps it, below ``results/{run}``.
        made_by: the rule of the workflow that writes it.
        error: what is raised where the contract is broken.
        columns: its columns, in order.
        key: columns whose values, taken together, no two rows share.
        rules: what holds between columns.
        may_be_empty: it may have no rows.
        more: a column like those that may follow under names of their own.
        about: what one row is.
    """

    path: str
    made_by: str
    error: type[LayerwiseError]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    may_be_empty: bool = False
    more: Column | None = None
    about: str = field(kw_only=True)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that it always has, in order."""
        return tuple(column.name for column in self.columns if not column.optional)

    @property
    def optional(self) -> tuple[str, ...]:
        """Names of the columns that it may lack."""
        return tuple(column.name for column in self.columns if column.optional)

    def all_columns(self, found: tuple[str, ...]) -> tuple[Column, ...]:
        """Columns of the contract, and those of ``found`` that follow under names of their own."""
        if not self.more:
            return self.columns
        own = {column.name for column in self.columns}
        return (*self.columns, *(replace(self.more, name=name) for name in found if name not in own))


def layer(name: str, layers: Layers, *, about: str) -> Column:
    """A column of names of layers."""
    return Column(name, about=about, layers=layers)


def choice(name: str, *choices: str, about: str) -> Column:
    """A column of a few given texts."""
    return Column(name, about=about, choices=choices)


def count(name: str, low: int = 0, *, about: str) -> Column:
    """A column of whole numbers that are not below ``low``."""
    return Column(name, "integer", low, about=about)


def number(name: str, low: float = -inf, high: float = inf, *, empty: bool = False, about: str) -> Column:
    """A column of finite numbers."""
    return Column(name, "number", low, high, empty, about=about)
