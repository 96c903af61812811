"""Which question of the report a figure or table helps to answer: the categories of `snakemake --report`."""

from collections.abc import Collection

from layerwise.report.names import measure_name

ANSWERS = "1 Four answers"
EVOLUTION = "2 How do properties evolve?"
OBJECTIVE = "3 Does the objective shape the curves?"
TASKS = "4 Does one layer suffice?"
CHOICE = "5 Which layer to take?"
MEASURES = "6 What do other yardsticks say?"
DATA = "7 What does it rest on?"
QUESTIONS = (ANSWERS, EVOLUTION, OBJECTIVE, TASKS, CHOICE, MEASURES, DATA)

_OF_NAMES = {
    ANSWERS: ("answers", "report", "references", "methods"),
    EVOLUTION: (
        *("layers", "heat", "depth", "learning", "inter", "layer_scores", "layer_summary", "peaks"),
        *("influential", "regularisers", "inter_scores"),
    ),
    OBJECTIVE: ("control_contrasts", "curve_contrasts", "last_block_contrasts"),
    TASKS: (
        *("tasks", "single-vs-weighted", "weights", "weights-vs-task", "downstream", "downstream_summary"),
        *("task_peaks", "single_weighted", "task_contrasts", "head_agreement", "label-errors"),
        *("label_errors", "confusions", "training", "chance"),
    ),
    CHOICE: ("choice", "cca-vs-task", "agreement"),
    MEASURES: (
        *("measures", "measures-vs-measures", "measure_agreement", "side_by_side", "published"),
        "measure_omissions",
    ),
}
_QUESTIONS = {name: question for question, names in _OF_NAMES.items() for name in names}


def question_of(stem: str, analyses: Collection[str] = (), tasks: Collection[str] = ()) -> str:
    """Return the question of a figure or table by its name without suffix.

    Tables and figures of one analysis, task, measure or pair of models are named after it. What is left (
    corpus, alignment, exclusions) says what the answers rest on.
    """
    plain = stem.removesuffix("-layers")
    if plain in analyses or stem.startswith("inter-"):
        return EVOLUTION
    if stem in tasks:
        return TASKS
    if stem.startswith(measure_name("")):
        return MEASURES
    return _QUESTIONS.get(stem, DATA)
