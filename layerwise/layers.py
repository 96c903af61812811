"""Names of layers: what they mean and where they lie (docs/layers.md)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

WEIGHTED_SUM = "all"
_PATTERN = re.compile(r"([CT])(0|[1-9]\d*)(\+ln|-pos)?")


@dataclass(frozen=True)
class LayerName:
    """A layer's name, taken apart: ``C1``..``Cn``, ``T0``..``TL``, and the extras ``T0-pos`` and ``TL+ln``.

    Attributes:
        kind: ``C`` for conv layers, ``T`` for the input of the first transformer block and block outputs.
        number: the number after the letter.
        normed: it is the last output after the final layer norm (``TL+ln``).
        unplaced: it is the input of the first block without the positions added to it (``T0-pos``).
    """

    kind: Literal["C", "T"]
    number: int
    normed: bool = False
    unplaced: bool = False

    @classmethod
    def parse(cls, name: str) -> "LayerName":
        """Take a name apart. Raises ValueError for a name that is not a layer's."""
        return _parse(name)

    @property
    def is_block(self) -> bool:
        """Whether it is on the transformer's axis: T0, a block output, or an extra of one of these."""
        return self.kind == "T"

    @property
    def on_curve(self) -> bool:
        """Whether a curve over blocks goes through it: T0-pos, another form of the input, is no step."""
        return self.is_block and not self.unplaced

    @property
    def is_conv(self) -> bool:
        """Whether it is a conv layer."""
        return self.kind == "C"

    def index(self, layers: Iterable[str] = ()) -> float:
        """Return its place in a plot: conv layers -n..-1, T0-pos = -0.5, T0 = 0, Tl = l, TL+ln = L + 0.5.

        ``layers`` are all layers of the model; only conv layers need them.
        """
        if self.is_block:
            return self.number + 0.5 * (self.normed - self.unplaced)
        convs = [name.number for name in map(_parse, layers) if name.is_conv]
        return float(self.number - 1 - max([self.number, *convs]))

    def __str__(self) -> str:
        return f"{self.kind}{self.number}{'+ln' * self.normed}{'-pos' * self.unplaced}"


@cache
def _parse(name: str) -> LayerName:
    match = _PATTERN.fullmatch(name)
    kind, number, extra = match.groups() if match else ("", "", None)
    wrong = {"+ln": kind == "C", "-pos": (kind, number) != ("T", "0")}
    if (kind, number) in (("", ""), ("C", "0")) or wrong.get(extra or "", False):
        raise ValueError(f"{name!r} is not a layer: layers are C1.., T0.., T0-pos and TL+ln")
    return LayerName("C" if kind == "C" else "T", int(number), extra == "+ln", extra == "-pos")


def layer_index(layer: str, layers: Iterable[str] = ()) -> float:
    """Return a layer's place in a plot (`LayerName.index`); the weighted sum of all layers comes last.

    Raises ValueError for a name that is neither a layer's nor ``all``.
    """
    return float("inf") if layer == WEIGHTED_SUM else _parse(layer).index(layers)


def is_block(layer: str) -> bool:
    """Whether a layer is T0, a block output, T0-pos or TL+ln; conv layers and the weighted sum are not."""
    return layer != WEIGHTED_SUM and _parse(layer).is_block


def is_conv(layer: str) -> bool:
    """Whether a layer is a conv layer."""
    return layer != WEIGHTED_SUM and _parse(layer).is_conv


def is_normed(layer: str) -> bool:
    """Whether a layer is the last output after the final layer norm."""
    return layer != WEIGHTED_SUM and _parse(layer).normed


def on_curve(layer: str) -> bool:
    """Whether a layer is T0, a block output or TL+ln; T0-pos, another form of the input, is not."""
    return layer != WEIGHTED_SUM and _parse(layer).on_curve
