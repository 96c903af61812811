"""What figures show of a run: the models and layers that the section `style` names."""

from dataclasses import fields, replace

from layerwise.layers import is_block
from layerwise.options.style import StyleOptions
from layerwise.report.facts import RunFacts
from layerwise.report.figures.looks import kept_models
from layerwise.report.run_tables import RunTables

CORPUS = ("utterances", "segments", "splits", "warnings", "exclusions")


def shown(tables: RunTables, facts: RunFacts, options: StyleOptions) -> tuple[RunTables, RunFacts]:
    """Leave out models, with their random twins, and layers that are not to be shown.

    Models against each other stay, since figures of pairs are planned by pair. Tables about utterances and
    labels stay whole.
    """
    facts = replace(facts, models=kept_models(facts, options))
    names = {model.name for model in facts.models}
    changed = {}
    for field in fields(tables):
        table = getattr(tables, field.name)
        for column in ("model", "model_a", "model_b") if field.name != "inter_scores" else ():
            if column in table and field.name not in CORPUS:
                table = table[table[column].isin(names)]
        if options.layers == "blocks" and "layer" in table and field.name != "exclusions":
            table = table[[layer == "" or not _conv(str(layer)) for layer in table["layer"]]]
        changed[field.name] = table.reset_index(drop=True)
    return replace(tables, **changed), facts


def _conv(layer: str) -> bool:
    return layer.startswith("C") and not is_block(layer)
