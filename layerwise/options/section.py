"""The base of all sections of a config."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _trackable(value: str) -> str:
    if found := re.search(r"[{}]|<[a-z][a-z0-9_]*>", value):
        raise ValueError(
            f"{value!r} holds {found[0]!r}, which Snakemake reads as a wildcard: rename the file or folder"
        )
    if not value.strip():
        raise ValueError("blank; name a file or folder (`.` is the folder that snakemake runs in)")
    return value


# A file or folder that Snakemake tracks by its name.
TrackedPath = Annotated[str, AfterValidator(_trackable)]


def check_name(kind: str, name: str, info: ValidationInfo) -> str:
    """Return ``name`` if the registry of the config that is being read has it among ``kind``.

    A section that is made without a config, in a notebook, has no registry and is not checked. Raises
    ValueError naming the nearest known name.
    """
    known = (info.context or {}).get("registry")
    if known is not None:
        known.check(kind, name)
    return name
