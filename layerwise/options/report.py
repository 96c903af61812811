"""What the report calls an effect, and what it compares with (the section `report` of a config)."""

from pydantic import Field

from layerwise.options.section import Section, TrackedPath


class PublishedOptions(Section):
    """Published values of layers that the report shows beside those of this run."""

    files: tuple[TrackedPath, ...] = Field(
        default=(),
        description="Tables of published values (docs/measures.md says what they hold).",
        examples=[["resources/published/fastabx.csv"]],
    )
    corpora: tuple[str, ...] = Field(
        default=(),
        description="Names of the analysed corpus in these tables.",
        examples=[["LibriSpeech dev-clean"]],
    )


class ReportOptions(Section):
    """The words of the report, and published values to compare with."""

    smallest_effect: float = Field(
        default=0.02,
        ge=0,
        description="Smallest difference of scores worth naming: one whose interval lies within it on both "
        "sides is called negligible, whether or not it leaves out 0.",
        examples=[0.05],
    )
    audio: bool = Field(
        default=True,
        description="Put the audio of the ten worst alignments into report.html (at most 15 s of each). Say "
        "false where the licence of the corpus forbids to pass it on.",
    )
    published: PublishedOptions = Field(default=PublishedOptions(), description="Published values.")
