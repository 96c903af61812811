"""Loading a config: every error names the file and key, says what is wrong and shows a correct line."""

import difflib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from layerwise.config.schema import RunConfig
from layerwise.errors import ConfigError
from layerwise.specs.registry import registry

LARGEST_NUMBER = 1_000_000_000


def read_config(path: Path | str) -> RunConfig:
    """Read a YAML config file.

    Raises:
        ConfigError: the file is missing, is not YAML, or a key or value is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such config file; copy config.yaml and edit it")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error}; save it as UTF-8") from error
    return parse_config(content or {}, origin=str(path))


def parse_config(content: Mapping[str, Any], origin: str = "config") -> RunConfig:
    """Validate a config given as a mapping; ``origin`` names it in errors.

    Raises:
        ConfigError: one line for each wrong key or value.
    """
    if not isinstance(content, Mapping):
        raise ConfigError(f"{origin}: expected `key: value` lines, found {type(content).__name__}")
    if unfit := list(_unfit(content, origin)):
        raise ConfigError("\n".join(unfit))
    specs = registry(_plugins(content, origin))
    try:
        return RunConfig.model_validate(dict(content), context={"registry": specs})
    except ValidationError as error:
        lines = [_explain(problem, origin) for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def _unfit(value: Any, origin: str, key: str = "") -> Iterator[str]:
    """What no key can mean: texts that no file can be named, and numbers that no memory holds so many of."""
    if isinstance(value, str) and "\0" in value:
        yield f"{origin}: `{key}`: holds the character NUL; delete it"
    elif isinstance(value, int) and abs(value) > LARGEST_NUMBER and key != "seed":
        yield f"{origin}: `{key}`: {value} is too large; write a number up to {LARGEST_NUMBER:,}"
    elif isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, inner in items:
            yield from _unfit(inner, origin, f"{key}.{name}".lstrip("."))


def _plugins(content: Mapping[str, Any], origin: str) -> tuple[str, ...]:
    """Return the plug-in files of a config, which must be loaded before its names can be checked."""
    files = content.get("plugins") or ()
    if not isinstance(files, list | tuple) or not all(isinstance(file, str) for file in files):
        raise ConfigError(
            f"{origin}: `plugins`: a list of Python files is needed; a correct line: "
            "`plugins: [my_models.py]`"
        )
    return tuple(files)


def _explain(problem: Any, origin: str) -> str:
    location = tuple(part for part in problem["loc"] if part != "ModelEntry")
    key = ".".join(str(part) for part in location)
    section, field = _field_at(location)
    if problem["type"] == "extra_forbidden":
        return f"{origin}: unknown key `{key}`{_nearest_key(str(location[-1]), section)}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not key:
        return f"{origin}: {message}"
    found = "" if problem["type"] == "missing" else f" (found {problem['input']!r})"
    return f"{origin}: `{key}`: {message}{found}{_example(location, field)}"


def _nearest_key(key: str, section: type[BaseModel] | None) -> str:
    if section is None:
        return ""
    known = list(section.model_fields)
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if not nearest:
        return f"; known keys here: {', '.join(known)}"
    return f"; did you mean `{nearest[0]}`?{_example((nearest[0],), section.model_fields[nearest[0]])}"


def _example(location: tuple[Any, ...], field: FieldInfo | None) -> str:
    if field is None or not field.examples:
        return ""
    names = [part for part in location if isinstance(part, str)]
    return f"; a correct line: `{names[-1]}: {json.dumps(field.examples[0])}`"


def _field_at(location: tuple[Any, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """Walk the schema along an error's location: the section that holds the key, and the field if known."""
    section: type[BaseModel] | None = RunConfig
    field: FieldInfo | None = None
    holder: type[BaseModel] | None = RunConfig
    named = False  # the part is the name of an entry, as in `corpora`
    for part in location:
        if isinstance(part, int) or named:
            named = False
            continue
        if section is None:
            break
        holder = section
        field = section.model_fields.get(part)
        section = section_of(field.annotation) if field else None
        named = field is not None and typing.get_origin(field.annotation) is dict
    return holder, field


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The pydantic section inside an annotation such as ``Section | None`` or ``tuple[Section, ...]``."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for argument in typing.get_args(annotation):
        if (found := section_of(argument)) is not None:
            return found
    return None
