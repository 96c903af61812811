"""Forced aligners, and ways to import alignments."""

from layerwise.options.alignment import LibrispeechAlignmentsOptions
from layerwise.options.mfa import MfaOptions
from layerwise.options.pocketsphinx import PocketsphinxOptions
from layerwise.options.textgrid import TextgridOptions
from layerwise.specs.spec import AlignerSpec

ALIGNERS = (
    AlignerSpec(
        name="mfa",
        title="Montreal Forced Aligner",
        code="layerwise.align.mfa:align",
        options=MfaOptions,
        section="alignment.mfa",
    ),
    AlignerSpec(
        name="pocketsphinx",
        title="pocketsphinx",
        code="layerwise.align.pocketsphinx:align",
        options=PocketsphinxOptions,
        section="alignment.pocketsphinx",
    ),
    AlignerSpec(
        name="librispeech-alignments",
        title="published alignments of LibriSpeech",
        code="layerwise.align.librispeech:align",
        options=LibrispeechAlignmentsOptions,
        section="alignment.librispeech_alignments",
        paths=("path",),
        downloads=True,
    ),
    AlignerSpec(
        name="textgrid",
        title="imported TextGrids",
        code="layerwise.align.textgrid:align",
        options=TextgridOptions,
        section="alignment.textgrid",
        paths=("path",),
    ),
)
