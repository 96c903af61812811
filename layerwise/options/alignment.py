"""Keys of the aligners."""

from pydantic import Field

from layerwise.options.mfa import MfaOptions
from layerwise.options.pocketsphinx import PocketsphinxOptions
from layerwise.options.section import Section, TrackedPath
from layerwise.options.textgrid import TextgridOptions


class CompareOptions(TextgridOptions):
    """A second alignment, read as `aligner: textgrid` reads one."""

    path: TrackedPath = Field(
        description="Folder with a TextGrid (or JSON of MFA) named like each utterance, anywhere under it.",
        examples=["results/other-run/alignment/textgrids"],
    )


class LibrispeechAlignmentsOptions(Section):
    """The published alignments of LibriSpeech (`aligner: librispeech-alignments`)."""

    path: TrackedPath = Field(
        default="data/librispeech_alignments.zip",
        description="The archive; downloaded (0.6 GB) where it is missing.",
        examples=["data/librispeech_alignments.zip"],
    )


class AlignmentOptions(Section):
    """Options of the forced aligner. Those of one aligner have a section of its own, named like it."""

    lexicon: TrackedPath | None = Field(
        default=None,
        description="A file of extra pronunciations, `word P H O N E S` a line, ARPAbet without stress.",
        examples=["resources/prompts/lexicon.txt"],
    )
    max_unaligned: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="The run stops when a larger share of the utterances cannot be aligned.",
        examples=[0.05],
    )
    threads: int = Field(
        default=16, ge=1, description="CPU cores of the alignment job, at most those given.", examples=[16]
    )
    mfa: MfaOptions = Field(default=MfaOptions(), description="Options of the Montreal Forced Aligner.")
    pocketsphinx: PocketsphinxOptions = Field(
        default=PocketsphinxOptions(), description="Options of the embedded aligner."
    )
    librispeech_alignments: LibrispeechAlignmentsOptions = Field(
        default=LibrispeechAlignmentsOptions(), description="The published alignments of LibriSpeech."
    )
    compare: CompareOptions | None = Field(
        default=None,
        description="A second alignment of the corpus as TextGrids, e.g. alignment/textgrids of another run: "
        "how far it agrees is written to tables/alignment_agreement.csv and stated in the report.",
    )
    textgrid: TextgridOptions = Field(default=TextgridOptions(), description="Import of TextGrids.")
