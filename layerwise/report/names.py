"""Names of the files that the report stage makes, known before anything is read or drawn."""

from collections.abc import Sequence

TABLE_NAMES = (
    "layer_scores",
    "layer_summary",
    "control_contrasts",
    "curve_contrasts",
    "downstream",
    "downstream_summary",
    "single_weighted",
    "agreement",
    "inter_scores",
)


def latex_names(analyses: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Stems of the LaTeX tables that `write_tables` writes for a run's analyses and tasks."""
    return [*analyses, *tasks, *(["agreement"] if analyses and tasks else [])]


def inter_name(model_a: str, model_b: str) -> str:
    """Stem of the heat map of two models."""
    return f"inter-{model_a}-vs-{model_b}"


def figure_names(
    analyses: Sequence[str], tasks: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Stems of the figures that `make_figures` makes for a run's analyses, tasks and pairs of models."""
    names = ["corpus", *(inter_name(*pair) for pair in pairs)]
    if analyses:
        names += ["layers", *analyses]
    if tasks:
        names += ["tasks", "single-vs-weighted", "weights"]
    if analyses and tasks:
        names += ["cca-vs-task", "agreement"]
    return names
