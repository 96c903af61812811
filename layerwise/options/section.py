"""The base of all sections of a config."""

from pydantic import BaseModel, ConfigDict, ValidationInfo

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Section(BaseModel):
    """Base of all sections: unknown keys are refused, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_name(kind: str, name: str, info: ValidationInfo) -> str:
    """Return ``name`` if the registry of the config that is being read has it among ``kind``.

    A section that is made without a config, in a notebook, has no registry and is not checked. Raises
    ValueError naming the nearest known name.
    """
    known = (info.context or {}).get("registry")
    if known is not None:
        known.check(kind, name)
    return name
