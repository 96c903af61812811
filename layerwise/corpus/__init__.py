"""Corpora: readers, checked audio and the manifest."""
