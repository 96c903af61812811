"""The tables of a run: what figures and report are made of."""

from dataclasses import replace

from layerwise.contracts.columns import (
    ANALYSIS,
    BLOCK,
    HIGH,
    IN_ORDER,
    LABEL,
    LAYER,
    LAYER_INDEX,
    LOW,
    MODEL,
    NULL,
    REASON,
    SAMPLE_NUMBER,
    SCORE,
    SPLIT,
    STATUS,
    TASK,
    TIER,
    TRIAL,
    UTT_ID,
    in_range,
)
from layerwise.contracts.corpus import SPLIT_COUNTS, WARNINGS
from layerwise.contracts.run_columns import P, run_table
from layerwise.contracts.run_measure_tables import MEASURE_TABLES
from layerwise.contracts.run_task_tables import TASK_TABLES
from layerwise.contracts.scores import INTER, SCORES
from layerwise.contracts.spec import Column, choice, count, number

SHAPES = (
    *("peak", "plateau", "flat", "U", "rises", "falls", "tie"),
    *("contradiction", "too little data"),
)


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

_LAYER_SCORES = run_table(
    "layer_scores",
    (MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER, TRIAL, SCORE),
    SCORES.key,
    in_range("score"),
    about=SCORES.about,
)
_LAYER_SUMMARY = run_table(
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
_PEAKS = run_table(
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
_CONTROL_CONTRASTS = run_table(
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
_CURVE_CONTRASTS = run_table(
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
_LAST_BLOCK_CONTRASTS = run_table(
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
_OMISSIONS = run_table(
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
_INFLUENTIAL = run_table(
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
_LEARNING = run_table(
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
_REGULARISERS = run_table(
    "regularisers",
    (
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS),
        number("epsilon_x", 0, about="regulariser of the layer, chosen on dev"),
        number("epsilon_y", 0, about="regulariser of the target"),
        count("times", 1, about="how often it was chosen, over sample sets and trials"),
    ),
    ("model", "layer", "analysis", "epsilon_x", "epsilon_y"),
    about="a pair of regularisers that was chosen for a layer; empty in analyses without any",
)
_INTER_SCORES = run_table("inter_scores", INTER.columns, INTER.key, *INTER.rules, about=INTER.about)
_EXCLUSIONS = run_table(
    "exclusions",
    (
        Column("stage", about="what left it out: corpus or alignment (NAME), task, measure or vectors NAME"),
        Column("item", about="utterance, word or phone"),
        REASON,
    ),
    ("stage", "item", "reason"),
    about="something that was left out of the run",
)
_UTTERANCES = run_table(
    "utterances",
    (
        *(UTT_ID, SPLIT, number("seconds", 0, about="its length")),
        replace(STATUS, about="what became of it in the alignment"),
        Column("score", "number", empty=True, optional=True, about="its mean acoustic log score per frame"),
        Column("words", "integer", 0, optional=True, about="aligned words"),
        Column("phones", "integer", 0, optional=True, about="aligned phones"),
    ),
    ("utt_id",),
    about="an utterance of the manifest",
)
_SPLITS = run_table(
    "splits",
    (
        Column("corpus", empty=True, about="name of a corpus of tasks; empty for the analysed one"),
        *SPLIT_COUNTS.columns,
    ),
    ("corpus", "split"),
    about="a split of a corpus",
)
_WARNINGS = run_table(
    "warnings",
    (
        Column("corpus", empty=True, about="name of a corpus of tasks; empty for the analysed one"),
        UTT_ID,
        *(column for column in WARNINGS.columns if column.name == "warning"),
    ),
    ("corpus", *WARNINGS.key),
    about=WARNINGS.about,
)
_SEGMENTS = run_table(
    "segments",
    (TIER, LABEL, count("segments", 1, about="how often it was aligned")),
    ("tier", "label"),
    about="a word or phone of the alignment",
)

# By the stem of the file.
RUN_TABLES = {
    table.path.removeprefix("tables/").removesuffix(".csv"): table
    for table in (
        *(_LAYER_SCORES, _LAYER_SUMMARY, _PEAKS, _INFLUENTIAL, _LEARNING, _REGULARISERS),
        *(_CONTROL_CONTRASTS, _CURVE_CONTRASTS, _LAST_BLOCK_CONTRASTS),
        *TASK_TABLES,
        *(_OMISSIONS, _INTER_SCORES, *MEASURE_TABLES, _EXCLUSIONS, _WARNINGS),
        *(_UTTERANCES, _SEGMENTS, _SPLITS),
    )
}


def columns(name: str) -> list[str]:
    """Names of the columns of a table of the run, in order."""
    return list(RUN_TABLES[name].required)
