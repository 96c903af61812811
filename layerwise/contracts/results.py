"""Tables of results: scores of layers, of pairs of layers and of tasks, and the tables of a run."""

from dataclasses import replace
from typing import TYPE_CHECKING

from layerwise.contracts.inputs import UTT_ID
from layerwise.contracts.spec import Column, Rule, Table, choice, count, layer, number
from layerwise.errors import ReportError

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-9  # a correlation of 1 may come out a little larger

MODEL = Column("model", "name of the model in the config")
ANALYSIS = Column("analysis", "name of the analysis")
TASK = Column("task", "name of the task")
METRIC = Column("metric", "name of the metric")
VALUE = number("value", "the metric; rates and accuracies are fractions", 0)
LAYER = layer("layer", "name of the layer", "any")
BLOCK = layer("layer", "name of the layer", "block")
HEAD = layer("layer", "name of the layer, or all", "head")
LAYER_INDEX = number("layer_index", "place of the layer in a plot: conv layers below 0, T0 0, TL+ln L + 0.5")
SAMPLE = count("sample", "number of the sample set")
TRIAL = count("trial", "number of the trial, a choice of dev and test parts")
SEED = count("seed", "number of the training, from 1")
LEARNING_RATE = number("learning_rate", "the first learning rate; that of a score was chosen on dev", 0)
WEIGHT = number("weight", "its weight; those of a training sum to 1", 0, 1)
LOW = number("low", "lower limit of the 95 % interval; empty where there is none", empty=True)
HIGH = number("high", "upper limit", empty=True)


def _limits_in_order(table: "pd.DataFrame") -> "pd.Series[bool]":
    return ~(table["high"] < table["low"])


IN_ORDER = Rule("high", "a limit not below low", _limits_in_order)


def _correlation(name: str, about: str, *, empty: bool = False, optional: bool = False) -> Column:
    column = number(name, about, -1 - ROUNDING, 1 + ROUNDING, empty=empty)
    return replace(column, optional=optional)


SCORE = _correlation("score", "held-out score")
SCORED = (
    SCORE,
    LOW,
    HIGH,
    _correlation("floor", "score of the same views with wrong targets", empty=True),
    number("epsilon_x", "regulariser of the first view, chosen on dev; empty without one", 0, empty=True),
    number("epsilon_y", "regulariser of the second view", 0, empty=True),
    count("n_train", "rows of the training parts", 1),
    count("n_dev", "rows of the dev part"),
    count("n_test", "rows of the test part", 1),
    count("dim_x", "dimensions of the first view", 1),
    count("dim_y", "dimensions of the second view, or clusters", 1),
)
SIMILARITIES = tuple(
    _correlation(name, about, empty=True, optional=True)
    for name, about in (
        ("mean_cca", "plain mean of the canonical correlations"),
        ("svcca", "SVCCA"),
        ("cka", "linear CKA"),
    )
)

SCORES = Table(
    name="scores",
    path="cca/{model}/{analysis}.csv",
    about="a score of one layer in one sample set and trial",
    made_by="cca",
    error=ReportError,
    columns=(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE, TRIAL, *SCORED, *SIMILARITIES),
    key=("model", "analysis", "layer", "sample", "trial"),
    rules=(IN_ORDER,),
)
INTER = Table(
    name="inter",
    path="cca/inter/{model_a}-vs-{model_b}.csv",
    about="a score of one layer of a model with one of another, in one trial",
    made_by="inter",
    error=ReportError,
    columns=(
        replace(MODEL, name="model_a"),
        replace(LAYER, name="layer_a"),
        replace(LAYER_INDEX, name="layer_index_a"),
        replace(MODEL, name="model_b"),
        replace(LAYER, name="layer_b"),
        replace(LAYER_INDEX, name="layer_index_b"),
        *(ANALYSIS, TRIAL, *SCORED),
    ),
    key=("model_a", "model_b", "layer_a", "layer_b", "trial"),
    rules=(IN_ORDER,),
)
TASK_SCORES = Table(
    name="task_scores",
    path="downstream/{model}/{task}.csv",
    about="a metric of one layer, training and split",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, LEARNING_RATE),
        choice("split", "the part that is scored", "dev", "test"),
        *(METRIC, VALUE, LOW, HIGH),
    ),
    key=("model", "task", "metric", "layer", "seed", "split"),
    rules=(IN_ORDER,),
)
TASK_WEIGHTS = Table(
    name="task_weights",
    path="downstream/{model}/{task}.weights.csv",
    about="the weight of a layer in the weighted sum; none for a model with one layer",
    made_by="downstream",
    error=ReportError,
    columns=(MODEL, TASK, BLOCK, SEED, WEIGHT),
    key=("model", "task", "seed", "layer"),
    may_be_empty=True,
)
TASK_CURVES = Table(
    name="task_curves",
    path="downstream/{model}/{task}.curves.csv",
    about="an epoch of the training of one layer at one learning rate",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, LEARNING_RATE),
        count("epoch", "number of the epoch, from 1", 1),
        number("loss", "mean training loss per item"),
        number("dev", "the metric on dev", 0),
    ),
    key=("model", "task", "layer", "seed", "learning_rate", "epoch"),
)
TASK_EXCLUSIONS = Table(
    name="task_exclusions",
    path="downstream/{model}/{task}.excluded.csv",
    about="an utterance that the task cannot use",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, UTT_ID),
        Column("split", "the part that it would belong to"),
        Column("reason", "why it is left out"),
    ),
    key=("model", "task", "utt_id"),
    may_be_empty=True,
)
TASK_DECODES = Table(
    name="task_decodes",
    path="downstream/{model}/{task}.decodes.csv",
    about="what one layer makes of a test utterance",
    made_by="downstream",
    error=ReportError,
    columns=(
        *(MODEL, TASK, HEAD, SEED, UTT_ID),
        Column("reference", "the right labels, separated by spaces"),
        Column("predicted", "the predicted ones", empty=True),
    ),
    key=("model", "task", "layer", "seed", "utt_id"),
)
RESULTS = (
    *(SCORES, INTER),
    *(TASK_SCORES, TASK_WEIGHTS, TASK_CURVES, TASK_EXCLUSIONS, TASK_DECODES),
)
