"""The downstream tasks by name."""

from typing import Any

import pandas as pd

from layerwise.errors import TaskError
from layerwise.options.protocol import Protocol
from layerwise.options.tasks import TaskEntry
from layerwise.specs.code import load_object
from layerwise.specs.registry import registry
from layerwise.specs.spec import HeadSpec, TaskSpec
from layerwise.specs.variants import task_variant
from layerwise.tasks.data import Task
from layerwise.tasks.features import Source
from layerwise.tasks.tables import TaskResult
from layerwise.tasks.train import train_heads


def known_task(name: str, protocol: Protocol = "corrected", **entry: Any) -> Task:
    """Return a task by name; ``entry`` are the other keys of its entry in `tasks:`, such as ``head``.

    Raises TaskError for one that nobody knows, or keys that do not fit it.
    """
    known = registry().all(TaskSpec)
    if name not in known:
        raise TaskError(f"unknown task {name!r}; known tasks: {', '.join(known)}")
    try:
        spec = task_variant(known[name], TaskEntry(task=name, **entry), protocol, registry().all(HeadSpec))
    except ValueError as error:
        raise TaskError(str(error)) from error
    return task_of(spec, protocol)


def task_of(spec: TaskSpec, protocol: Protocol) -> Task:
    """Return the task of a spec, with its code loaded."""
    recipe = spec.recipe(protocol)
    heads = load_object(registry().find(HeadSpec, recipe.head).code)
    return Task(spec.name, spec.metrics, spec.labels, spec.pooled, recipe, load_object(spec.code), heads)


def train_task(
    source: Source,
    manifest: pd.DataFrame,
    task: str | Task,
    *,
    protocol: Protocol = "corrected",
    **settings: Any,
) -> TaskResult:
    """Train a task, or the one of that name, as `train_heads` does. Raises TaskError, as that does."""
    chosen = known_task(task, protocol) if isinstance(task, str) else task
    return train_heads(source, manifest, chosen, protocol=protocol, **settings)
