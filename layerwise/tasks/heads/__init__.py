"""Heads on frozen layers: banks of them, trained side by side."""
