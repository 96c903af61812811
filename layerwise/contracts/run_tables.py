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
from layerwise.contracts.corpus import SPLIT_COUNTS
from layerwise.contracts.scores import INTER, SCORES
from layerwise.contracts.spec import Column, Rule, Table, choice, count, number
from layerwise.contracts.tasks import TASK_SCORES, TASK_WEIGHTS
from layerwise.errors import ReportError

SHAPES = (
    *("peak", "plateau", "flat", "U", "rises", "falls", "tie"),
    *("contradiction", "too little data"),
)


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


P = number("p", 0, 1, empty=True, about="p of no difference, two-sided; empty without an interval")
# A single pair has no interval: its limits are infinite.
DIFFERENCE = (
    number("difference", about="difference of mean scores"),
    Column("low", "number", infinite=True, about="lower limit of its 95 % interval"),
    Column("high", "number", infinite=True, about="upper limit"),
    P,
    replace(P, name="p_holm", about="p corrected for all rows of the table (Holm)"),
    count("n", 1, about="units, or pairs of sample set and trial, that it rests on"),
)
CHANCE = replace(P, about="p of a score as good with permuted targets; empty without permutations")
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
        replace(SCORE, about="mean score over sample sets and trials"),
        *(LOW, HIGH),
        replace(NULL, about="mean score with permuted targets; empty without permutations"),
        number("calibrated", empty=True, about="(score - null) / (1 - null)"),
        CHANCE,
        count("n_units", about="units that the interval rests on; 0 if on trials"),
        count("n_rows", about="test rows scored, over sample sets and trials"),
        choice("tie", "yes", "no", about="whether the best block layer does not beat it"),
        replace(SCORE, name="control", empty=True, about="score for a random map of types to labels"),
        number("selectivity", empty=True, about="score minus control"),
        replace(SCORE, name="ceiling", empty=True, about="score of two halves of the data with each other"),
        number("effective_rank", 0, empty=True, about="effective rank of the layer's covariance"),
        count("excluded", about="test rows kept out: their variates leave the training range"),
        count("permutations", about="draws behind null and p, of all sample sets"),
        Column("search", empty=True, about="grid: permutations repeat the whole search; chosen: they do not"),
        count("n", 1, about="scores"),
    ),
    ("model", "layer", "analysis"),
    in_range("score"),
    in_range("null"),
    IN_ORDER,
    about="a layer of a model in one analysis",
)
_PEAKS = _table(
    "peaks",
    (
        *(MODEL, ANALYSIS),
        replace(BLOCK, about="the best block layer; the lowest where each model is its own reference"),
        *(LAYER_INDEX, SCORE),
        replace(P, about="p of the score against the best layer of each permutation"),
        replace(P, name="p_holm", about="p corrected for all rows of the table (Holm)"),
        Column("tie", about="the layers that it does not beat by what is worth naming, joined by blanks"),
        count("n_tie", 1, about="how many these are"),
        count("n_layers", 1, about="block layers of the curve"),
        choice("shape", *SHAPES, about="the shape of the curve"),
    ),
    ("model", "analysis"),
    in_range("score"),
    about="the curve of a model over its block layers in one analysis",
)
_CONTROL_CONTRASTS = _table(
    "control_contrasts",
    (
        *(MODEL, ANALYSIS, replace(BLOCK, about="the layer with the best mean score")),
        Column("control", about="the model's random twin, or a baseline"),
        replace(BLOCK, name="control_layer", about="the control's layer with the best mean score"),
        *DIFFERENCE,
    ),
    ("model", "analysis", "control"),
    IN_ORDER,
    about="the peak of a trained model against that of a control",
)
_CURVE_CONTRASTS = _table(
    "curve_contrasts",
    (
        replace(MODEL, name="model_a", about="a model or, with several pre-training seeds, their recipe"),
        replace(MODEL, name="model_b", about="another"),
        *(ANALYSIS, BLOCK, *DIFFERENCE),
        count("seeds_a", 1, about="pre-training seeds of the first"),
        count("seeds_b", 1, about="pre-training seeds of the second"),
    ),
    ("model_a", "model_b", "analysis", "layer"),
    IN_ORDER,
    about="a layer of two models: how far each is above its random twin, and the difference of the two",
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
    (
        *(
            MODEL,
            replace(TASK, empty=True, about="name of the task; empty for the analysis itself"),
            ANALYSIS,
        ),
        replace(REASON, about="why it is undefined or cannot be run"),
    ),
    ("model", "task", "analysis"),
    about="a rank correlation that is undefined, or an analysis that cannot be run",
)
_INFLUENTIAL = _table(
    "influential",
    (
        *(MODEL, LAYER, ANALYSIS),
        Column("unit", about="speaker, utterance or label"),
        count("rows", about="its test rows that are scored"),
        replace(SCORE, about="mean score of the layer"),
        number("influence", about="mean score minus the mean score without the unit"),
    ),
    ("model", "layer", "analysis", "unit"),
    about="a unit that moves the mean score of a layer more than others do",
)
_LEARNING = _table(
    "learning",
    (
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS),
        count("parts", 1, about="training parts"),
        number("n_train", 0, about="rows of the training parts"),
        replace(SCORE, about="mean score over sample sets"),
    ),
    ("model", "layer", "analysis", "parts"),
    in_range("score"),
    about="a score of one layer with fewer training parts",
)
_INTER_SCORES = _table("inter_scores", INTER.columns, INTER.key, *INTER.rules, about=INTER.about)
_EXCLUSIONS = _table(
    "exclusions",
    (
        Column("stage", about="what left it out: corpus (NAME), alignment (NAME), task NAME, vectors NAME"),
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
_SPLITS = _table(
    "splits",
    (
        Column("corpus", empty=True, about="name of a corpus of tasks; empty for the analysed one"),
        *SPLIT_COUNTS.columns,
    ),
    ("corpus", "split"),
    about="a split of a corpus",
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
        *(_LAYER_SCORES, _LAYER_SUMMARY, _PEAKS, _INFLUENTIAL, _LEARNING),
        *(_CONTROL_CONTRASTS, _CURVE_CONTRASTS, _LAST_BLOCK_CONTRASTS),
        *(_DOWNSTREAM, _DOWNSTREAM_SUMMARY, _SINGLE_WEIGHTED, _WEIGHTS),
        *(_AGREEMENT, _OMISSIONS, _INTER_SCORES, _EXCLUSIONS, _UTTERANCES, _SEGMENTS, _SPLITS),
    )
}


def columns(name: str) -> list[str]:
    """Names of the columns of a table of the run, in order."""
    return list(RUN_TABLES[name].required)
