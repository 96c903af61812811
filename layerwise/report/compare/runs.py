"""Finished runs that are compared: their tables, and the units that differences are paired on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from layerwise.errors import ReportError
from layerwise.report.facts import RunFacts, read_facts
from layerwise.report.names import FACTS_NAME
from layerwise.report.raw import read_units
from layerwise.report.run_tables import RunTables, read_tables
from layerwise.report.task_counts import TaskCounts, read_task_counts

STEP = "{step}"
_NUMBER = r"(?P<step>\d+(?:\.\d+)?)(?P<unit>[kM]?)"
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6}


@dataclass(frozen=True)
class ComparedRun:
    """A finished run: ``label`` tells it from the others.

    Its numbers come from ``tables/``; units of the layer analyses and counts of tasks, which differences are
    paired on, from ``cca/`` and ``downstream/`` as far as they lie beside.
    """

    label: str
    folder: Path
    facts: RunFacts
    tables: RunTables
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def errors(self) -> dict[tuple[str, str, str], pd.Series]:
        """Contribution of each unit to the error of a mean score, by analysis, model and layer."""
        curves = self.tables.layer_summary[["model", "analysis"]].drop_duplicates()
        paths = [
            self.folder / "cca" / str(row.model) / f"{row.analysis}.units.parquet"
            for row in curves.itertuples()
        ]
        units = read_units(path for path in paths if path.is_file())
        if units.empty:
            return {}
        keys = ["analysis", "model", "layer"]
        sets = units.groupby(keys)["sample"].transform("nunique")
        parts = units.assign(contribution=units["contribution"] / sets)
        sums = parts.groupby([*keys, "unit"])["contribution"].sum()
        found = {}
        for key, rows in sums.groupby(level=[0, 1, 2]):
            analysis, model, layer = map(str, tuple(key))  # type: ignore[arg-type]
            found[(analysis, model, layer)] = rows.droplevel([0, 1, 2])
        return found

    @cached_property
    def counts(self) -> dict[tuple[str, str], TaskCounts]:
        """What each layer makes of the test units, by task and model, in the metric that decides."""
        pairs = self.tables.downstream_summary[["model", "task"]].drop_duplicates()
        paths = [
            self.folder / "downstream" / str(row.model) / f"{row.task}.utterances.parquet"
            for row in pairs.itertuples()
        ]
        found = read_task_counts((path for path in paths if path.is_file()), self.facts)
        return {
            (counts.task, counts.model): counts
            for counts in found
            if counts.metric == self.facts.task(counts.task).metric
        }

    @cached_property
    def seconds(self) -> pd.Series:
        """Length of each utterance of the corpus, by id."""
        return self.tables.utterances.set_index("utt_id")["seconds"]

    def named(self, model: str) -> str:
        """Name under which a model is compared."""
        return self.names.get(model, model)

    def models(self, shared: str) -> list[str]:
        """Models of the run that are compared under a name: one, or none."""
        return [model.name for model in self.facts.models if self.named(model.name) == shared]


@dataclass(frozen=True)
class Side:
    """A model of a run, and the step of its training where that is known."""

    run: ComparedRun
    model: str
    step: float | None = None

    @property
    def label(self) -> str:
        """Name in figures and tables."""
        return self.run.label if self.step is None else step_label(self.step)


def step_label(step: float) -> str:
    """Name of a checkpoint in figures: ``step 1,200,000``."""
    return f"step {step:,.12g}"


@dataclass(frozen=True)
class Series:
    """Sides that are compared with the first one, under one name."""

    name: str
    sides: tuple[Side, ...]


def read_runs(folders: Sequence[Path], same: Mapping[str, str] | None = None) -> list[ComparedRun]:
    """Read finished runs. Runs of one name are told by their folders.

    ``same`` maps names of models to those under which they are compared. Raises `ReportError` for a folder
    that is given twice, for tables that do not keep their contracts, and for a name in ``same`` that no run
    has.
    """
    twice = [path for place, path in enumerate(folders) if path.resolve() in _resolved(folders[:place])]
    if twice:
        raise ReportError(f"{twice[0]} is given twice; a run differs from itself in nothing")
    read = []
    for folder in folders:
        facts = read_facts(folder / "tables" / FACTS_NAME)
        read.append(ComparedRun(facts.run, folder, facts, read_tables(folder / "tables"), same or {}))
    known = {model.name for run in read for model in run.facts.models}
    for name in same or {}:
        if name not in known:
            raise ReportError(f"no run has a model {name!r} (--same); there are {', '.join(sorted(known))}")
    for run in read:
        shared = [run.named(model.name) for model in run.facts.models]
        double = [name for place, name in enumerate(shared) if name in shared[:place]]
        if double:
            raise ReportError(f"run {run.label} has two models that are compared as {double[0]!r} (--same)")
    labels = [run.label for run in read]
    return [replace(run, label=str(run.folder)) if labels.count(run.label) > 1 else run for run in read]


def _resolved(folders: Iterable[Path]) -> set[Path]:
    return {folder.resolve() for folder in folders}


def series_of(runs: Sequence[ComparedRun], training: str | None = None) -> list[Series]:
    """Say what is compared with what: each model of the first run with that of the others, or checkpoints.

    ``training`` is a pattern with ``{step}`` in place of a number (``hubert-{step}``; ``5k`` is 5,000).
    Models that it fits, of all runs, are checkpoints of one model; where it fits none, but names of runs,
    each model of these runs has its checkpoints there. Raises `ReportError` where nothing can be compared.
    """
    if training:
        return _checkpoints(runs, training)
    if len(runs) < 2:
        raise ReportError("one run alone cannot be compared; name another, or its checkpoints (--training)")
    found = []
    for model in runs[0].facts.models:
        shared = runs[0].named(model.name)
        sides = tuple(Side(run, name) for run in runs for name in run.models(shared))
        if len(sides) > 1:
            found.append(Series(shared, sides))
    for run in runs[1:]:
        if not any(side.run is run for entry in found for side in entry.sides):
            raise ReportError(
                f"runs {runs[0].label} and {run.label} have no model in common: {_listed(runs[0])} against "
                f"{_listed(run)}; say which are the same with --same {run.facts.models[0].name}="
                f"{runs[0].facts.models[0].name}"
            )
    return found


def _checkpoints(runs: Sequence[ComparedRun], training: str) -> list[Series]:
    if training.count(STEP) != 1:
        raise ReportError(f"--training {training!r}: write {STEP} once, where names have the step")
    before, after = training.split(STEP)
    pattern = re.compile(f"{re.escape(before)}{_NUMBER}{re.escape(after)}")
    models = [
        Side(run, model.name, step)
        for run in runs
        for model in run.facts.models
        if (step := _step(pattern, model.name)) is not None
    ]
    if models:
        return [Series(training, _in_order(training, models))]
    fitting = {run.label: _step(pattern, run.label) for run in runs}
    if any(step is None for step in fitting.values()):
        names = sorted({model.name for run in runs for model in run.facts.models})
        raise ReportError(
            f"--training {training!r} fits no model ({', '.join(names)}) and not all runs "
            f"({', '.join(fitting)})"
        )
    found = []
    for model in dict.fromkeys(run.named(model.name) for run in runs for model in run.facts.models):
        sides = [Side(run, name, fitting[run.label]) for run in runs for name in run.models(model)]
        if len(sides) > 1:
            found.append(Series(model, _in_order(training, sides)))
    if not found:
        raise ReportError(f"--training {training!r}: runs {', '.join(fitting)} have no model in common")
    return found


def _step(pattern: re.Pattern[str], name: str) -> float | None:
    fit = pattern.fullmatch(name)
    return float(fit["step"]) * _FACTORS[fit["unit"]] if fit else None


def _in_order(training: str, sides: Sequence[Side]) -> tuple[Side, ...]:
    steps = [side.step for side in sides]
    if len(sides) < 2 or len(set(steps)) < len(sides):
        found = ", ".join(f"{side.model} of {side.run.label}" for side in sides)
        raise ReportError(f"--training {training!r}: two or more different steps are needed; it fits {found}")
    return tuple(sorted(sides, key=lambda side: side.step or 0.0))


def _listed(run: ComparedRun) -> str:
    return ", ".join(run.named(model.name) for model in run.facts.models)
