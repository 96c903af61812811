"""Figures that the page shows beside those of the document, each in the section of its question."""

from collections.abc import Collection, Mapping, Sequence

from layerwise.report.answers import CHOICE, CURVES, TASKS
from layerwise.report.facts import RunFacts
from layerwise.report.names import caption_name, measure_name
from layerwise.report.questions import CHOICE as OF_CHOICE
from layerwise.report.questions import EVOLUTION, MEASURES, question_of
from layerwise.report.questions import TASKS as OF_TASKS
from layerwise.report.run_tables import RunTables

DATA = "corpus"  # anchor of the section that takes what answers no other question
_ANCHORS = {EVOLUTION: CURVES, OF_TASKS: TASKS, OF_CHOICE: CHOICE, MEASURES: "measures"}


def more_figures(
    stems: Sequence[str],
    shown: Collection[str],
    captions: Mapping[str, str],
    tables: RunTables,
    facts: RunFacts,
    *,
    many: bool,
) -> dict[str, list[dict[str, str]]]:
    """Return figures with captions, in order, by the anchor of their section.

    ``stems`` are all figures of the run, ``shown`` those that the document has; ``captions`` are by the name
    of their file (`names.caption_name`), ``many`` says which form figures have. A figure of one analysis or
    measure begins with its title.
    """
    found: dict[str, list[dict[str, str]]] = {}
    for stem in stems:
        name = caption_name(stem, tables.planned, many=many)
        if stem in shown or name not in captions:
            continue
        anchor = _ANCHORS.get(question_of(stem, tables.planned, tables.tasks), DATA)
        caption = f"{_title(stem, tables, facts)}{captions[name]}"
        found.setdefault(anchor, []).append({"stem": stem, "caption": caption})
    return found


def _title(stem: str, tables: RunTables, facts: RunFacts) -> str:
    titles = {name: facts.analysis(name).title for name in tables.planned}
    titles |= {measure_name(measure.name): measure.title for measure in facts.measures}
    return f"{titles[stem]}. " if stem in titles else ""
