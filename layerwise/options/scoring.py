"""How the canonical correlation analyses are scored (the section `cca` of a config)."""

from itertools import product
from typing import Literal

from pydantic import Field, field_validator, model_validator

from layerwise.options.section import Section

SplitBy = Literal["utterance", "speaker"]


class ScoringOptions(Section):
    """Cross-validation of the canonical correlation analyses."""

    parts: int = Field(
        default=10,
        ge=3,
        description="Number of parts: one for test, one for dev, the rest for training.",
        examples=[10],
    )
    trials: int = Field(
        default=3, ge=1, description="Trials per sample set, with disjoint (dev, test) parts.", examples=[3]
    )
    split_by: SplitBy = Field(
        default="utterance",
        description="What a part keeps whole under protocol `corrected`.",
        examples=["speaker"],
    )
    epsilons: tuple[float, ...] | None = Field(
        default=None,
        description="Regularisers; all pairs (features, target) are tried, the best on dev is used. "
        "None: the candidates of the published code.",
        examples=[[1e-6, 1e-4, 1e-2]],
    )
    bootstrap: int = Field(
        default=1000, ge=0, description="Bootstrap resamples for confidence intervals.", examples=[1000]
    )
    control: bool = Field(
        default=True,
        description="Also score labels that a random map of types draws (selectivity, docs/analyses.md).",
        examples=[False],
    )
    similarities: bool = Field(
        default=False,
        description="Also write mean CCA, SVCCA and linear CKA of the same test rows, as further columns.",
        examples=[True],
    )
    device: str = Field(
        default="cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="Where second moments are summed, in float64: `cpu`, `cuda` or `cuda:N`.",
        examples=["cuda"],
    )
    threads: int = Field(
        default=1,
        ge=1,
        description="CPU threads of one analysis job: layers at a time.",
        examples=[4],
    )

    @property
    def epsilon_pairs(self) -> tuple[tuple[float, float], ...] | None:
        """Pairs (features, target) of regularisers that are tried; None: those of the published code."""
        return None if self.epsilons is None else tuple(product(self.epsilons, self.epsilons))

    @model_validator(mode="after")
    def _enough_parts(self) -> "ScoringOptions":
        if self.parts < 2 * self.trials:
            raise ValueError(
                f"{self.trials} trials need a dev and a test part each: "
                f"`parts` must be at least {2 * self.trials}"
            )
        return self

    @field_validator("epsilons")
    @classmethod
    def _positive(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (not value or min(value) < 0):
            raise ValueError("needs at least one number, none negative")
        return value
