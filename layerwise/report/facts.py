"""What a run is: the facts that the figures and the report state beside the numbers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from layerwise.errors import ReportError
from layerwise.files import write_text
from layerwise.specs.metrics import Chance, Metric

ModelKind = Literal["trained", "random", "baseline"]
Supervision = Literal["self-supervised", "weakly supervised", "supervised", "none"]
Protocol = Literal["paper", "corrected"]
MUTUAL_INFORMATION = "Normalised MI"  # a measure that the report explains, beside PWCCA


@dataclass(frozen=True)
class ModelFacts:
    """One model of the run.

    ``twin_of`` names the trained model that a random twin was built from; models with one ``recipe`` are
    seeds of one pre-training.
    """

    name: str
    source: str
    objective: str
    supervision: Supervision
    kind: ModelKind
    twin_of: str | None = None
    parameters: int | None = None
    recipe: str = ""

    @property
    def label(self) -> str:
        """Name for figures and text; supervision other than self-supervision is always said."""
        return f"{self.name} ({self.supervision})" if "supervised" in self._unusual else self.name

    @property
    def _unusual(self) -> str:
        return "" if self.supervision == "self-supervised" else self.supervision


@dataclass(frozen=True)
class CorpusFacts:
    """A corpus as used: ``splits`` counts utterances, ``description`` may hold origin and licence."""

    name: str
    utterances: int
    speakers: int
    seconds: float
    splits: Mapping[str, int]
    description: str = ""


@dataclass(frozen=True)
class AnalysisFacts:
    """One analysis of the run, as its spec says (`layerwise.specs.spec.AnalysisSpec`)."""

    name: str
    title: str
    method: str
    unit: str
    measure: str
    higher_is_better: bool
    reference: str | None
    own_reference: bool

    @property
    def short(self) -> str:
        """Title without what stands in brackets."""
        return self.title.split(" (")[0]

    @property
    def sign(self) -> int:
        """1 where a higher score is better, -1 where a lower one is."""
        return 1 if self.higher_is_better else -1


@dataclass(frozen=True)
class VariantFacts:
    """One variant of a measure (`layerwise.specs.spec.Variant`)."""

    name: str
    title: str
    quantity: str
    higher_is_better: bool
    floor: float | None

    @property
    def sign(self) -> int:
        """1 where a higher value is better, -1 where a lower one is."""
        return 1 if self.higher_is_better else -1

    @property
    def factor(self) -> int:
        """What values of tables are multiplied by to have the unit of ``quantity``."""
        return 100 if "(%)" in self.quantity else 1


@dataclass(frozen=True)
class MeasureFacts:
    """One measure of the run, as its spec says (`layerwise.specs.spec.MeasureSpec`)."""

    name: str
    title: str
    method: str
    unit: str
    headline: str
    source: str
    variants: tuple[VariantFacts, ...]

    def variant(self, name: str) -> VariantFacts:
        """Return the facts of a variant; raise `ReportError` for one that the measure does not have."""
        return _find("variant", self.variants, name)

    @property
    def main(self) -> VariantFacts:
        """The headline variant."""
        return self.variant(self.headline)

    def as_analysis(self) -> AnalysisFacts:
        """What stands for it where layers are ranked: an analysis whose score is its headline variant."""
        return AnalysisFacts(
            name=self.name,
            title=self.title,
            method=self.method,
            unit=self.unit,
            measure=self.main.quantity,
            higher_is_better=self.main.higher_is_better,
            reference=None,
            own_reference=False,
        )


@dataclass(frozen=True)
class TaskFacts:
    """One downstream task of the run, as its spec says (`layerwise.specs.spec.TaskSpec`).

    ``metric`` decides, ``also`` are further ones; tasks with one ``goal`` differ in the head alone.
    ``chance`` says what one answer for all reaches.
    """

    name: str
    title: str
    metric: Metric
    also: tuple[Metric, ...] = ()
    goal: str = ""
    chance: Chance = None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, the one that decides first."""
        return (self.metric, *self.also)

    def metric_of(self, name: str) -> Metric:
        """Return a metric by name; raise `ReportError` for one that the task does not have."""
        return _find("metric", self.metrics, name)


@dataclass(frozen=True)
class RunFacts:
    """All that the report says about a run beside its tables.

    ``models`` are in the order of the config, which is the order of legends and tables. ``samples`` and
    ``trials`` are the numbers of sample sets and of trials per set; a difference below ``smallest_effect`` is
    not worth a name; ``digests`` maps artifacts to SHA-256. ``corpora`` are those that only tasks use;
    ``published_corpora`` are names that published values give to the analysed corpus. ``live`` names, for
    each task that did so, the models that encoded in training. ``licences`` are those of corpora, models and
    vectors, by their key in the config.
    """

    run: str
    protocol: Protocol
    seed: int
    models: tuple[ModelFacts, ...]
    corpus: CorpusFacts
    aligner: str
    samples: int
    trials: int
    smallest_effect: float = 0.02
    analyses: tuple[AnalysisFacts, ...] = ()
    tasks: tuple[TaskFacts, ...] = ()
    measures: tuple[MeasureFacts, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    corpora: tuple[CorpusFacts, ...] = ()
    live: Mapping[str, Sequence[str]] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    published_corpora: tuple[str, ...] = ()

    def model(self, name: str) -> ModelFacts:
        """Return the facts of a model; raise `ReportError` for a name that the run does not have."""
        return _find("model", self.models, name)

    def analysis(self, name: str) -> AnalysisFacts:
        """Return the facts of an analysis; raise `ReportError` for a name that the run does not have."""
        return _find("analysis", self.analyses, name)

    def compared(self, name: str) -> AnalysisFacts:
        """Return the facts of an analysis, or of a measure as one; raise `ReportError` for other names."""
        return _find("analysis", (*self.analyses, *(entry.as_analysis() for entry in self.measures)), name)

    def measure(self, name: str) -> MeasureFacts:
        """Return the facts of a measure; raise `ReportError` for a name that the run does not have."""
        return _find("measure", self.measures, name)

    def task(self, name: str) -> TaskFacts:
        """Return the facts of a task; raise `ReportError` for a name that the run does not have."""
        return _find("task", self.tasks, name)

    def of_kind(self, kind: ModelKind) -> tuple[ModelFacts, ...]:
        """Models of one kind, in config order."""
        return tuple(model for model in self.models if model.kind == kind)

    def twin(self, name: str) -> ModelFacts | None:
        """Return the random twin of a trained model, if the run has one."""
        return next((model for model in self.of_kind("random") if model.twin_of == name), None)

    def recipes(self) -> dict[str, tuple[ModelFacts, ...]]:
        """Self-supervised models by name; those of one recipe, its seeds, by the recipe."""
        made: dict[str, tuple[ModelFacts, ...]] = {}
        for model in self.of_kind("trained"):
            if model.supervision == "self-supervised":
                name = model.recipe or model.name
                made[name] = (*made.get(name, ()), model)
        return made

    def in_order(self, names: Iterable[str]) -> list[ModelFacts]:
        """Models among ``names``, in config order."""
        wanted = set(names)
        return [model for model in self.models if model.name in wanted]


Named = TypeVar("Named", ModelFacts, AnalysisFacts, MeasureFacts, VariantFacts, TaskFacts, Metric)
PLURALS = {
    **{"model": "models", "analysis": "analyses", "measure": "measures"},
    **{"variant": "variants", "task": "tasks", "metric": "metrics"},
}


def _find(kind: str, entries: Sequence[Named], name: str) -> Named:
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in entries) or "none"
    raise ReportError(f"{kind} {name!r} is in the tables but not in the run's {PLURALS[kind]} ({known})")


def analysis_facts(entries: Iterable[Mapping[str, Any]]) -> tuple[AnalysisFacts, ...]:
    """Make facts of analyses from plain values, a mapping of all fields of `AnalysisFacts` for each."""
    return tuple(AnalysisFacts(**entry) for entry in entries)


def measure_facts(entries: Iterable[Mapping[str, Any]]) -> tuple[MeasureFacts, ...]:
    """Make facts of measures from plain values, a mapping of all fields of `MeasureFacts` for each."""
    return tuple(
        MeasureFacts(**{**entry, "variants": tuple(VariantFacts(**each) for each in entry["variants"])})
        for entry in entries
    )


def task_facts(entries: Iterable[Mapping[str, Any]]) -> tuple[TaskFacts, ...]:
    """Make facts of tasks from plain values: name, title, goal, chance, metric and ``also``."""
    return tuple(
        TaskFacts(
            entry["name"],
            entry["title"],
            Metric(**entry["metric"]),
            tuple(Metric(**metric) for metric in entry["also"]),
            entry["goal"],
            entry["chance"],
        )
        for entry in entries
    )


def write_facts(facts: RunFacts, path: Path) -> None:
    """Write the facts of a run as JSON. Keys keep their order, which is that of the report."""
    write_text(json.dumps(asdict(facts), indent=2, ensure_ascii=False) + "\n", path)


def read_facts(path: Path) -> RunFacts:
    """Read the facts of a run (`write_facts`).

    Raises `ReportError`, naming the file, if it is missing or is not what `write_facts` writes.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made = {
            "models": tuple(ModelFacts(**entry) for entry in content["models"]),
            "corpus": CorpusFacts(**content["corpus"]),
            "analyses": analysis_facts(content["analyses"]),
            "tasks": task_facts(content["tasks"]),
            "measures": measure_facts(content["measures"]),
            "published_corpora": tuple(content["published_corpora"]),
            "corpora": tuple(CorpusFacts(**entry) for entry in content["corpora"]),
        }
        return RunFacts(**{**content, **made})
    except OSError as error:
        raise ReportError(f"{path}: cannot read the facts of the run ({error}); make the tables") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path}: not the facts of a run ({error}); make the tables again") from error
