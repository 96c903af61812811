"""How the canonical correlation analyses are scored (the section `cca` of a config)."""

from itertools import product
from typing import Literal

from pydantic import Field, field_validator

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
    partitions: int = Field(
        default=1,
        ge=1,
        description="Random divisions into parts per sample set, under protocol `corrected`; every "
        "sample set has its own anyway.",
        examples=[3],
    )
    trials: int = Field(
        default=3,
        ge=1,
        description="Trials per sample set, with disjoint (dev, test) parts, under protocol `paper` and of "
        "mutual information; else `corrected` tests every part.",
        examples=[3],
    )
    split_by: SplitBy = Field(
        default="utterance",
        description="What a part keeps whole under protocol `corrected`.",
        examples=["speaker"],
    )
    epsilons: tuple[float, ...] | None = Field(
        default=None,
        description="Regularisers; pairs (features, target) of them are tried, the best on dev is used. "
        "Under `corrected` they are ridges on standardised dimensions, None: 1e-8 to "
        "100. Under `paper`, None: the candidates of the published code.",
        examples=[[1e-6, 1e-4, 1e-2]],
    )
    permutations: int = Field(
        default=200,
        ge=0,
        description="Permutations of the targets for the null distribution, or as many as `null_cost` "
        "allows, but no fewer than 19. 0: none.",
        examples=[1000],
    )
    null_cost: float = Field(
        default=1.0,
        gt=0,
        description="What all permutations may cost, as a multiple of what the scores cost.",
        examples=[100],
    )
    control: bool = Field(
        default=True,
        description="Also score labels that a random map of types draws (selectivity, docs/analyses.md).",
        examples=[False],
    )
    similarities: bool = Field(
        default=False,
        description="Also write mean CCA, SVCCA and debiased linear CKA of the same test rows, as columns.",
        examples=[True],
    )
    device: str = Field(
        default="cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="Where second moments are summed and permutations scored, in float64: `cpu`, `cuda` or "
        "`cuda:N`.",
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

    @field_validator("epsilons")
    @classmethod
    def _positive(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (not value or min(value) < 0):
            raise ValueError("needs at least one number, none negative")
        return value
