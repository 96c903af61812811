"""The tables of a run: what figures and report are made of."""

from dataclasses import replace

from layerwise.contracts.columns import (
    ANALYSIS,
    BLOCK,
    CORRELATION,
    HEAD,
    HIGH,
    IN_ORDER,
    LABEL,
    LAYER,
    LAYER_INDEX,
    LOW,
    METRIC,
    MODEL,
    NULL,
    REASON,
    SAMPLE_NUMBER,
    SCORE,
    SEED,
    SPLIT,
    STATUS,
    TASK,
    TIER,
    TRIAL,
    UTT_ID,
    VALUE,
    WEIGHT,
    in_range,
)
from layerwise.contracts.scores import INTER, SCORES
from layerwise.contracts.spec import Column, Rule, Table, count, number
from layerwise.contracts.tasks import TASK_SCORES, TASK_WEIGHTS
from layerwise.errors import ReportError


def _table(name: str, columns: tuple[Column, ...], key: tuple[str, ...], *rules: Rule, about: str) -> Table:
    """A table of ``tables/``; it has no rows where its stage did not run."""
    return Table(
        path=f"tables/{name}.csv",
        made_by="tables",
        error=ReportError,
        columns=columns,
        key=key,
        rules=rules,
        may_be_empty=True,
        about=about,
    )


# A single difference has no interval: its limits are infinite.
DIFFERENCE = (
    number("difference", about="mean of the paired differences of scores"),
    Column("low", "number", infinite=True, about="lower limit of the interval of the difference"),
    Column("high", "number", infinite=True, about="upper limit"),
    count("n", 1, about="pairs of sample set and trial"),
)
RANK_CORRELATION = replace(CORRELATION, name="spearman", about="rank correlation; positive: they agree")

_LAYER_SCORES = _table(
    "layer_scores",
    (MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER, TRIAL, SCORE),
    SCORES.key,
    in_range("score"),
    about=SCORES.about,
)
_LAYER_SUMMARY = _table(
    "layer_summary",
    (
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS),
        replace(SCORE, name="mean", about="mean score over sample sets and trials"),
        *(LOW, HIGH),
        replace(NULL, about="mean score with permuted targets"),
        count("n", 1, about="scores"),
    ),
    ("model", "layer", "analysis"),
    in_range("mean"),
    in_range("null"),
    IN_ORDER,
    about="a layer of a model in one analysis",
)
_CONTROL_CONTRASTS = _table(
    "control_contrasts",
    (
        *(MODEL, ANALYSIS, replace(BLOCK, about="the layer with the highest mean score")),
        Column("control", about="the model's random twin, or a baseline"),
        replace(BLOCK, name="control_layer", about="the control's layer with the highest mean score"),
        *DIFFERENCE,
    ),
    ("model", "analysis", "control"),
    IN_ORDER,
    about="the peak of a trained model against that of a control",
)
_CURVE_CONTRASTS = _table(
    "curve_contrasts",
    (replace(MODEL, name="model_a"), replace(MODEL, name="model_b"), ANALYSIS, BLOCK, *DIFFERENCE),
    ("model_a", "model_b", "analysis", "layer"),
    IN_ORDER,
    about="a layer of two models whose curves are compared by shape",
)
_LAST_BLOCK_CONTRASTS = _table(
    "last_block_contrasts",
    (
        *(MODEL, ANALYSIS),
        replace(BLOCK, name="last", about="the last block"),
        replace(BLOCK, about="the layer that it is compared with"),
        *DIFFERENCE,
    ),
    ("model", "analysis", "layer"),
    IN_ORDER,
    about="the last block of a model against one of its layers, where each model is its own reference",
)
_DOWNSTREAM = _table(
    "downstream",
    tuple(column for column in TASK_SCORES.columns if column not in (LOW, HIGH)),
    TASK_SCORES.key,
    about=TASK_SCORES.about,
)
_DOWNSTREAM_SUMMARY = _table(
    "downstream_summary",
    (MODEL, TASK, HEAD, METRIC, VALUE, LOW, HIGH),
    ("model", "task", "layer", "metric"),
    IN_ORDER,
    about="a layer in one task, on test: means over seeds",
)
_SINGLE_WEIGHTED = _table(
    "single_weighted",
    (
        *(MODEL, TASK, METRIC),
        replace(BLOCK, name="best_layer", about="the layer that is best on dev"),
        *(VALUE, LOW, HIGH),
        replace(VALUE, name="all_value", about="the metric of the weighted sum"),
        replace(LOW, name="all_low"),
        replace(HIGH, name="all_high"),
    ),
    ("model", "task", "metric"),
    IN_ORDER,
    about="the best single layer of a model in one task against the weighted sum of all",
)
_WEIGHTS = _table(
    "weights",
    (MODEL, TASK, BLOCK, LAYER_INDEX, SEED, WEIGHT),
    TASK_WEIGHTS.key,
    about="the weight of a layer in the weighted sum of one training",
)
_AGREEMENT = _table(
    "agreement",
    (
        *(MODEL, TASK, ANALYSIS, RANK_CORRELATION),
        replace(RANK_CORRELATION, name="kendall", about="Kendall's tau-b"),
        count("n_layers", 3, about="layers compared"),
        replace(BLOCK, name="best_task_layer", about="the layer that is best in the task"),
        replace(BLOCK, name="chosen_layer", about="the layer with the best score"),
        number("regret", 0, about="what the metric loses by the chosen layer"),
    ),
    ("model", "task", "analysis"),
    about="whether an analysis ranks the layers of a model as a task does",
)
_OMISSIONS = _table(
    "omissions",
    (MODEL, TASK, ANALYSIS, replace(REASON, about="why it is undefined")),
    ("model", "task", "analysis"),
    about="a rank correlation that is undefined",
)
_INTER_SCORES = _table("inter_scores", INTER.columns, INTER.key, *INTER.rules, about=INTER.about)
_EXCLUSIONS = _table(
    "exclusions",
    (
        Column("stage", about="the stage that left it out: corpus, alignment, task ..., vectors ..."),
        Column("item", about="utterance, word or phone"),
        REASON,
    ),
    ("stage", "item", "reason"),
    about="something that was left out of the run",
)
_UTTERANCES = _table(
    "utterances",
    (
        *(UTT_ID, SPLIT, number("seconds", 0, about="its length")),
        replace(STATUS, about="what became of it in the alignment"),
    ),
    ("utt_id",),
    about="an utterance of the manifest",
)
_SEGMENTS = _table(
    "segments",
    (TIER, LABEL, count("segments", 1, about="how often it was aligned")),
    ("tier", "label"),
    about="a word or phone of the alignment",
)

# By the stem of the file.
RUN_TABLES = {
    table.path.removeprefix("tables/").removesuffix(".csv"): table
    for table in (
        *(_LAYER_SCORES, _LAYER_SUMMARY),
        *(_CONTROL_CONTRASTS, _CURVE_CONTRASTS, _LAST_BLOCK_CONTRASTS),
        *(_DOWNSTREAM, _DOWNSTREAM_SUMMARY, _SINGLE_WEIGHTED, _WEIGHTS),
        *(_AGREEMENT, _OMISSIONS, _INTER_SCORES, _EXCLUSIONS, _UTTERANCES, _SEGMENTS),
    )
}


def columns(name: str) -> list[str]:
    """Names of the columns of a table of the run, in order."""
    return list(RUN_TABLES[name].required)
