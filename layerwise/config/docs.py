"""docs/config.md and docs/config.schema.json, generated from the schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from layerwise.config.load import section_of
from layerwise.config.schema import RunConfig
from layerwise.files import write_text
from layerwise.specs.registry import KINDS, registry

HEAD = """# Configuration

Generated from `layerwise/config/` by `python -m layerwise.config`; edit there, not here.

A run is one YAML file. Unknown keys are refused. Keys left out take the default shown.
"""


def config_page() -> str:
    """The reference page, in Markdown: a table of keys for each section."""
    parts = [HEAD, _table(RunConfig, "Top level"), *_sections(RunConfig)]
    known = registry()
    names = [
        f"- {kind}: {', '.join(f'`{name}`' for name in known.names(kind))}" for kind in (*KINDS, "downloads")
    ]
    parts.append("## Known names\n\n" + "\n".join(names) + "\n")
    return "\n".join(parts)


def config_schema() -> str:
    """The JSON schema, for editors that complete and check YAML."""
    return json.dumps(RunConfig.model_json_schema(), indent=2, sort_keys=True) + "\n"


def write_docs(folder: Path) -> None:
    """Write both files into ``folder``."""
    write_text(config_page(), folder / "config.md")
    write_text(config_schema(), folder / "config.schema.json")


def _sections(parent: type[BaseModel], above: str = "") -> Iterator[str]:
    """Tables of the sections inside a section, at any depth."""
    for name, field in parent.model_fields.items():
        section = section_of(field.annotation)
        if section is not None:
            yield _table(section, f"`{above}{name}:`")
            yield from _sections(section, f"{above}{name}.")


def _table(section: type[BaseModel], title: str) -> str:
    rows = [
        f"## {title}\n",
        f"{section.__doc__}\n",
        "| key | default | meaning | example |",
        "|---|---|---|---|",
    ]
    for name, field in section.model_fields.items():
        nested = section_of(field.annotation) is not None
        default = "" if nested else f"`{_default(field)}`"
        example = f"`{name}: {json.dumps(field.examples[0])}`" if field.examples else ""
        rows.append(f"| `{name}` | {default} | {field.description} | {example} |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    return "required" if value is PydanticUndefined else json.dumps(value)
