"""The tables of a run: what figures and report are made of."""

from dataclasses import replace

from layerwise.contracts.inputs import SPLIT, STATUS, TIER, UTT_ID
from layerwise.contracts.results import (
    ANALYSIS,
    BLOCK,
    HEAD,
    HIGH,
    IN_ORDER,
    INTER,
    LAYER,
    LAYER_INDEX,
    LOW,
    METRIC,
    MODEL,
    ROUNDING,
    SAMPLE,
    SCORE,
    SCORES,
    SEED,
    TASK,
    TASK_SCORES,
    TASK_WEIGHTS,
    TRIAL,
    VALUE,
    WEIGHT,
)
from layerwise.contracts.spec import Column, Rule, Table, choice, count, number
from layerwise.errors import ReportError


def _table(name: str, about: str, columns: tuple[Column, ...], key: tuple[str, ...], *rules: Rule) -> Table:
    """A table of ``tables/``; it has no rows where its stage did not run."""
    return Table(
        name=f"tables/{name}",
        path=f"tables/{name}.csv",
        about=about,
        made_by="tables",
        error=ReportError,
        columns=columns,
        key=key,
        rules=rules,
        may_be_empty=True,
    )


def _limit(name: str, about: str) -> Column:
    return Column(name, about, "number", infinite=True)


# A single difference has no interval: its limits are infinite.
DIFFERENCE = (
    number("difference", "mean of the paired differences of scores"),
    _limit("low", "lower limit of the interval of the difference"),
    _limit("high", "upper limit"),
    count("n", "pairs of sample set and trial", 1),
)
RUN_TABLES = (
    _table(
        "layer_scores",
        "a score of one layer in one sample set and trial",
        (MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE, TRIAL, SCORE),
        SCORES.key,
    ),
    _table(
        "layer_summary",
        "a layer of a model in one analysis",
        (
            *(MODEL, LAYER, LAYER_INDEX, ANALYSIS),
            replace(SCORE, name="mean", about="mean score over sample sets and trials"),
            *(LOW, HIGH),
            number("floor", "mean score with wrong targets", -1 - ROUNDING, 1 + ROUNDING, empty=True),
            count("n", "scores", 1),
        ),
        ("model", "layer", "analysis"),
        IN_ORDER,
    ),
    _table(
        "control_contrasts",
        "the peak of a trained model against that of a control",
        (
            *(MODEL, ANALYSIS, replace(BLOCK, about="the layer with the highest mean score")),
            Column("control", "the model's random twin, or a baseline"),
            replace(BLOCK, name="control_layer", about="the control's layer with the highest mean score"),
            *DIFFERENCE,
        ),
        ("model", "analysis", "control"),
        IN_ORDER,
    ),
    _table(
        "curve_contrasts",
        "a layer of two models whose curves are compared by shape",
        (
            replace(MODEL, name="model_a"),
            replace(MODEL, name="model_b"),
            *(ANALYSIS, BLOCK, *DIFFERENCE),
        ),
        ("model_a", "model_b", "analysis", "layer"),
        IN_ORDER,
    ),
    _table(
        "last_block_contrasts",
        "the last block of a model against one of its layers, where each model is its own reference",
        (
            *(MODEL, ANALYSIS),
            replace(BLOCK, name="last", about="the last block"),
            replace(BLOCK, about="the layer that it is compared with"),
            *DIFFERENCE,
        ),
        ("model", "analysis", "layer"),
        IN_ORDER,
    ),
    _table(
        "downstream",
        TASK_SCORES.about,
        tuple(column for column in TASK_SCORES.columns if column not in (LOW, HIGH)),
        TASK_SCORES.key,
    ),
    _table(
        "downstream_summary",
        "a layer in one task, on test: means over seeds",
        (MODEL, TASK, HEAD, METRIC, VALUE, LOW, HIGH),
        ("model", "task", "layer", "metric"),
        IN_ORDER,
    ),
    _table(
        "single_weighted",
        "the best single layer of a model in one task against the weighted sum of all",
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
    ),
    _table(
        "weights",
        "the weight of a layer in the weighted sum of one training",
        (MODEL, TASK, BLOCK, LAYER_INDEX, SEED, WEIGHT),
        TASK_WEIGHTS.key,
    ),
    _table(
        "agreement",
        "whether an analysis ranks the layers of a model as a task does",
        (
            *(MODEL, TASK, ANALYSIS),
            number("spearman", "rank correlation; positive: they agree", -1 - ROUNDING, 1 + ROUNDING),
            number("kendall", "Kendall's tau-b", -1 - ROUNDING, 1 + ROUNDING),
            count("n_layers", "layers compared", 3),
            replace(BLOCK, name="best_task_layer", about="the layer that is best in the task"),
            replace(BLOCK, name="chosen_layer", about="the layer with the highest score"),
            number("regret", "what the metric loses by the chosen layer", 0),
        ),
        ("model", "task", "analysis"),
    ),
    _table(
        "omissions",
        "a rank correlation that is undefined",
        (MODEL, TASK, ANALYSIS, Column("reason", "why it is")),
        ("model", "task", "analysis"),
    ),
    _table("inter_scores", INTER.about, INTER.columns, INTER.key, *INTER.rules),
    _table(
        "exclusions",
        "something that was left out of the run",
        (
            Column("stage", "the stage that left it out: corpus, alignment, task ..., vectors ..."),
            Column("item", "utterance, word or phone"),
            Column("reason", "why it is left out"),
        ),
        ("stage", "item", "reason"),
    ),
    _table(
        "utterances",
        "an utterance of the manifest",
        (
            *(UTT_ID, SPLIT),
            number("seconds", "its length", 0),
            replace(STATUS, about="what became of it in the alignment"),
        ),
        ("utt_id",),
    ),
    _table(
        "segments",
        "a word or phone of the alignment",
        (TIER, Column("label", "the word or phone"), count("segments", "how often it was aligned", 1)),
        ("tier", "label"),
    ),
    Table(
        name="tables/alignment_agreement",
        path="tables/alignment_agreement.csv",
        about="boundaries of one kind in the alignment of the run and in a second one",
        made_by="alignment_agreement",
        error=ReportError,
        columns=(
            replace(TIER, about="whose boundaries"),
            Column("group", "class of phones, or all"),
            choice("boundary", "which edge", "start", "end", "both"),
            count("utterances", "utterances compared"),
            count("boundaries", "boundaries in the alignment of the run"),
            count("compared", "boundaries that could be compared"),
            number("bias_ms", "median difference in ms; positive: the second is later", empty=True),
            number("median_ms", "median absolute difference in ms", 0, empty=True),
            *(
                number(f"within_{limit}ms", f"share of differences up to {limit} ms", 0, 1, empty=True)
                for limit in (10, 20, 50)
            ),
        ),
        key=("tier", "group", "boundary"),
        rules=(
            Rule("compared", "at most boundaries", lambda table: table["compared"] <= table["boundaries"]),
        ),
    ),
)
