"""Keys of the layer-wise analyses."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from layerwise.config.section import Section


class CcaConfig(Section):
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
    split_by: Literal["utterance", "speaker"] = Field(
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

    @model_validator(mode="after")
    def _enough_parts(self) -> "CcaConfig":
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


class VectorsConfig(Section):
    """Each entry names an analysis and its table: a vector for each word or phone (docs/analyses.md)."""

    file: str = Field(
        description="GloVe or word2vec text, a qvec oracle, or a CSV, TSV or Parquet table.",
        examples=["data/glove.840B.300d.txt"],
    )
    unit: Literal["word", "phone"] = Field(
        default="word", description="What the vectors stand for.", examples=["word"]
    )
    split: Literal["utterance", "type"] = Field(
        default="utterance",
        description="What a part keeps whole: `utterance` (or what `cca.split_by` says), or `type`: all "
        "tokens of a word or phone, so that test types are unseen.",
        examples=["type"],
    )


class MutualInformationConfig(Section):
    """k-means clusters of the analyses `mi-phone` and `mi-word`."""

    phone_clusters: int = Field(default=500, ge=2, description="Clusters of phones.", examples=[500])
    word_clusters: int = Field(default=5000, ge=2, description="Clusters of words.", examples=[5000])
    seeds: int = Field(
        default=3, ge=1, description="Clusterings of each trial, averaged in its score.", examples=[3]
    )


class InterConfig(Section):
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
