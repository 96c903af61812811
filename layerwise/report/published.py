"""Our values beside published ones, wherever model, corpus, layer and variant are the same."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from layerwise.contracts.checks import checked
from layerwise.contracts.measures import PUBLISHED_VALUES
from layerwise.contracts.run_tables import columns
from layerwise.errors import ReportError
from layerwise.layers import layer_index
from layerwise.report.facts import RunFacts


def read_published(paths: Iterable[Path]) -> pd.DataFrame:
    """Read files of published values, as those in resources/published (`PUBLISHED_VALUES`).

    Raises `ReportError` naming file, column and row of the first fault, or a file that is no table.
    """
    texts = {column.name: str for column in PUBLISHED_VALUES.columns if column.kind == "text"}
    read = []
    for path in paths:
        try:
            frame = pd.read_csv(path, dtype=texts, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise ReportError(f"{path}: cannot read the published values ({error}); correct it") from error
        read.append(checked(PUBLISHED_VALUES, frame, str(path), "correct the file"))
    return (
        pd.concat(read, ignore_index=True) if read else pd.DataFrame(columns=list(PUBLISHED_VALUES.required))
    )


def published_values(measures: pd.DataFrame, values: pd.DataFrame, facts: RunFacts) -> pd.DataFrame:
    """Return a row for each published value of a layer that this run has measured as well.

    ``measures`` is `RunTables.measures`, ``values`` what `read_published` gives. The corpus must be one that
    the config says the run's is (``facts.published_corpora``); the model is that of the same name, or of the
    same source (a hub id). ``within``: whether the
    difference is at most the tolerance.
    """
    names = {name: model.name for model in facts.models for name in (model.source, model.name)}
    theirs = values[values["corpus"].isin(facts.published_corpora) & values["model"].isin(names)]
    theirs = theirs.assign(model=theirs["model"].map(names)).rename(columns={"value": "published"})
    if theirs.empty:
        return pd.DataFrame(columns=columns("published"))
    both = measures.merge(theirs, on=["model", "measure", "variant", "layer"])
    difference = both["value"] - both["published"]
    order = {model.name: place for place, model in enumerate(facts.models)}
    both = both.assign(
        difference=difference,
        within=(difference.abs() <= both["tolerance"]).map({True: "yes", False: "no"}),
        place=both["model"].map(order),
        index=[layer_index(str(layer)) for layer in both["layer"]],
    ).sort_values(["place", "measure", "variant", "corpus", "source", "index"], kind="stable")
    return both[columns("published")].reset_index(drop=True)
