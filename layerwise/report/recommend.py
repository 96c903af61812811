"""Which layer to take: one line per model and task, with its reason and what it is expected to lose."""

import math

import numpy as np

from layerwise.errors import ReportError
from layerwise.report.curves import curve_of, headlines, peak_of
from layerwise.report.facts import ModelFacts, RunFacts
from layerwise.report.run_tables import RunTables, of
from layerwise.report.typeset import number, tie_span, with_limits
from layerwise.report.words import ALL, DEV, LEVEL, PHONE_TASKS, PHONES, WORDS
from layerwise.specs.registry import registry
from layerwise.specs.spec import TaskSpec

UNITS = {PHONES: "phone", WORDS: "word"}


def recommendations(tables: RunTables, facts: RunFacts, task: str | None = None) -> list[str]:
    """Recommend a layer of each trained model, for a task or for all tasks of the run.

    Where tasks were trained, it is the layer that is best on dev, and the expected loss is its regret on test
    (`choice.choice`). Where none was, it is the peak of cca-phone for phone recognition and of cca-word for
    all else (of the other, where one is not there; where neither is, the best by a measure), and what it
    loses is not known. Measures of phones, or of words, that have another best layer are named.

    Raises `ReportError` for a task that the run (or where it has none, nobody) knows, and where neither tasks
    nor analyses say anything.
    """
    known = tables.tasks or sorted(registry().all(TaskSpec))
    if task and task not in known:
        where = f"the run {facts.run}" if tables.tasks else "layerwise"
        raise ReportError(f"task {task!r} is not one of {where}: choose one of {', '.join(known)}")
    goals = ([task] if task else tables.tasks) if tables.tasks else [task or ""]
    lines = []
    for model in facts.of_kind("trained"):
        for goal in goals:
            if tables.tasks:
                lines.append(_from_task(tables, facts, model, goal))
            else:
                lines.append(_from_peak(tables, facts, model, goal))
    lines = [line for line in lines if line]
    if not lines:
        raise ReportError(
            f"the run {facts.run} has neither tasks nor {PHONES} or {WORDS} of a trained model, nor "
            "a measure of phones or words: add one of them to its config"
        )
    return lines


def _from_task(tables: RunTables, facts: RunFacts, model: ModelFacts, task: str) -> str:
    metric = facts.task(task).metric
    here = {"model": model.name, "task": task, "metric": metric.name}
    chosen = of(tables.choice, **here, strategy=DEV)
    if chosen.empty:
        return ""
    row, peak = chosen.iloc[0], of(tables.task_peaks, **here).iloc[0]
    others = [layer for layer in str(peak["tie"]).split(" ") if layer != row["layer"]]
    reason = f"best on dev with test {metric.title} {number(row['value'], 3)}"
    if others:
        reason += f"; may be as good: {' '.join(others)}"
    whole = of(tables.single_weighted, **here, verdict=ALL)
    if not whole.empty:
        reason += f"; the learned sum of all layers is better, {number(whole['all'].iloc[0], 3)}"
    lost = with_limits(row, "regret", 3)
    return f"{model.name}, {task}: {row['layer']} ({reason}). Expected regret: {lost}."


def _from_peak(tables: RunTables, facts: RunFacts, model: ModelFacts, task: str) -> str:
    first = PHONES if task in PHONE_TASKS else WORDS
    best = _best_by_measures(tables, facts, model, UNITS[first])
    head = f"{model.name}, {task}" if task else model.name
    unknown = "Expected regret: not known, the run has no task."
    for name in sorted((PHONES, WORDS), key=lambda name: name != first):
        peak = peak_of(tables.peaks, model.name, name)
        if peak is None:
            continue
        curve = curve_of(tables.layer_summary, model.name, name)
        reason = f"peak of {name}"
        if peak["n_tie"] > 1:
            reason += f"; may be as good: {tie_span(curve, str(peak['tie']))}"
        p = float(peak["p"])
        if not math.isnan(p) and p >= LEVEL:
            reason += f"; not above chance, p = {number(p, 3)}"
        if others := [f"{name}: {layer}" for name, layer in best.items() if layer != peak["layer"]]:
            reason += f"; best by {', '.join(others)}"
        return f"{head}: {peak['layer']} ({reason}). {unknown}"
    if best:
        name, layer = next(iter(best.items()))
        return f"{head}: {layer} (best by {name}). {unknown}"
    return ""


def _best_by_measures(tables: RunTables, facts: RunFacts, model: ModelFacts, unit: str) -> dict[str, str]:
    """The best block layer by the headline of each measure that tells such units apart, or the other ones."""
    curves = headlines(tables.layer_summary, tables.measures, facts)
    fitting = [measure for measure in facts.measures if measure.unit == unit]
    found = {}
    for measure in fitting or [measure for measure in facts.measures if measure.unit in UNITS.values()]:
        curve = curve_of(curves, model.name, measure.name)
        if len(curve):
            place = int(np.argmax(measure.main.sign * curve["score"].to_numpy(dtype=float)))
            found[measure.name] = str(curve.index[place])
    return found
