"""Columns of the tables of scores."""

SCORE_COLUMNS = (
    "model",
    "layer",
    "layer_index",
    "analysis",
    "sample",
    "trial",
    "score",
    "low",
    "high",
    "floor",
    "epsilon_x",
    "epsilon_y",
    "n_train",
    "n_dev",
    "n_test",
    "dim_x",
    "dim_y",
)
SIMILARITY_COLUMNS = ("mean_cca", "svcca", "cka")
# One row per pair of layers: no column ``layer``, but one for each model.
INTER_COLUMNS = (
    *("model_a", "layer_a", "layer_index_a", "model_b", "layer_b", "layer_index_b"),
    *("analysis", "trial", "score", "low", "high", "floor", "epsilon_x", "epsilon_y"),
    *("n_train", "n_dev", "n_test", "dim_x", "dim_y"),
)
