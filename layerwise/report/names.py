"""Names of the files that the report stage makes, known before anything is made."""

from collections.abc import Sequence

FACTS_NAME = "facts.json"  # beside the tables
COLUMN, PAGE, TABULAR = "column", "page", ".tabular"  # forms of a LaTeX table and of a figure
FORMATS = ("pdf", "svg", "png")
MANY = "-many"  # ends the name of a caption of the form that a figure has where models are many
OF_MANY = ("layers", "layer", "tasks", "weights", "label-errors", "confusions")  # captions with such a form


def latex_names(
    analyses: Sequence[str], tasks: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Files without ``.tex`` that `latex_tables.write_latex` writes for a run, below its tables.

    Each table fits one column or the full width of a page, as a float and as the tabular alone.
    """
    layers = [f"{name}-layers" for name in analyses]
    names = [*analyses, *layers, *tasks, *(["choice"] if tasks else [])]
    names += [*(["agreement"] if analyses and tasks else []), *(inter_name(*pair) for pair in pairs)]
    return [f"{form}/{name}{part}" for name in names for form in (COLUMN, PAGE) for part in ("", TABULAR)]


def inter_name(model_a: str, model_b: str) -> str:
    """Stem of the heat map of two models."""
    return f"inter-{model_a}-vs-{model_b}"


def measure_name(measure: str) -> str:
    """Stem of the figure of all variants of a measure."""
    return f"measure-{measure}"


def printed_names(stems: Sequence[str]) -> list[str]:
    """Files of figures in the sizes of papers, below the folder of figures."""
    return [f"{form}/{stem}.{suffix}" for form in (COLUMN, PAGE) for stem in stems for suffix in FORMATS]


def caption_name(stem: str, analyses: Sequence[str] = (), *, many: bool = False) -> str:
    """Name without ``.rst`` of the caption of a figure.

    Figures of one analysis, measure or pair of models share a caption. With ``many``, models are more than
    one panel holds as curves.
    """
    shared = {inter_name("", "").partition("-")[0]: "inter", measure_name("").rstrip("-"): "measure"}
    start, dash, _ = stem.partition("-")
    name = shared.get(start, stem) if dash else stem
    if stem in analyses or (many and stem == "layers" and len(analyses) == 1):
        name = "layer"
    return f"{name}{MANY}" if many and name in OF_MANY else name


def figure_names(
    analyses: Sequence[str],
    tasks: Sequence[str],
    pairs: Sequence[tuple[str, str]] = (),
    measures: Sequence[str] = (),
) -> list[str]:
    """Stems of the figures that `figures.all.make_figures` makes for analyses, tasks, pairs and measures."""
    names = ["answers", "corpus", "alignment-quality", *(inter_name(*pair) for pair in pairs)]
    if analyses:
        names += ["layers", "heat", "depth", "learning", *analyses]
    if measures:
        names += ["measures", *map(measure_name, measures), "measures-vs-measures"]
    if tasks:
        names += ["tasks", "single-vs-weighted", "weights", "weights-vs-task", "choice"]
        names += ["label-errors", "confusions", "training"]
    if analyses and tasks:
        names.append("cca-vs-task")
    if (analyses or measures) and tasks:
        names.append("agreement")
    return names
