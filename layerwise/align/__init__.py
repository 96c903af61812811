"""Forced alignment: phone and word intervals from any aligner."""

# Name of each aligner -> its function, imported when used.
ALIGNERS = {"pocketsphinx": "layerwise.align.pocketsphinx:align"}
