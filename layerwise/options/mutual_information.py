"""Options of the analyses `mi-phone` and `mi-word` (the section `mutual_information`)."""

from pydantic import Field

from layerwise.options.section import Section


class MutualInformationOptions(Section):
    """k-means clusters of the analyses `mi-phone` and `mi-word`."""

    phone_clusters: int = Field(default=500, ge=2, description="Clusters of phones.", examples=[500])
    word_clusters: int = Field(default=5000, ge=2, description="Clusters of words.", examples=[5000])
    seeds: int = Field(
        default=3, ge=1, description="Clusterings of each trial, averaged in its score.", examples=[3]
    )
    bootstrap: int = Field(
        default=1000, ge=0, description="Bootstrap resamples for confidence intervals.", examples=[1000]
    )
