"""Words that numbers decide, in one place for all sentences of the report."""

import pandas as pd

from layerwise.layers import WEIGHTED_SUM

LEVEL = 0.05
PHONES, WORDS = "cca-phone", "cca-word"  # the analyses that stand for tasks
PHONE_TASKS = ("pr",)  # others need words, or what they mean
# What the table single_weighted calls the better one.
SINGLE, ALL, TIE = "single", "all", "tie"
# Ways to choose a layer that are no analysis, in the table choice.
LAST, WEIGHT, DEV, AVERAGE = "last", "weight", "dev", "average"
STRATEGIES = {
    DEV: "best on dev",
    WEIGHT: "largest weight",
    LAST: "last block",
    AVERAGE: "average layer",
    WEIGHTED_SUM: "learned sum",
}
WEIGHTS = "weights"  # in place of an analysis, in the table agreement: those of the learned sum
ABOVE, BELOW = "above", "below"
SAME = "not distinguishable from"
NEGLIGIBLE = "negligibly different from"


def verdict(row: pd.Series, smallest: float = 0.0) -> str:
    """Say what a difference allows, from its interval and its p corrected for all that were tested.

    negligibly different: the whole interval lies within ``smallest`` on both sides of 0, whether or not it
    leaves out 0. above, below: p_holm is below 5 %. Otherwise the two are not distinguishable.
    """
    low, high = float(row["low"]), float(row["high"])
    if -smallest < low and high < smallest:
        return NEGLIGIBLE
    if not float(row["p_holm"]) < LEVEL:
        return SAME
    return ABOVE if float(row["difference"]) > 0 else BELOW


def count(n: int, noun: str) -> str:
    """A number with its noun: ``1 model``, ``2 models``."""
    return f"{n} {noun}" + ("" if n == 1 else "s")


def listed(names: list[str]) -> str:
    """Names as an enumeration: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def p_clause(p: float) -> str:
    """A p value in a sentence."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
