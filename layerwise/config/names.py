"""Names that a config may use, taken from the registries, so that a new plug-in needs no edit here."""

import difflib
import importlib
from collections.abc import Collection

REGISTRIES = {
    "readers": "layerwise.corpus.readers:READERS",
    "downloads": "layerwise.corpus.catalogue:CATALOGUE",
    "aligners": "layerwise.align.registry:ALIGNERS",
    "analyses": "layerwise.analyses.run:ANALYSES",
    "tasks": "layerwise.tasks.registry:TASKS",
}


def known_names(kind: str) -> tuple[str, ...]:
    """Names registered for ``kind``, one of ``REGISTRIES``."""
    module, attribute = REGISTRIES[kind].split(":")
    return tuple(getattr(importlib.import_module(module), attribute))


def check_name(kind: str, name: str) -> str:
    """Return ``name`` if it is registered.

    Raises:
        ValueError: it is not; the message names the nearest known one.
    """
    known = known_names(kind)
    if name in known:
        return name
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise ValueError(f"unknown name {name!r}; {hint}known {kind}: {', '.join(known)}")


def check_names(kind: str, names: tuple[str, ...], more: Collection[str] = ()) -> tuple[str, ...]:
    """Check that each name is registered or one of ``more``, and that none is given twice."""
    for name in names:
        if name not in more:
            check_name(kind, name)
    if len(set(names)) < len(names):
        raise ValueError(f"a name is given twice in {list(names)}")
    return names
