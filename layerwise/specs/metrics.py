"""Metrics of downstream tasks, with their direction: the only place that says which end is better."""

from dataclasses import dataclass
from typing import Literal

Chance = float | Literal["majority"] | None  # of a task (`layerwise.specs.spec.TaskSpec.chance`)


@dataclass(frozen=True)
class Metric:
    """A metric; values are fractions.

    Attributes:
        name: its name in tables.
        title: its name on axes.
        lower_is_better: it is an error rate.
    """

    name: str
    title: str
    lower_is_better: bool

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is."""
        return -1 if self.lower_is_better else 1


PER = Metric("per", "PER", lower_is_better=True)
WER = Metric("wer", "WER", lower_is_better=True)
CER = Metric("cer", "CER", lower_is_better=True)
ACCURACY = Metric("accuracy", "Accuracy", lower_is_better=False)
F1 = Metric("f1", "F1", lower_is_better=False)
