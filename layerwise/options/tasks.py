"""Entries of the list `tasks` of a config: a task, its corpus, its labels and its head."""

from typing import Any

from pydantic import Field, field_validator

from layerwise.options.section import NAME_PATTERN
from layerwise.options.training import TrainingChoices


class TaskEntry(TrainingChoices):
    """One task: its name alone, or a mapping with more keys."""

    task: str = Field(description="A known task (below).", examples=["asr"])
    corpus: str | None = Field(
        default=None,
        description="A corpus of `corpora`. None: the analysed one.",
        examples=["librispeech-100"],
    )
    label: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Columns of the manifest with the classes of an utterance (right only if all are), or "
        "the column with its text; for `pr`: `lexicon` or `alignment`. None: the task's own.",
        examples=[["action", "object", "location"]],
    )
    head: str | None = Field(
        default=None,
        description="The head on each layer (below). None: the task's first, or SUPERB's under "
        "`protocol: paper`.",
        examples=["mlp"],
    )
    name: str | None = Field(
        default=None,
        pattern=NAME_PATTERN,
        description="Its name in paths and tables. None: made of the above, e.g. `asr-blstm`.",
        examples=["asr-100h"],
    )

    @field_validator("label", mode="before")
    @classmethod
    def _one_label(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def known_name(self) -> str:
        """Its name in paths and tables."""
        parts = [self.task, *(self.label or ()), self.head, self.corpus and f"on-{self.corpus}"]
        return self.name or "-".join(part for part in parts if part)
