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
    SAMPLE_NUMBER,
    SCORE,
    TRIAL,
    in_range,
)
from layerwise.contracts.spec import Table, count, number
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
    about="a score of one layer in one sample set and trial",
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
