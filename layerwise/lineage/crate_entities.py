"""Entities of an RO-Crate: files of a run, each once, in the crate or by their content."""

import base64
import mimetypes
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.data_entity import DataEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from layerwise.errors import LineageError
from layerwise.lineage.content import digest

# Terms of that profile which RO-Crate 1.1 has not.
TERMS = {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "resourceUsage")}


class Entities:
    """A crate and what is in it; ``cautions`` says what it could not hold as wished."""

    def __init__(self, base: Path, made: Mapping[str, Collection[str]]) -> None:
        """``base`` is the folder that paths count from; ``made`` has the digests of what rules made."""
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(TERMS)
        self.cautions: list[str] = []
        self._base, self._made = base, made
        self._entities: dict[str, Entity] = {}

    def file(self, path: str, read: str, inside: bool) -> Entity:
        """Return a file or folder: in the crate if that is wished and it is what it was, else by its digest.

        Raises LineageError for a result that is not as a rule wrote it.
        """
        key = f"{path} {read}"
        if key in self._entities:
            return self._entities[key]
        place = self._base / path
        found = digest(place) if place.exists() else None
        if found and path in self._made and found not in self._made[path]:
            raise LineageError(f"{path}: changed since a rule wrote it; `layerwise status` says what to do")
        same = found == read
        if found and not same:
            self.cautions.append(f"{path}: changed since it was read; the crate has the digest of then")
        foreign = Path(path).is_absolute() or ".." in Path(path).parts
        if inside and (foreign or not same):
            self.cautions.append(f"{path}: by its digest only: it is elsewhere, missing or changed")
            inside = False
        name = Path(path).name if foreign else path
        kind = "Dataset" if place.is_dir() else "File"
        if inside and kind == "File":
            entity = self.crate.add_file(place, path)
        elif inside:
            entity = self.crate.add_dataset(place, path)
        else:
            entity = self.data(name_by_content(read, name), kind)
        entity["name"] = name
        if kind == "File":
            entity["sha256"] = read
            entity["encodingFormat"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
            if same:
                entity["contentSize"] = str(place.stat().st_size)
        self._entities[key] = entity
        return entity

    def copied(self, path: str, kinds: list[str], name: str, folder: Path) -> Entity:
        """Return a small text of the repository, in the crate in any case. Raises LineageError without it."""
        if path not in self._entities:
            if not (folder / path).is_file():
                raise LineageError(f"{folder / path}: missing; run this in the repository that made the run")
            entity = self.crate.add_file(folder / path, path, properties={"@type": kinds, "name": name})
            entity["encodingFormat"] = "text/plain"
            entity["contentSize"] = str((folder / path).stat().st_size)
            self._entities[path] = entity
        return self._entities[path]

    def data(self, identifier: str, kind: str, /, **properties: Any) -> Entity:
        """Return an entity of data that is not in the crate."""
        return self._add(DataEntity, identifier, {"@type": kind, **properties})

    def context(self, identifier: str, kind: str, /, **properties: Any) -> Entity:
        """Return an entity that describes others, with more properties if it is there already."""
        entity = self._add(ContextEntity, identifier, {"@type": kind})
        for name, value in properties.items():
            entity[name] = value[0] if isinstance(value, list) and len(value) == 1 else value
        return entity

    def _add(self, kind: type[Entity], identifier: str, properties: dict[str, Any]) -> Entity:
        if identifier not in self._entities:
            self._entities[identifier] = self.crate.add(kind(self.crate, identifier, properties=properties))
        return self._entities[identifier]

    def licence(self, text: str) -> Entity:
        """Return a licence: a URL, or what is known of it."""
        if text.startswith(("https://", "http://")):
            return self.context(text, "CreativeWork", name=text)
        return self.context(f"#licence/{quote(text, safe='')}", "CreativeWork", name=text, description=text)


def name_by_content(sha256: str, path: str) -> str:
    """Name a file by its content (RFC 6920), and by its path: files with the same content are not one."""
    value = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{value}?path={quote(path)}"
