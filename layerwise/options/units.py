"""Options of the measure `units` (the section `units`)."""

from typing import Literal

from pydantic import Field, field_validator

from layerwise.options.section import Section

UnitCount = Literal[256, 500]


class UnitsOptions(Section):
    """Clusters of frames in `units`, and where they meet phones."""

    clusters: tuple[UnitCount, ...] = Field(
        default=(256, 500), min_length=1, description="Sizes of the codebook.", examples=[[256]]
    )
    labels: Literal["10ms", "centre"] = Field(
        default="10ms",
        description="Where a unit meets a phone: every 10 ms (as discophon and HuBERT), or at the centre of "
        "each frame.",
        examples=["centre"],
    )
    frames: int = Field(
        default=50_000,
        ge=1,
        description="Frames that clusters are fitted on, at most; drawn at random.",
        examples=[50_000],
    )

    @field_validator("clusters")
    @classmethod
    def _no_size_twice(cls, value: tuple[UnitCount, ...]) -> tuple[UnitCount, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a size is named twice")
        return value
