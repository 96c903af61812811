"""Configs with one wrong value, or a damaged text."""

import copy
import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from benchmarks.spoiling import TEXT, VALUES, spoiled
from layerwise.config.load import parse_config, read_config
from layerwise.config.schema import RunConfig

DEFAULT = Path(__file__).parents[1] / "config.yaml"
# Sections that the default run does without.
MORE: dict[str, Any] = {
    "corpora": {"other": {"path": "data/other", "reader": "folder"}},
    "vectors": {"cca-glove": {"file": "glove.txt"}},
    "pretrain": {"data": ["data/speech"]},
}

Place = tuple[str | int, ...]


@cache
def base() -> tuple[dict[str, Any], tuple[Place, ...]]:
    """Return a config with all sections, and the places of all its keys."""
    content = {**yaml.safe_load(DEFAULT.read_text(encoding="utf-8")), **MORE}
    content["alignment"]["compare"] = {"path": "data/others"}
    return content, tuple(dict.fromkeys([*_declared(RunConfig), *_given(content)]))


def _declared(section: type[BaseModel], place: Place = ()) -> Iterator[Place]:
    for name, field in section.model_fields.items():
        yield (*place, name)
        united = isinstance(field.annotation, UnionType)
        for kind in get_args(field.annotation) if united else (field.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _declared(kind, (*place, name))


def _given(content: Any, place: Place = ()) -> Iterator[Place]:
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for name, value in items:
        yield (*place, name)
        yield from _given(value, (*place, name))


def draw_config(rng: random.Random, folder: Path) -> tuple[Sequence[str], Callable[[], str]]:
    """Return a config with a value that its key does not want, or perhaps does."""
    content, places = base()
    place, value = rng.choice(places), rng.choice(VALUES)
    changed = copy.deepcopy(content)
    inner: Any = changed
    for step in place[:-1]:
        if isinstance(inner, dict) and not isinstance(inner.get(step), dict | list):
            inner[step] = {}  # a section that the config does without
        inner = inner[step]
    inner[place[-1]] = copy.deepcopy(value)

    def run() -> str:
        parse_config(changed)
        if isinstance(value, float) and not math.isfinite(value):
            raise AssertionError(f"{place}: {value} is accepted")
        return "fine"

    keys = [str(step) for step in place if isinstance(step, str)]
    return [f"`{'.'.join(map(str, place))}", keys[-1]], run


def draw_config_file(rng: random.Random, folder: Path) -> tuple[Sequence[str], Callable[[], str]]:
    """Return a damaged file."""
    path = folder / "mine.yaml"
    path.write_bytes(spoiled(rng, DEFAULT.read_bytes(), TEXT))

    def run() -> str:
        read_config(path)
        return "fine"

    return [path.name], run
