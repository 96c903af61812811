"""What analyses give: scores of layers, and of pairs of layers."""

from dataclasses import replace

from layerwise.contracts.columns import (
    ANALYSIS,
    CORRELATION,
    HIGH,
    IN_ORDER,
    LAYER,
    LAYER_INDEX,
    LOW,
    MODEL,
    NULL,
    REASON,
    SAMPLE_NUMBER,
    SCORE,
    TRIAL,
    in_range,
)
from layerwise.contracts.spec import Column, Rule, Table, choice, count, number
from layerwise.errors import ReportError

SEARCHES = ("grid", "chosen")

SCORED = (
    *(SCORE, LOW, HIGH, NULL),
    number("epsilon_x", 0, empty=True, about="regulariser of the first view, chosen on dev; empty if none"),
    number("epsilon_y", 0, empty=True, about="regulariser of the second view"),
    count("n_train", 1, about="rows of the training parts"),
    count("n_dev", about="rows of the dev part"),
    count("n_test", 1, about="rows of the test part that are scored"),
    count("n_excluded", about="rows of the test part kept out: their variates leave the training range"),
    count("dim_x", 1, about="dimensions of the first view"),
    count("dim_y", 1, about="dimensions of the second view, or clusters"),
)
SIMILARITY = replace(CORRELATION, empty=True, optional=True)
SIMILARITIES = (
    replace(SIMILARITY, name="mean_cca", about="plain mean of the canonical correlations"),
    replace(SIMILARITY, name="svcca", about="SVCCA"),
    replace(SIMILARITY, name="cka", about="debiased linear CKA"),
)
OF_LAYER = (MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER)
LAYER_KEY = ("model", "analysis", "layer", "sample")


def _table(ending: str, columns: tuple[Column, ...], key: tuple[str, ...], *rules: Rule, about: str) -> Table:
    """A table beside the scores of one analysis of one model; it has no rows where it says nothing."""
    return Table(
        path=f"cca/{{model}}/{{analysis}}{ending}",
        made_by="cca",
        error=ReportError,
        columns=columns,
        key=key,
        rules=rules,
        may_be_empty=True,
        about=about,
    )


SCORES = _table(
    ".csv",
    (*OF_LAYER, TRIAL, *SCORED, *SIMILARITIES),
    (*LAYER_KEY, "trial"),
    *(in_range("score"), in_range("null"), IN_ORDER),
    about="a score of one layer in one sample set and trial; none where the analysis cannot be run",
)
UNITS = _table(
    ".units.parquet",
    (
        *OF_LAYER,
        Column("unit", about="what an interval resamples: speaker, utterance or label"),
        count("rows", about="its test rows that are scored"),
        count("excluded", about="its test rows kept out"),
        number("contribution", about="what it adds to the error of the mean score of the sample set"),
        number("influence", about="mean score minus the mean score without it"),
    ),
    (*LAYER_KEY, "unit"),
    about="a unit of the test rows of one layer and sample set; none for a measure without units",
)
NULLS = _table(
    ".null.parquet",
    (
        *OF_LAYER,
        count("permutation", about="number of the permutation; the same one for all layers"),
        replace(SCORE, about="mean score over parts with permuted targets"),
        choice(
            *("search", *SEARCHES),
            about="grid: the whole search was repeated; chosen: the chosen regularisers were kept",
        ),
    ),
    (*LAYER_KEY, "permutation"),
    in_range("score"),
    about="a score of one layer and sample set with permuted targets",
)
SIZES = _table(
    ".sizes.csv",
    (
        *OF_LAYER,
        count("parts", 1, about="training parts"),
        number("n_train", 0, about="rows of the training parts, mean over test parts"),
        SCORE,
    ),
    (*LAYER_KEY, "parts"),
    in_range("score"),
    about="the mean score of one layer and sample set with fewer training parts",
)
TRAITS = _table(
    ".traits.csv",
    (
        *OF_LAYER,
        number("effective_rank", 0, empty=True, about="effective rank of the layer's covariance"),
        replace(SCORE, name="ceiling", empty=True, about="score of two halves of the data with each other"),
        replace(SCORE, name="control", empty=True, about="score for a random map of types to labels"),
    ),
    LAYER_KEY,
    *(in_range("ceiling"), in_range("control")),
    about="what else is known of one layer and sample set",
)
INFEASIBLE = _table(
    ".infeasible.csv",
    (MODEL, ANALYSIS, SAMPLE_NUMBER, replace(REASON, about="why it cannot be run")),
    ("model", "analysis", "sample"),
    about="a sample set in which an analysis cannot be run",
)
FORESEEN = Table(
    path="samples/infeasible.csv",
    made_by="feasibility",
    error=ReportError,
    columns=(ANALYSIS, SAMPLE_NUMBER, replace(REASON, about="why it cannot be run")),
    key=("analysis", "sample"),
    may_be_empty=True,
    about="an analysis that cannot be run for any model, known before anything is extracted",
)
INTER = Table(
    path="cca/inter/{model_a}-vs-{model_b}.csv",
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
    rules=(in_range("score"), in_range("null"), IN_ORDER),
    about="a score of one layer of a model with one of another, in one trial",
)
