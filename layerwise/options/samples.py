"""What the analyses look at (the section `samples`)."""

from pydantic import Field

from layerwise.options.section import Section


class SamplesOptions(Section):
    """What the analyses look at: random utterances, phone tokens and word tokens."""

    number: int = Field(default=3, ge=1, le=1000, description="Number of sample sets.", examples=[3])
    frame_utterances: int = Field(
        default=500, ge=1, description="Utterances per sample set whose frames are analysed.", examples=[500]
    )
    phones_per_label: int = Field(
        default=200, ge=1, description="At most so many tokens of each phone per sample set.", examples=[200]
    )
    words: int = Field(
        default=500, ge=2, description="So many most frequent training words are analysed.", examples=[500]
    )
    tokens_per_word: int = Field(
        default=15, ge=1, description="At most so many tokens of each word per sample set.", examples=[15]
    )
    min_tokens: int = Field(
        default=2, ge=1, description="Words and phones with fewer aligned tokens are left out.", examples=[5]
    )
    min_phone_seconds: float = Field(
        default=0.0, ge=0, description="Phone tokens that are shorter are left out.", examples=[0.03]
    )
