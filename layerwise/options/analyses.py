"""Entries of the list `analyses` of a config: an analysis, and what is changed of it."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import NAME_PATTERN, Section

Split = Literal["utterance", "type"]


class AnalysisEntry(Section):
    """One analysis: its name alone, or a mapping with more keys."""

    analysis: str = Field(description="A known analysis (below), or one of `vectors`.", examples=["cca-word"])
    given: tuple[str, ...] = Field(
        default=(),
        description="Partial CCA: what is regressed out of both views first, with training coefficients "
        "(docs/analyses.md).",
        examples=[["phones", "duration"]],
    )
    split: Split | None = Field(
        default=None,
        description="What a part keeps whole: `utterance` (or what `cca.split_by` says), or `type`: all "
        "tokens of a type, so that test types are unseen. None: `utterance`, or what `vectors` says.",
        examples=["type"],
    )
    name: str | None = Field(
        default=None,
        pattern=NAME_PATTERN,
        description="Its name in paths and tables. None: made of the above, e.g. "
        "`cca-word-given-phones-duration`.",
        examples=["word-beyond-phones"],
    )

    @property
    def label(self) -> str:
        """Its name in paths and tables."""
        split = f"-by-{self.split}" if self.split else ""
        given = f"-given-{'-'.join(self.given)}" if self.given else ""
        return self.name or f"{self.analysis}{split}{given}"
