"""The tables of a run on its downstream tasks."""

from dataclasses import replace

from layerwise.contracts.columns import (
    ANALYSIS,
    BLOCK,
    HEAD,
    HIGH,
    IN_ORDER,
    LAYER_INDEX,
    LOW,
    METRIC,
    MODEL,
    SEED,
    TASK,
    VALUE,
    WEIGHT,
)
from layerwise.contracts.run_columns import RANKS, P, run_table
from layerwise.contracts.spec import Column, choice, count, number
from layerwise.contracts.tasks import TASK_CURVES, TASK_SCORES, TASK_WEIGHTS

TASK_LIMITS = (
    Column("low", "number", infinite=True, about="lower limit of its 95 % interval, paired"),
    Column("high", "number", infinite=True, about="upper limit; both are infinite with a single unit"),
)
UNITS_OF_TASK = count("n", 1, about="test utterances, or speakers where there are ten or more")

_DOWNSTREAM = run_table(
    "downstream",
    tuple(column for column in TASK_SCORES.columns if column not in (LOW, HIGH)),
    TASK_SCORES.key,
    about=TASK_SCORES.about,
)
_DOWNSTREAM_SUMMARY = run_table(
    "downstream_summary",
    (MODEL, TASK, HEAD, METRIC, VALUE, LOW, HIGH),
    ("model", "task", "layer", "metric"),
    IN_ORDER,
    about="a layer in one task, on test: means over seeds",
)
_SINGLE_WEIGHTED = run_table(
    "single_weighted",
    (
        *(MODEL, TASK, METRIC),
        replace(BLOCK, about="the single layer that is best on dev"),
        replace(VALUE, name="single", about="its metric on test, as all that follows"),
        replace(VALUE, name="all", about="the metric of the learned sum of all layers"),
        number("difference", about="single - all"),
        *TASK_LIMITS,
        P,
        replace(P, name="p_holm", about="p corrected for the models of one kind in the task (Holm)"),
        choice("verdict", "single", "all", "tie", about="which is better (p_holm below 5 %)"),
        UNITS_OF_TASK,
    ),
    ("model", "task", "metric"),
    IN_ORDER,
    about="the best single layer of a model in one task against the learned sum of all",
)
_TASK_PEAKS = run_table(
    "task_peaks",
    (
        *(MODEL, TASK, METRIC),
        replace(BLOCK, about="the single layer that is best on test"),
        VALUE,
        Column("tie", about="the layers that it does not beat, joined by blanks"),
        count("n_tie", 1, about="how many these are"),
        count("n_layers", 1, about="single layers that were trained"),
        UNITS_OF_TASK,
    ),
    ("model", "task", "metric"),
    about="the layers of a model that may be the best in a task",
)
_TASK_CONTRASTS = run_table(
    "task_contrasts",
    (
        *(MODEL, TASK, METRIC),
        replace(BLOCK, about="the single layer that is best on dev"),
        Column("control", about="the model's random twin, or a baseline"),
        replace(BLOCK, name="control_layer", about="the control's layer that is best on dev"),
        number("difference", about="metric of the model - metric of the control, on test"),
        *TASK_LIMITS,
        P,
        replace(P, name="p_holm", about="p corrected for all rows of the task and metric (Holm)"),
        UNITS_OF_TASK,
    ),
    ("model", "task", "metric", "control"),
    IN_ORDER,
    about="the best single layer of a trained model in one task against that of a control",
)
_CHOICE = run_table(
    "choice",
    (
        *(MODEL, TASK),
        Column(
            "strategy",
            about="an analysis: its peak; dev: best on dev; weight: largest in the learned sum; last: last "
            "block; average: mean over block layers; all: the learned sum",
        ),
        Column("layer", empty=True, about="the layer that it chooses, or all; empty for the average"),
        METRIC,
        replace(VALUE, about="the metric there, on test"),
        number(
            "regret",
            about="by how much the best layer, found on other test units, is better in the metric (negative: "
            "worse)",
        ),
        *TASK_LIMITS,
        UNITS_OF_TASK,
    ),
    ("model", "task", "strategy", "metric"),
    IN_ORDER,
    about="a way to choose a layer, and what it loses against the best",
)
_WEIGHTS = run_table(
    "weights",
    (MODEL, TASK, BLOCK, LAYER_INDEX, SEED, WEIGHT),
    TASK_WEIGHTS.key,
    about="the weight of a layer in the weighted sum of one training",
)
_AGREEMENT = run_table(
    "agreement",
    (
        MODEL,
        TASK,
        replace(ANALYSIS, about="the analysis, or weights: those of the learned sum"),
        *RANKS,
    ),
    ("model", "task", "analysis"),
    IN_ORDER,
    about="whether an analysis, or the learned weights, rank the layers of a model as a task does",
)
_HEAD_AGREEMENT = run_table(
    "head_agreement",
    (
        *(
            MODEL,
            replace(TASK, name="task_a"),
            replace(TASK, name="task_b", about="with another head"),
        ),
        *RANKS,
    ),
    ("model", "task_a", "task_b"),
    IN_ORDER,
    about="whether two heads rank the layers of a model alike",
)

_LABEL_ERRORS = run_table(
    "label_errors",
    (
        *(MODEL, TASK, HEAD),
        Column("label", about="a phone, or a class"),
        count("n", about="how often it is in the references of test, over seeds"),
        count("substituted", about="how often another was predicted in its place"),
        count("deleted", about="how often nothing was"),
        count("inserted", about="how often it was predicted where the reference has nothing"),
    ),
    ("model", "task", "layer", "label"),
    about="errors of one layer by label, in tasks of at most 100 labels; aligned by the fewest edits",
)
_CONFUSIONS = run_table(
    "confusions",
    (
        *(MODEL, TASK, HEAD),
        Column("reference", empty=True, about="the right label; empty where the reference has nothing"),
        Column("predicted", empty=True, about="the predicted one; empty where it was left out"),
        count("times", 1, about="how often, over seeds"),
    ),
    ("model", "task", "layer", "reference", "predicted"),
    about="what is taken for what on test, by the learned sum and the layer that dev chose",
)
_TRAINING = run_table(
    "training",
    TASK_CURVES.columns,
    TASK_CURVES.key,
    about="a look at dev in a training that was kept, of the learned sum or of the layer that dev chose",
)
_CHANCE = run_table(
    "chance",
    (
        *(MODEL, TASK, METRIC),
        Column(
            "answer", empty=True, about="the most frequent reference; empty where the task gives a number"
        ),
        count("n", 1, about="test utterances, as many as the model has"),
        VALUE,
    ),
    ("model", "task"),
    about="what one answer for all test utterances reaches; none for a task that has no such answer",
)

TASK_TABLES = (
    *(_DOWNSTREAM, _DOWNSTREAM_SUMMARY, _TASK_PEAKS, _SINGLE_WEIGHTED, _TASK_CONTRASTS),
    *(_CHOICE, _WEIGHTS, _AGREEMENT, _HEAD_AGREEMENT, _LABEL_ERRORS, _CONFUSIONS, _TRAINING),
    _CHANCE,
)
