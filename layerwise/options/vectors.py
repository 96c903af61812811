"""Options of the analyses that tables of vectors make (the section `vectors`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.analyses import Split
from layerwise.options.section import Section, TrackedPath


class VectorTarget(Section):
    """What the vectors of an analysis stand for."""

    unit: Literal["word", "phone"] = Field(
        default="word", description="What the vectors stand for.", examples=["word"]
    )
    split: Split = Field(
        default="utterance",
        description="What a part keeps whole: `utterance` (or what `cca.split_by` says), or `type`: all "
        "tokens of a word or phone, so that test types are unseen.",
        examples=["type"],
    )


class VectorsOptions(VectorTarget):
    """Each entry names an analysis and its table: a vector for each word or phone (docs/analyses.md)."""

    file: TrackedPath = Field(
        description="GloVe or word2vec text, a qvec oracle, or a CSV, TSV or Parquet table.",
        examples=["data/glove.840B.300d.txt"],
    )
    license: str = Field(default="", description="Its licence, for the records.", examples=["PDDL-1.0"])
