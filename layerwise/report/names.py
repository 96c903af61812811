"""Names of the files that the report stage makes, known before anything is made."""

from collections.abc import Sequence

FACTS_NAME = "facts.json"  # beside the tables


def latex_names(analyses: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Stems of the LaTeX tables that `latex.write_latex` writes for a run's analyses and tasks."""
    layers = [f"{name}-layers" for name in analyses]
    choice = ["choice"] if tasks else []
    return [*analyses, *layers, *tasks, *choice, *(["agreement"] if analyses and tasks else [])]


def inter_name(model_a: str, model_b: str) -> str:
    """Stem of the heat map of two models."""
    return f"inter-{model_a}-vs-{model_b}"


def figure_names(
    analyses: Sequence[str], tasks: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Stems of the figures that `figures.all.make_figures` makes for analyses, tasks and pairs."""
    names = ["answers", "corpus", *(inter_name(*pair) for pair in pairs)]
    if analyses:
        names += ["layers", "learning", *analyses]
    if tasks:
        names += ["tasks", "single-vs-weighted", "weights", "choice"]
    if analyses and tasks:
        names += ["cca-vs-task", "agreement"]
    return names
