"""What a model's ``source:`` in a config stands for."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from layerwise.errors import ModelError
from layerwise.specs.registry import Registry, registry
from layerwise.specs.spec import ModelSpec

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
RANDOM = "random"
TRANSFORMERS = "huggingface"


@dataclass(frozen=True)
class ModelSource:
    """A source taken apart.

    Attributes:
        source: as it was given.
        random: it is the random-initialised twin of the rest.
        family: name of the model family, or None for checkpoints in the transformers format, whose family
            depends on their ``model_type``.
        location: what follows the family, or the hub id or folder.
    """

    source: str
    random: bool
    family: str | None
    location: str


def hub_id(source: str) -> str | None:
    """Hub id that a model source (or the source of a random-initialised twin) names; None for all others."""
    location = source.removeprefix("random:").removeprefix("huggingface:")
    is_local = location in ("logmel", "prosody") or Path(location).is_dir()
    return location if HUB_ID.fullmatch(location) and not is_local else None


def parse_source(source: str, specs: Registry | None = None) -> ModelSource:
    """Take a source apart: hub id, folder, ``family:location``, ``random:SOURCE`` or ``logmel``.

    Raises ModelError for a family that nobody knows, naming the nearest one.
    """
    specs = specs or registry()
    families = specs.all(ModelSpec)
    prefix, colon, location = source.partition(":")
    if Path(source).is_dir():
        return ModelSource(source, False, None, source)
    if colon and prefix == RANDOM:
        inner = parse_source(location, specs)
        return ModelSource(source, True, inner.family, inner.location)
    if colon or source in families:
        if prefix not in families:
            raise ModelError(_unknown_family(source, prefix, families))
        if families[prefix].model_types:
            return ModelSource(source, False, None, location)
        return ModelSource(source, False, prefix, location)
    if "/" not in source and difflib.get_close_matches(source, families, n=1):
        raise ModelError(_unknown_family(source, source, families))
    return ModelSource(source, False, None, source)


def family_of(source: ModelSource, model_type: str | None, specs: Registry | None = None) -> ModelSpec:
    """Return the family of a source; ``model_type`` is that of config.json, for the transformers format."""
    families = (specs or registry()).all(ModelSpec)
    if source.family is not None:
        return families[source.family]
    exact = [spec for spec in families.values() if model_type in spec.model_types]
    return (exact or [spec for spec in families.values() if "*" in spec.model_types])[0]


def _unknown_family(source: str, family: str, families: dict[str, ModelSpec]) -> str:
    known = [RANDOM, *families]
    near = difflib.get_close_matches(family, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"model source {source!r}: unknown family {family!r}{hint} "
        f"Known families: {', '.join(known)}; without a prefix: a hub id or a local folder"
    )
