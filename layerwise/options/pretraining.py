"""Pre-training of the small embedded models (the section `pretrain`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section, TrackedPath


class PretrainOptions(Section):
    """Pre-training of the small embedded models (configs/pretrain.yaml)."""

    data: tuple[TrackedPath, ...] = Field(
        min_length=1,
        description="Folders of speech, searched for audio files.",
        examples=[["LibriSpeech/train-clean-100"]],
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="A line for the model card on each data set: name, licence, hours.",
        examples=[["LibriSpeech train-clean-100, CC BY 4.0"]],
    )
    objectives: tuple[Literal["hubert", "wav2vec2"], ...] = Field(
        default=("hubert", "wav2vec2"), min_length=1, description="Models to train.", examples=[["hubert"]]
    )
    clusters: int = Field(
        default=100, ge=2, description="k-means clusters of the MFCC, targets of `hubert`.", examples=[100]
    )
    stem_steps: int = Field(default=1000, ge=1, description="Steps of the shared stem.", examples=[1000])
    steps: int = Field(default=20000, ge=1, description="Steps of each model.", examples=[20000])
    threads: int = Field(default=1, ge=1, description="CPU threads of one training job.", examples=[1])
