"""The downstream tasks that a config can name."""

from dataclasses import dataclass
from typing import Literal

Metric = Literal["per", "accuracy"]


@dataclass(frozen=True)
class Task:
    """A task, trained on every single frozen layer and on the weighted sum of all.

    Attributes:
        name: its name in configs and tables.
        kind: ``sequence`` (CTC on frames) or ``classification`` (of whole utterances).
        label: where the targets come from: a tier of the interval table for a sequence task, a column of the
            manifest for a classification task.
        metric: ``per`` (phone error rate; lower is better) or ``accuracy``, both as fractions.
        superb_learning_rate: Adam's learning rate in SUPERB, the only one tried under ``protocol: paper``.
        learning_rates: tried in turn otherwise; each layer takes the one that is best on dev.
        epochs: passes over the training split.
        batch_size: utterances (or pieces of them) per step; 32 in SUPERB.
    """

    name: str
    kind: Literal["sequence", "classification"]
    label: str
    metric: Metric
    superb_learning_rate: float
    learning_rates: tuple[float, ...]
    epochs: int
    batch_size: int = 32


TASKS = {
    task.name: task
    for task in (
        Task(
            name="pr",
            kind="sequence",
            label="phone",
            metric="per",
            superb_learning_rate=1e-2,
            learning_rates=(1e-2,),
            epochs=15,
            batch_size=8,
        ),
        Task(
            name="scenario",
            kind="classification",
            label="scenario",
            metric="accuracy",
            superb_learning_rate=1e-4,
            learning_rates=(1e-2, 1e-3, 1e-4),
            epochs=60,
        ),
    )
}
