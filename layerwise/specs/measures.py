"""Yardsticks of a layer beside the analyses."""

from layerwise.specs.spec import MeasureSpec

MEASURES: tuple[MeasureSpec, ...] = ()
