"""The aligners by name."""

# Name of each aligner -> its function, imported when used. Not in the package's __init__: the jobs that
# prepare one aligner's work would then depend on the source of all.
ALIGNERS = {
    "mfa": "layerwise.align.mfa:align",
    "pocketsphinx": "layerwise.align.pocketsphinx:align",
    "librispeech-alignments": "layerwise.align.librispeech:align",
    "textgrid": "layerwise.align.textgrid:align",
}
