"""What the report calls an effect (the section `report` of a config)."""

from pydantic import Field

from layerwise.options.section import Section


class ReportOptions(Section):
    """The words of the report."""

    smallest_effect: float = Field(
        default=0.02,
        ge=0,
        description="Smallest difference of scores worth naming: one whose interval lies within it on both "
        "sides is called negligible, whether or not it leaves out 0.",
        examples=[0.05],
    )
