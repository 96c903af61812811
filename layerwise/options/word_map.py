"""Options of the measure `word-map` (the section `word_map`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section


class WordMapOptions(Section):
    """Which word tokens look for their like in `word-map`, and what they are the mean of."""

    tokens: Literal["frames", "stored"] = Field(
        default="frames",
        description="`frames`: all words of the sampled utterances, with the slices of the public tool; "
        "`stored`: the sampled words (`samples.tokens_per_word` of each), with the stored means of analyses.",
        examples=["stored"],
    )
