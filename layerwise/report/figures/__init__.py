"""Figures of a run. Each function takes tables and returns a matplotlib `Figure`; none touches a file.

Import them from their modules: a figure then depends on the code that draws it, not on that of all others.
"""
