"""Names of the files that the report stage makes, known before anything is made."""

from collections.abc import Sequence

FACTS_NAME = "facts.json"  # beside the tables


def latex_names(analyses: Sequence[str], tasks: Sequence[str], measures: Sequence[str] = ()) -> list[str]:
    """Stems of the LaTeX tables that `latex.write_latex` writes for analyses, tasks and measures."""
    layers = [f"{name}-layers" for name in analyses]
    choice = ["choice"] if tasks else []
    agreement = ["agreement"] if (analyses or measures) and tasks else []
    ranks = ["measure-ranks"] if measures else []
    return [*analyses, *layers, *tasks, *choice, *agreement, *ranks]


def inter_name(model_a: str, model_b: str) -> str:
    """Stem of the heat map of two models."""
    return f"inter-{model_a}-vs-{model_b}"


def measure_name(measure: str) -> str:
    """Stem of the figure of all variants of a measure."""
    return f"measure-{measure}"


def figure_names(
    analyses: Sequence[str],
    tasks: Sequence[str],
    pairs: Sequence[tuple[str, str]] = (),
    measures: Sequence[str] = (),
) -> list[str]:
    """Stems of the figures that `figures.all.make_figures` makes for analyses, tasks, pairs and measures."""
    names = ["corpus", *(inter_name(*pair) for pair in pairs)]
    if analyses:
        names += ["layers", "learning", *analyses]
    if measures:
        names += ["measures", *map(measure_name, measures)]
    if tasks:
        names += ["tasks", "single-vs-weighted", "weights", "choice"]
    if analyses and tasks:
        names.append("cca-vs-task")
    if (analyses or measures) and tasks:
        names.append("agreement")
    return names
