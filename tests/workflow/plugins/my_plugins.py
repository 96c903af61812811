"""Plug-ins of two kinds in one file, each with options of its own: durations, and lengths in words."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from layerwise.analyses.base import Analysis, PreparedTarget, Request, ViewPair, row_namer
from layerwise.options.protocol import Protocol
from layerwise.options.section import Section
from layerwise.options.training import TrainingRecipe
from layerwise.specs.metrics import ACCURACY
from layerwise.specs.spec import AnalysisSpec, TaskSpec
from layerwise.tasks.classification import Classification
from layerwise.tasks.data import Task, TaskCorpus


class DurationOptions(Section):
    """Keys below ``options: {duration: ...}`` in a config."""

    at_least: float = Field(default=0.0, ge=0, description="Shorter phones, in seconds, are left out.")


class Durations(PreparedTarget):
    """Phone segments with the logarithm of their seconds."""

    def __init__(self, request: Request) -> None:
        assert isinstance(request.own, DurationOptions)
        self.source, self.layers = request.source, request.source.layers
        rows = request.rows("phone")
        self.rows = rows[rows["end"] - rows["start"] >= request.own.at_least]
        self.units = request.units(self.rows)
        self.part = request.deal(self.units)
        self.target = np.log((self.rows["end"] - self.rows["start"]).to_numpy())[:, None]

    def views(self, layer: str) -> ViewPair:
        features = self.source.segments("phone", layer, self.rows["segment"].to_numpy())
        return ViewPair(features, self.target, self.units, self.part, row_namer(self.rows))


DURATION = Analysis(Durations, permute=True, own=DurationOptions)


class LengthOptions(Section):
    """Keys below ``options: {length: ...}`` in a config."""

    most: int = Field(default=3, ge=2, description="So many words or more are one class.")


class Length(Classification):
    """Classification of utterances by their number of words."""

    def __init__(self, corpus: TaskCorpus, task: Task, protocol: Protocol) -> None:
        words = (corpus.manifest["text"].str.count(" ") + 1).clip(upper=task.own["most"])
        counted = corpus.manifest.assign(words=words.astype(str))
        super().__init__(replace(corpus, manifest=counted), task, protocol)


SPECS = [
    AnalysisSpec(
        name="duration",
        title="Duration of phones",
        method="with the logarithm of how long each phone lasts (duration)",
        code="DURATION",
        unit="phone",
        options=DurationOptions,
    ),
    TaskSpec(
        name="length",
        title="Number of words",
        code="Length",
        metric=ACCURACY,
        labels=("words",),
        pooled=True,
        recipes=(TrainingRecipe("linear", learning_rates=(1e-2,), epochs=3),),
        options=LengthOptions,
    ),
]
