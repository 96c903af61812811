"""Packages whose exports are imported when they are used (PEP 562).

The code of a job is what its script imports, and importing a module runs the ``__init__`` of its packages:
these must not draw in the whole room, nor PyTorch.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package; ``names`` maps each export to its module."""

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(names[name]), name)

    return get, lambda: sorted(names)
