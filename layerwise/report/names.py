"""Names of the files that the report stage makes and columns of its tables: known before anything is made."""

from collections.abc import Mapping, Sequence

DIFFERENCE = ("difference", "low", "high", "n")
TABLE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "layer_scores": ("model", "layer", "layer_index", "analysis", "sample", "trial", "score"),
    "layer_summary": ("model", "layer", "layer_index", "analysis", "mean", "low", "high", "floor", "n"),
    "control_contrasts": ("model", "analysis", "layer", "control", "control_layer", *DIFFERENCE),
    "curve_contrasts": ("model_a", "model_b", "analysis", "layer", *DIFFERENCE),
    "last_block_contrasts": ("model", "analysis", "last", "layer", *DIFFERENCE),
    "downstream": ("model", "task", "layer", "seed", "learning_rate", "split", "metric", "value"),
    "downstream_summary": ("model", "task", "layer", "metric", "value", "low", "high"),
    "single_weighted": (
        *("model", "task", "metric", "best_layer", "value", "low", "high"),
        *("all_value", "all_low", "all_high"),
    ),
    "weights": ("model", "task", "layer", "layer_index", "seed", "weight"),
    "agreement": (
        *("model", "task", "analysis", "spearman", "kendall", "n_layers"),
        *("best_task_layer", "chosen_layer", "regret"),
    ),
    "omissions": ("model", "task", "analysis", "reason"),
    "inter_scores": (
        *("model_a", "layer_a", "layer_index_a", "model_b", "layer_b", "layer_index_b"),
        *("analysis", "trial", "score", "low", "high", "floor", "epsilon_x", "epsilon_y"),
        *("n_train", "n_dev", "n_test", "dim_x", "dim_y"),
    ),
    "exclusions": ("stage", "item", "reason"),
    "utterances": ("utt_id", "split", "seconds", "status"),
    "segments": ("tier", "label", "segments"),
}
# Names and words: "nan", "NA" and "0012" are what they are. All other columns hold numbers.
TEXT_COLUMNS = frozenset(
    {
        *("model", "model_a", "model_b", "control", "analysis", "task", "metric", "split", "reason"),
        *("layer", "layer_a", "layer_b", "control_layer", "last"),
        *("best_layer", "best_task_layer", "chosen_layer"),
        *("stage", "item", "utt_id", "status", "tier", "label"),
    }
)
TABLE_NAMES = tuple(TABLE_COLUMNS)
FACTS_NAME = "facts.json"  # beside the tables


def latex_names(analyses: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Stems of the LaTeX tables that `latex.write_latex` writes for a run's analyses and tasks."""
    return [*analyses, *tasks, *(["agreement"] if analyses and tasks else [])]


def inter_name(model_a: str, model_b: str) -> str:
    """Stem of the heat map of two models."""
    return f"inter-{model_a}-vs-{model_b}"


def figure_names(
    analyses: Sequence[str], tasks: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Stems of the figures that `figures.all.make_figures` makes for analyses, tasks and pairs."""
    names = ["corpus", *(inter_name(*pair) for pair in pairs)]
    if analyses:
        names += ["layers", *analyses]
    if tasks:
        names += ["tasks", "single-vs-weighted", "weights"]
    if analyses and tasks:
        names += ["cca-vs-task", "agreement"]
    return names
