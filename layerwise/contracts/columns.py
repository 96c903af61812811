"""Columns and rules that tables of several stages share."""

from dataclasses import replace
from typing import TYPE_CHECKING

from layerwise.contracts.spec import Column, Rule, choice, count, layer, number

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "dev", "test")
ROUNDING = 1e-9  # a correlation of 1 may come out a little larger
CORRELATIONS = ("cca-", "mi-")  # scores of analyses with such names lie between -1 and 1

UTT_ID = Column("utt_id", about="id of the utterance")
SPEAKER = Column("speaker", empty=True, about="speaker, as the corpus calls them")
SPLIT = choice("split", *SPLITS, about="the part that it belongs to")
REASON = Column("reason", about="why it is left out")
TIER = choice("tier", "word", "phone", about="what the label is")
LABEL = Column("label", about="the word or phone")
START = number("start", 0, about="first moment, in seconds from the start of the utterance")
END = number("end", 0, about="last moment, in seconds")
STATUS = choice(
    *("status", "aligned", "failed", "dropped"),
    about="failed: no alignment was found; dropped: it was not tried or not trusted",
)

MODEL = Column("model", about="name of the model in the config")
ANALYSIS = Column("analysis", about="name of the analysis")
TASK = Column("task", about="name of the task")
METRIC = Column("metric", about="name of the metric")
VALUE = number("value", 0, about="the metric; rates and accuracies are fractions")
LAYER = layer("layer", "any", about="name of the layer")
BLOCK = layer("layer", "block", about="name of the layer")
HEAD = layer("layer", "head", about="name of the layer, or all")
LAYER_INDEX = number(
    "layer_index", about="place of the layer in a plot: conv layers below 0, T0-pos -0.5, T0 0, TL+ln L + 0.5"
)
SAMPLE_NUMBER = count("sample", about="number of the sample set")
TRIAL = count("trial", about="number of the trial, a choice of dev and test parts")
SEED = count("seed", about="number of the training, from 1")
LEARNING_RATE = number("learning_rate", 0, about="the first learning rate; that of a score was chosen on dev")
WEIGHT = number("weight", 0, 1, about="its weight; those of a training sum to 1")
SCORE = number("score", about="held-out score")
CORRELATION = number("correlation", -1 - ROUNDING, 1 + ROUNDING, about="a correlation")
NULL = replace(
    SCORE, name="null", empty=True, about="mean score with permuted targets; empty without permutations"
)
LOW = number("low", empty=True, about="lower limit of the 95 % interval; empty where there is none")
HIGH = number("high", empty=True, about="upper limit")


def _ends_later(table: "pd.DataFrame") -> "pd.Series[bool]":
    return table["end"] > table["start"]


def _in_order(table: "pd.DataFrame") -> "pd.Series[bool]":
    return ~(table["high"] < table["low"])


def in_range(name: str) -> Rule:
    """The rule that scores in a column lie in the range of their analysis; an empty cell breaks no rule."""

    def holds(table: "pd.DataFrame") -> "pd.Series[bool]":
        bounded = table["analysis"].str.startswith(CORRELATIONS)
        return ~(bounded & (table[name].abs() > 1 + ROUNDING))

    return Rule(name, "a finite number from -1 to 1 in an analysis named cca-... or mi-...", holds)


ENDS_LATER = Rule("end", "a time after start", _ends_later)
IN_ORDER = Rule("high", "a limit not below low", _in_order)
