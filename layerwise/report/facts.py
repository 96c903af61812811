"""What a run is: the facts that the figures and the report state beside the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from layerwise import layers
from layerwise.analyses.run import ANALYSES
from layerwise.analyses.vectors import TITLES as VECTOR_TITLES
from layerwise.errors import ReportError

ModelKind = Literal["trained", "random", "baseline"]
Supervision = Literal["self-supervised", "weakly supervised", "supervised", "none"]
Protocol = Literal["paper", "corrected"]

ANALYSIS_TITLES = {**{name: analysis.title for name, analysis in ANALYSES.items()}, **VECTOR_TITLES}
TASK_TITLES = {"pr": "Phone recognition", "scenario": "Scenario classification"}
METRIC_TITLES = {
    "per": "PER",
    "wer": "WER",
    "cer": "CER",
    "accuracy": "Accuracy",
    "f1": "F1",
}
LOWER_IS_BETTER = frozenset({"per", "wer", "cer"})
# A reference layer correlates perfectly with itself, which says nothing about the model.
REFERENCE_LAYERS = {
    name: analysis.reference for name, analysis in ANALYSES.items() if analysis.reference is not None
}


@dataclass(frozen=True)
class ModelFacts:
    """One model of the run; ``twin_of`` names the trained model that a random twin was built from."""

    name: str
    source: str
    objective: str
    supervision: Supervision
    kind: ModelKind
    twin_of: str | None = None
    parameters: int | None = None

    @property
    def label(self) -> str:
        """Name for figures and text; supervision other than self-supervision is always said."""
        return f"{self.name} ({self.supervision})" if "supervised" in self._unusual else self.name

    @property
    def _unusual(self) -> str:
        return "" if self.supervision == "self-supervised" else self.supervision


@dataclass(frozen=True)
class CorpusFacts:
    """The corpus as used: ``splits`` counts utterances, ``description`` may hold origin and licence."""

    name: str
    utterances: int
    speakers: int
    seconds: float
    splits: Mapping[str, int]
    description: str = ""


@dataclass(frozen=True)
class Exclusion:
    """Something left out of the run: the stage that dropped it, what it was and why."""

    stage: str
    item: str
    reason: str


@dataclass(frozen=True)
class RunFacts:
    """All that the report says about a run beside its tables.

    ``models`` are in the order of the config, which is the order of legends and tables. ``samples`` and
    ``trials`` are the numbers of sample sets and of trials per set; ``digests`` maps artifacts to SHA-256.
    """

    run: str
    protocol: Protocol
    seed: int
    models: tuple[ModelFacts, ...]
    corpus: CorpusFacts
    aligner: str
    samples: int
    trials: int
    exclusions: tuple[Exclusion, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def model(self, name: str) -> ModelFacts:
        """Return the facts of a model; raise `ReportError` for a name that the run does not have."""
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise ReportError(f"model {name!r} is in the tables but not in the run's models ({known})")

    def of_kind(self, kind: ModelKind) -> tuple[ModelFacts, ...]:
        """Models of one kind, in config order."""
        return tuple(model for model in self.models if model.kind == kind)

    def twin(self, name: str) -> ModelFacts | None:
        """Return the random twin of a trained model, if the run has one."""
        return next((model for model in self.of_kind("random") if model.twin_of == name), None)


def analysis_title(analysis: str) -> str:
    """Title of an analysis for figures; analyses without one go by their name."""
    return ANALYSIS_TITLES.get(analysis, analysis)


def own_reference(analysis: str) -> bool:
    """Whether each model is its own reference in an analysis, so that models are not compared."""
    return analysis in ANALYSES and ANALYSES[analysis].own_reference


def measure(analysis: str) -> str:
    """What the scores of an analysis are, for axes."""
    return ANALYSES[analysis].measure if analysis in ANALYSES else "PWCCA score"


def task_title(task: str) -> str:
    """Title of a task for figures; tasks without one go by their name."""
    return TASK_TITLES.get(task, task)


def metric_sign(metric: str) -> int:
    """Return 1 where a higher metric is better and -1 where lower is; raise on an unknown metric."""
    if metric not in METRIC_TITLES:
        known = ", ".join(sorted(METRIC_TITLES))
        raise ReportError(f"metric {metric!r} has no known direction: add it to METRIC_TITLES ({known})")
    return -1 if metric in LOWER_IS_BETTER else 1


def layer_index(layer: str, file: str = "layer") -> float:
    """Position of a transformer layer: ``Tl`` is l, ``TL+ln`` is L + 0.5 and ``all`` comes last."""
    try:
        index = layers.layer_index(layer)
    except ValueError as error:
        raise ReportError(f"{file}: column layer: {error}") from error
    if index < 0:
        raise ReportError(f"{file}: column layer has {layer!r}; expected T0, T1, ..., TL+ln or all")
    return index


def block_layers(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``T0``, block outputs and ``TL+ln`` (not conv layers, not ``all``)."""
    return table[[layers.is_block(str(layer)) for layer in table["layer"]]]
