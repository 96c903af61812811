"""What analyses give: scores of layers, and of pairs of layers."""

from dataclasses import replace

from layerwise.contracts.columns import (
    ANALYSIS,
    CORRELATION,
    FLOOR,
    HIGH,
    IN_ORDER,
    LAYER,
    LAYER_INDEX,
    LOW,
    MODEL,
    REASON,
    SAMPLE_NUMBER,
    SCORE,
    TRIAL,
    in_range,
)
from layerwise.contracts.spec import Column, Table, choice, count, number
from layerwise.errors import ReportError

SCORED = (
    *(SCORE, LOW, HIGH, FLOOR),
    number("epsilon_x", 0, empty=True, about="regulariser of the first view, chosen on dev; empty if none"),
    number("epsilon_y", 0, empty=True, about="regulariser of the second view"),
    count("n_train", 1, about="rows of the training parts"),
    count("n_dev", about="rows of the dev part"),
    count("n_test", 1, about="rows of the test part"),
    count("dim_x", 1, about="dimensions of the first view"),
    count("dim_y", 1, about="dimensions of the second view, or clusters"),
)
SIMILARITY = replace(CORRELATION, empty=True, optional=True)
SIMILARITIES = (
    replace(SIMILARITY, name="mean_cca", about="plain mean of the canonical correlations"),
    replace(SIMILARITY, name="svcca", about="SVCCA"),
    replace(SIMILARITY, name="cka", about="debiased linear CKA"),
)

SCORES = Table(
    path="cca/{model}/{analysis}.csv",
    made_by="cca",
    error=ReportError,
    columns=(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER, TRIAL, *SCORED, *SIMILARITIES),
    key=("model", "analysis", "layer", "sample", "trial"),
    rules=(in_range("score"), in_range("floor"), IN_ORDER),
    may_be_empty=True,
    about="a score of one layer in one sample set and trial",
)
UNITS = Table(
    path="cca/{model}/{analysis}.units.parquet",
    made_by="cca",
    error=ReportError,
    columns=(
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER),
        Column("unit", about="speaker, utterance or, where types are split, label"),
        count("rows", about="rows tested"),
        count("excluded", about="rows kept out: their variates leave the training range"),
        number("contribution", about="what it adds to the mean score of its sample set"),
        number("influence", about="the mean score minus that without it"),
    ),
    key=("model", "analysis", "layer", "sample", "unit"),
    may_be_empty=True,
    about="what one unit does to the score of a layer in one sample set",
)
NULLS = Table(
    path="cca/{model}/{analysis}.null.parquet",
    made_by="cca",
    error=ReportError,
    columns=(
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER),
        count("permutation", about="its number, the same for all layers"),
        SCORE,
        choice("search", "grid", "chosen", about="whether the regularisers were searched again"),
    ),
    key=("model", "analysis", "layer", "sample", "permutation"),
    may_be_empty=True,
    about="the score of a layer with permuted or shifted targets",
)
SIZES = Table(
    path="cca/{model}/{analysis}.sizes.csv",
    made_by="cca",
    error=ReportError,
    columns=(
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER),
        count("parts", 1, about="training parts"),
        count("n_train", 1, about="rows of these parts"),
        SCORE,
    ),
    key=("model", "analysis", "layer", "sample", "parts"),
    may_be_empty=True,
    about="the score of a layer with so many training parts",
)
TRAITS = Table(
    path="cca/{model}/{analysis}.traits.csv",
    made_by="cca",
    error=ReportError,
    columns=(
        *(MODEL, LAYER, LAYER_INDEX, ANALYSIS, SAMPLE_NUMBER),
        number("effective_rank", 0, empty=True, about="dimensions that the layer's variance fills"),
        number("ceiling", empty=True, about="the score that noise in the data allows"),
        number("control", empty=True, about="score with control targets (Hewitt and Liang 2019)"),
    ),
    key=("model", "analysis", "layer", "sample"),
    may_be_empty=True,
    about="what is known of a layer beside its score in one sample set",
)
INFEASIBLE = Table(
    path="cca/{model}/{analysis}.infeasible.csv",
    made_by="cca",
    error=ReportError,
    columns=(MODEL, ANALYSIS, SAMPLE_NUMBER, replace(REASON, about="why it cannot be run")),
    key=("model", "analysis", "sample"),
    may_be_empty=True,
    about="an analysis that cannot be run on the corpus or model; the other tables lack its rows",
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
    rules=(in_range("score"), in_range("floor"), IN_ORDER),
    about="a score of one layer of a model with one of another, in one trial",
)
