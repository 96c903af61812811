"""Forced alignment: phone and word intervals from any aligner."""
