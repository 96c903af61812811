"""Options that only some analyses have."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section


class VectorTarget(Section):
    """What the vectors of an analysis stand for."""

    unit: Literal["word", "phone"] = Field(
        default="word", description="What the vectors stand for.", examples=["word"]
    )
    split: Literal["utterance", "type"] = Field(
        default="utterance",
        description="What a part keeps whole: `utterance` (or what `cca.split_by` says), or `type`: all "
        "tokens of a word or phone, so that test types are unseen.",
        examples=["type"],
    )


class VectorsOptions(VectorTarget):
    """Each entry names an analysis and its table: a vector for each word or phone (docs/analyses.md)."""

    file: str = Field(
        description="GloVe or word2vec text, a qvec oracle, or a CSV, TSV or Parquet table.",
        examples=["data/glove.840B.300d.txt"],
    )


class MutualInformationOptions(Section):
    """k-means clusters of the analyses `mi-phone` and `mi-word`."""

    phone_clusters: int = Field(default=500, ge=2, description="Clusters of phones.", examples=[500])
    word_clusters: int = Field(default=5000, ge=2, description="Clusters of words.", examples=[5000])
    seeds: int = Field(
        default=3, ge=1, description="Clusterings of each trial, averaged in its score.", examples=[3]
    )


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
