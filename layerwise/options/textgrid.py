"""Import of TextGrids (the section `alignment.textgrid`)."""

from typing import Literal

from pydantic import Field

from layerwise.options.section import Section, TrackedPath

PhoneSetName = Literal["auto", "arpabet", "mfa-ipa", "sampa", "timit", "keep"]
# Same key, same meaning, wherever phones are read from.
PHONE_TABLE = Field(
    default=None,
    description="Instead of `phone_set`: a file with a label, a tab and its phone in each line, for phones "
    "of your own; the phone `-` is silence, `?` is noise.",
    examples=["data/maori-phones.tsv"],
)


class TextgridOptions(Section):
    """Import of TextGrids (`aligner: textgrid`)."""

    path: TrackedPath | None = Field(
        default=None,
        description="Folder with a TextGrid (or JSON of MFA, or .PHN and .WRD of TIMIT) named like each "
        "utterance, anywhere under it.",
        examples=["data/my-alignment"],
    )
    word_tier: str | None = Field(
        default=None,
        description="Name of the word tier, with or without the speaker's (`Mary - words`); `none`: there "
        "are phones only. None: detected.",
        examples=["words"],
    )
    phone_tier: str | None = Field(
        default=None, description="Name of the phone tier. None: detected.", examples=["phones"]
    )
    phone_set: PhoneSetName = Field(
        default="auto",
        description="Phone set of the files, mapped on the 39 ARPAbet phones; `auto`: detected; `keep`: the "
        "labels are analysed as they are.",
        examples=["mfa-ipa"],
    )
    phone_table: TrackedPath | None = PHONE_TABLE
    silences: tuple[str, ...] = Field(
        default=(),
        description="Further labels of the phone tier that are no phones, in any case. Known: the usual "
        "names of silence and noise, and whatever is in brackets.",
        examples=[["brth", "ns"]],
    )
    tolerance: float = Field(
        default=0.02,
        ge=0,
        description="Seconds. Smaller overlaps, overshoots and early ends are mended or borne with a note; "
        "larger ones cost a phone's word, or fail the utterance.",
        examples=[0.02],
    )
    overlap: float | None = Field(
        default=None,
        ge=0,
        description="The same for overlaps alone, of words or of phones. None: `tolerance`, and 0.15 for the "
        "label files of TIMIT, whose words share phones.",
        examples=[0.1],
    )
    overshoot: float | None = Field(
        default=None,
        ge=0,
        description="The same for what reaches out of its word or of the audio. None: `tolerance`.",
        examples=[0.05],
    )
    early_end: float | None = Field(
        default=None,
        ge=0,
        description="The same for tiers that stop before their end. None: `tolerance`.",
        examples=[0.1],
    )
