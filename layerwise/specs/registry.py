"""All specs by kind and name: ours, those of installed packages, and those of plug-in files."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar, cast

from layerwise.errors import ConfigError
from layerwise.specs.aligners import ALIGNERS
from layerwise.specs.analyses import ANALYSES
from layerwise.specs.archives import CATALOGUE
from layerwise.specs.code import load_object
from layerwise.specs.givens import GIVENS
from layerwise.specs.heads import HEADS
from layerwise.specs.measures import MEASURES
from layerwise.specs.models import MODELS
from layerwise.specs.readers import READERS
from layerwise.specs.spec import (
    AlignerSpec,
    AnalysisSpec,
    GivenSpec,
    HeadSpec,
    Located,
    MeasureSpec,
    ModelSpec,
    ReaderSpec,
    Spec,
    TaskSpec,
)
from layerwise.specs.tasks import TASKS

KINDS: dict[str, type[Spec]] = {
    "models": ModelSpec,
    "analyses": AnalysisSpec,
    "givens": GivenSpec,
    "measures": MeasureSpec,
    "tasks": TaskSpec,
    "heads": HeadSpec,
    "aligners": AlignerSpec,
    "readers": ReaderSpec,
}
BUILT_IN: tuple[Spec, ...] = (
    *(*MODELS, *ANALYSES, *GIVENS, *MEASURES, *TASKS),
    *(*HEADS, *ALIGNERS, *READERS),
)
PLUGIN_SPECS = "SPECS"  # what a plug-in file must define

S = TypeVar("S", bound=Spec)


class Registry:
    """The specs that a run may use."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        """Sort specs by kind. Raises ConfigError for two of one name and kind."""
        self._specs: dict[str, dict[str, Spec]] = {kind: {} for kind in KINDS}
        for spec in specs:
            kind = next((kind for kind, cls in KINDS.items() if isinstance(spec, cls)), None)
            if kind is None:
                raise ConfigError(f"{spec!r} is no spec: use one of {', '.join(_class_names())}")
            if spec.name in self._specs[kind]:
                raise ConfigError(
                    f"{spec.origin or 'layerwise'}: {kind} {spec.name!r} exists already; rename it"
                )
            self._specs[kind][spec.name] = spec

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of a kind, one of ``KINDS`` or ``downloads``."""
        return tuple(CATALOGUE) if kind == "downloads" else tuple(self._specs[kind])

    def check(self, kind: str, name: str) -> str:
        """Return ``name`` if it is known; else raise ValueError, naming the nearest known one."""
        known = self.names(kind)
        if name in known:
            return name
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise ValueError(f"unknown name {name!r}; {hint}known {kind}: {', '.join(known)}")

    def all(self, spec_class: type[S]) -> dict[str, S]:
        """Specs of a class by name."""
        kind = next(kind for kind, cls in KINDS.items() if cls is spec_class)
        return cast(dict[str, S], self._specs[kind])

    def find(self, spec_class: type[S], name: str) -> S:
        """Return a spec by name. Raises ConfigError, naming the nearest known one."""
        kind = next(kind for kind, cls in KINDS.items() if cls is spec_class)
        try:
            return self.all(spec_class)[self.check(kind, name)]
        except ValueError as error:
            raise ConfigError(str(error)) from None


@cache
def registry(plugins: Sequence[str] = ()) -> Registry:
    """Return all specs: ours, those of entry points, and those of the plug-in files (a tuple of paths).

    Raises ConfigError for a plug-in that cannot be used, naming it.
    """
    return Registry([*BUILT_IN, *_installed(), *(spec for path in plugins for spec in _of_file(path))])


def _installed() -> Iterator[Spec]:
    """Specs that installed packages offer: entry points of the groups ``layerwise.models`` and so on."""
    for kind, spec_class in KINDS.items():
        for point in entry_points(group=f"layerwise.{kind}"):
            origin = f"entry point {point.name} ({point.value})"
            try:
                spec = point.load()
            except Exception as error:  # whatever a package does at import
                raise ConfigError(f"{origin} of group layerwise.{kind}: cannot be loaded: {error}") from error
            if not isinstance(spec, spec_class):
                raise ConfigError(f"{origin} of group layerwise.{kind}: is no {spec_class.__name__}")
            yield replace(spec, origin=origin)


def _of_file(path: str) -> Iterator[Spec]:
    """Specs of a plug-in file; code given without a module is in the file itself."""
    if not path.endswith(".py") or not Path(path).is_file():
        raise ConfigError(f"`plugins`: {path} is no Python file; correct the path")
    try:
        specs = load_object(f"{path}:{PLUGIN_SPECS}")
    except ConfigError:
        raise
    except Exception as error:  # whatever a user's file does at import
        raise ConfigError(f"plug-in {path}: cannot be loaded: {type(error).__name__}: {error}") from error
    for spec in specs if isinstance(specs, list | tuple) else [specs]:
        if not isinstance(spec, Spec):
            raise ConfigError(f"plug-in {path}: {spec!r} in {PLUGIN_SPECS} is no spec")
        found = {"code": _within(path, spec.code), "origin": path}
        if isinstance(spec, Located) and isinstance(spec.files, str):
            found["files"] = _within(path, spec.files)
        if isinstance(spec, ReaderSpec) and spec.published:
            found["published"] = _within(path, spec.published)
        yield replace(spec, **found)


def _within(path: str, code: str) -> str:
    return code if ":" in code else f"{path}:{code}"


def _class_names() -> list[str]:
    return [cls.__name__ for cls in KINDS.values()]
