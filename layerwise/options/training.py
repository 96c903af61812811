"""Training of the single-layer downstream models (the section `downstream`), and the recipe of each head."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from layerwise.options.extraction import FeatureMode
from layerwise.options.section import Section

LayerChoice = Annotated[str, StringConstraints(pattern=r"^(all|every-[1-9][0-9]*)$")]


class TrainingChoices(Section):
    """What the section `downstream` sets for all tasks, and an entry of `tasks` for its own."""

    learning_rates: tuple[float, ...] | None = Field(
        default=None,
        min_length=1,
        description="Trained side by side; each layer takes the one that is best on dev. None: the task's "
        "own, or SUPERB's under `protocol: paper`.",
        examples=[[0.01, 0.001]],
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        description="Passes over the training split at most. None: the task's own.",
        examples=[30],
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        description="Train for so many steps instead of by epochs with early stopping. None: SUPERB's number "
        "under `protocol: paper`.",
        examples=[100000],
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        description="Utterances per step. None: the task's own, or SUPERB's under `protocol: paper`.",
        examples=[32],
    )
    layers: LayerChoice | tuple[str, ...] | None = Field(
        default=None,
        description="Layers that get a head: `all`, `every-2` (T0, T2, ... and the last; any number), or a "
        "list. The learned sum takes the same layers. None: `all`.",
        examples=["every-2"],
    )
    features: FeatureMode | None = Field(
        default=None,
        description="`stored`: frames of the task's utterances are kept on disk; `live`: the frozen encoder "
        "runs in training and nothing is kept; `auto`: stored where they fit `disk_gb`. None: `auto`.",
        examples=["live"],
    )


class TrainingOptions(TrainingChoices):
    """Training of the single-layer downstream models."""

    seeds: int = Field(default=1, ge=1, description="Trainings that differ in initial values.", examples=[3])
    patience: int = Field(
        default=3,
        ge=1,
        description="Epochs without improvement on dev after which a head stops; its learning rate is halved "
        "after each of them.",
        examples=[5],
    )
    longest: float | None = Field(
        default=None,
        gt=0,
        description="Training utterances of sequence tasks that are longer, in seconds, are left out and "
        "listed: the cost of CTC grows with the square of the length. None: all are used.",
        examples=[16.0],
    )
    disk_gb: float = Field(
        default=50.0,
        gt=0,
        description="What `features: auto` may store for one model and corpus, in GB.",
        examples=[200],
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where heads are trained: `auto` (CUDA, else MPS, else CPU), `cpu`, `cuda`, `cuda:N` or "
        "`mps`.",
        examples=["cpu"],
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Products in the heads; `bfloat16` pays on GPUs only.",
        examples=["float32"],
    )
    bootstrap: int = Field(
        default=1000, ge=0, description="Bootstrap resamples over test units.", examples=[1000]
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of one training job.", examples=[4])


@dataclass(frozen=True)
class TrainingRecipe:
    """How a head of a task is trained where the config does not say otherwise.

    Attributes:
        head: name of the head, a `HeadSpec`.
        learning_rates: tried side by side; each layer takes the one that is best on dev.
        epochs: passes over the training split at most.
        batch_size: utterances per step.
        superb_learning_rate: Adam's learning rate in SUPERB (Yang et al. 2021, arXiv 2105.01051; S3PRL), the
            only one tried under ``protocol: paper``.
        superb_steps: SUPERB's number of steps, and ``superb_evaluation`` the steps between two looks at dev.
        superb_evaluation: see above.
        superb_batch_size: utterances per step in SUPERB.
    """

    head: str
    learning_rates: tuple[float, ...]
    epochs: int
    batch_size: int = 32
    superb_learning_rate: float = 1e-4
    superb_steps: int = 200_000
    superb_evaluation: int = 5_000
    superb_batch_size: int = 32
