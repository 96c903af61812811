"""Options of the measure `probes` (the section `probes`)."""

from typing import Literal

from pydantic import Field, field_validator

from layerwise.options.section import Section

ProbeTarget = Literal["phone", "word"]


class ProbesOptions(Section):
    """What linear probes look for in `probes`."""

    targets: tuple[ProbeTarget, ...] = Field(
        default=("phone", "word"),
        min_length=1,
        description="Which labels of the sampled segments.",
        examples=[["phone"]],
    )
    parts: int = Field(
        default=10,
        ge=3,
        description="Parts of whole utterances; each is tested once.",
        examples=[10],
    )

    @field_validator("targets")
    @classmethod
    def _no_target_twice(cls, value: tuple[ProbeTarget, ...]) -> tuple[ProbeTarget, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a target is named twice")
        return value
