"""The downstream tasks by name."""

import pandas as pd

from layerwise.errors import TaskError
from layerwise.features.source import FeatureSource
from layerwise.options.protocol import Protocol
from layerwise.options.training import TrainingOptions
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import TaskSpec
from layerwise.tasks.data import Task
from layerwise.tasks.train import DEFAULTS, TaskResult, train_heads


def known_task(name: str) -> Task:
    """Return a task by name. Raises TaskError for one that nobody knows."""
    known = registry().all(TaskSpec)
    if name not in known:
        raise TaskError(f"unknown task {name!r}; known tasks: {', '.join(known)}")
    spec = known[name]
    return Task(name, spec.metric, spec.recipe, load_object(spec.code))


def train_task(
    source: FeatureSource,
    manifest: pd.DataFrame,
    intervals: pd.DataFrame,
    task: str | Task,
    *,
    seed: int,
    options: TrainingOptions = DEFAULTS,
    protocol: Protocol = "corrected",
    normalise: bool | None = None,
    threads: int = 1,
) -> TaskResult:
    """Train a task, or the one of that name, as ``train_heads`` does. Raises TaskError, as that does."""
    return train_heads(
        source,
        manifest,
        intervals,
        known_task(task) if isinstance(task, str) else task,
        seed=seed,
        options=options,
        protocol=protocol,
        normalise=normalise,
        threads=threads,
    )
