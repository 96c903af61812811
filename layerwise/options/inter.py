"""Models against each other (the section `inter`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section


class InterOptions(Section):
    """Models against each other (`cca-inter`), every layer with every layer."""

    pairs: tuple[tuple[str, str], ...] = Field(
        default=(),
        description="Pairs of models by name.",
        examples=[[["hubert-base", "wav2vec2-base"]]],
    )
    layers: Literal["blocks", "all"] = Field(
        default="blocks", description="`blocks`: T0, T1, ...; `all`: conv layers too.", examples=["blocks"]
    )
    utterances: int = Field(
        default=100, ge=1, description="Utterances of sample set 0 that are compared.", examples=[100]
    )
    trials: int = Field(default=1, ge=1, description="Trials, as under `cca`.", examples=[1])
