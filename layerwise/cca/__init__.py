"""Canonical correlation analysis of layers against targets."""
