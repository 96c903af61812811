"""Options of the embedded aligner (the section `alignment.pocketsphinx`)."""

from pydantic import Field

from layerwise.options.section import Section


class PocketsphinxOptions(Section):
    """Options of the embedded aligner (`aligner: pocketsphinx`)."""

    g2p: bool = Field(
        default=True,
        description="Guess the pronunciation of words that are in no dictionary (package g2p-en) and list "
        "them. False: utterances with such words are left out and listed.",
        examples=[False],
    )
    min_score: float = Field(
        default=-4.0,
        lt=0,
        description="Utterances with a lower mean log score per frame, in or between the words, are left out "
        "and listed: their transcript is probably wrong. Typical: -2 to -1; strong accents: -4 to -1.",
        examples=[-5],
    )
