"""Options of the measure `abx` (the section `abx`)."""

from typing import Literal

from pydantic import Field, field_validator

from layerwise.options.section import Section

AbxVariant = Literal[
    "triphone-within",
    "triphone-across",
    "phone-within",
    "phone-across",
    "phone-any-within",
    "phone-any-across",
    "speaker",
    "triphone-within-pooled",
    "triphone-across-pooled",
]


class AbxOptions(Section):
    """ABX discriminability of phones and speakers."""

    variants: tuple[AbxVariant, ...] = Field(
        default=(
            "triphone-within",
            "triphone-across",
            "phone-any-within",
            "phone-any-across",
            "speaker",
            "triphone-within-pooled",
        ),
        min_length=1,
        description="What is told apart, in which context, within or across speakers (docs/abx.md).",
        examples=[["triphone-within", "triphone-across"]],
    )
    most_comparisons: int = Field(
        default=20_000_000,
        ge=0,
        description="A variant that would compare more pairs of tokens than this draws some, as below.",
        examples=[20_000_000],
    )
    tokens: int = Field(
        default=10, ge=2, description="Tokens of a label in a cell, where some are drawn.", examples=[10]
    )
    x_speakers: int = Field(
        default=5,
        ge=1,
        description="Speakers of X for each A, across speakers, where some are drawn.",
        examples=[5],
    )
    slices: Literal["closed", "libri-light"] = Field(
        default="closed",
        description="Frames of an interval: those whose centre lies in it, or, as in the evaluation code of "
        "Libri-light, without the last of them.",
        examples=["closed"],
    )
    bootstrap: int = Field(
        default=1000,
        ge=0,
        description="Bootstrap resamples of speakers and contexts for intervals.",
        examples=[1000],
    )

    @field_validator("variants")
    @classmethod
    def _once(cls, value: tuple[AbxVariant, ...]) -> tuple[AbxVariant, ...]:
        if twice := sorted({name for name in value if value.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: named twice")
        return value
