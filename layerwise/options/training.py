"""Training of the single-layer downstream models (the section `downstream`), and the recipe of each task."""

from dataclasses import dataclass

from pydantic import Field

from layerwise.options.section import Section


class TrainingOptions(Section):
    """Training of the single-layer downstream models."""

    seeds: int = Field(default=1, ge=1, description="Number of training seeds.", examples=[3])
    learning_rates: tuple[float, ...] | None = Field(
        default=None,
        min_length=1,
        description="Tried in turn; each layer takes the one that is best on dev. None: the task's own.",
        examples=[[0.01, 0.001]],
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        description="Passes over the training split at most. None: the task's own.",
        examples=[30],
    )
    bootstrap: int = Field(
        default=1000, ge=0, description="Bootstrap resamples over test utterances.", examples=[1000]
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of one training job.", examples=[4])


@dataclass(frozen=True)
class TrainingRecipe:
    """How a task is trained where the config does not say otherwise.

    Attributes:
        label: where the targets come from: a tier of the interval table for a sequence task, a column of the
            manifest for a classification task.
        superb_learning_rate: Adam's learning rate in SUPERB, the only one tried under ``protocol: paper``.
        learning_rates: tried in turn otherwise; each layer takes the one that is best on dev.
        epochs: passes over the training split.
        batch_size: utterances (or pieces of them) per step; 32 in SUPERB.
    """

    label: str
    superb_learning_rate: float
    learning_rates: tuple[float, ...]
    epochs: int
    batch_size: int = 32
