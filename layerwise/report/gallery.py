"""Figures of the appendix: evidence that no section of the report rests on alone."""

from layerwise.report.facts import RunFacts
from layerwise.report.many import is_many
from layerwise.report.run_tables import RunTables


def gallery(tables: RunTables, facts: RunFacts) -> list[str]:
    """Stems of the figures that have something to show in this run, in the order of the questions.

    Rows of a heat map are there to be compared: one says what its curve says, and with many models the figure
    of all curves is a heat map already. Relative depth tells something new where models differ in depth.
    """
    trained = [model.name for model in facts.of_kind("trained")]
    depths = tables.peaks.loc[tables.peaks["model"].isin(trained), "n_layers"].nunique()
    shown = {
        "heat": bool(tables.planned) and len(trained) > 1 and not is_many(facts),
        "depth": depths > 1,
        "measures-vs-measures": bool(facts.measures) and not tables.measure_agreement.empty,
        "weights-vs-task": not tables.weights.empty,
        "training": not tables.training.empty,
        "label-errors": not tables.label_errors.empty,
        "confusions": not tables.confusions.empty,
        "alignment-quality": bool(tables.utterances["score"].notna().any()),
    }
    return [stem for stem, there in shown.items() if there]
