"""Entries of the lists of a config, models, analyses and tasks: a name alone, or a mapping with more keys."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from layerwise.options.analyses import AnalysisEntry
from layerwise.options.section import NAME_PATTERN, Section, TrackedPath
from layerwise.options.tasks import TaskEntry


class ModelEntry(Section):
    """One speech model."""

    name: str = Field(
        pattern=NAME_PATTERN,
        description="Its name in paths, tables and figures.",
        examples=["hubert-base"],
    )
    source: TrackedPath = Field(
        description="Hub id, local folder, or `family:location`: `avhubert:FILE`, `fastvgs:FOLDER`, "
        "`vghubert:FOLDER`, `random:SOURCE`, `logmel`.",
        examples=["facebook/hubert-base-ls960"],
    )
    revision: str | None = Field(
        default=None,
        description="Commit or tag of the hub repository (None: the newest), or `sha256:` and the digest of "
        "a checkpoint file.",
        examples=["main"],
    )
    objective: str = Field(
        default="",
        description="Pre-training objective, for the report.",
        examples=["masked cluster prediction"],
    )
    recipe: str = Field(
        default="",
        description="Pre-training recipe: models with the same one are seeds of one pre-training; contrasts "
        "of objectives then compare the mean over seeds and count the variance between them.",
        examples=["hubert-tiny"],
    )
    supervision: Literal["self", "weak", "none"] = Field(
        default="self",
        description="`self`: self-supervised; `weak`: trained with transcripts from the web (Whisper), "
        "labelled so wherever it is shown; `none`: not trained.",
        examples=["weak"],
    )
    window: Literal["full", "trimmed"] = Field(
        default="full",
        description="Whisper encoders only: `full` 30 s window as trained, or `trimmed` to the utterance "
        "(cheaper, other numbers: docs/models.md).",
        examples=["full"],
    )
    license: str = Field(
        default="",
        description="Its licence, for the records: what its folder or its page on the hub says need not be "
        "said here.",
        examples=["mit"],
    )
    twin: bool = Field(
        default=True, description="Also run its random-initialised twin as a control.", examples=[True]
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        if isinstance(value, str):
            name = PurePosixPath(value.split(":", 1)[-1].rstrip("/")).name
            prefix = "random-" if value.startswith("random:") else ""
            value = {"name": prefix + re.sub(r"[^A-Za-z0-9._-]", "-", name), "source": value}
        if isinstance(value, dict) and str(value.get("source", "")).startswith(("random:", "logmel")):
            value = {"supervision": "none", "twin": False, **value}
        return value

    @model_validator(mode="after")
    def _one_logmel(self) -> "ModelEntry":
        if (self.source == "logmel") != (self.name == "logmel"):
            raise ValueError("the log-mel baseline, and nothing else, has the source and the name `logmel`")
        return self


def as_analysis(value: Any) -> Any:
    """A name alone as the entry that it stands for."""
    return AnalysisEntry(analysis=value) if isinstance(value, str) else value


def as_task(value: Any) -> Any:
    """A name alone as the entry that it stands for."""
    return TaskEntry(task=value) if isinstance(value, str) else value


Entry = Annotated[AnalysisEntry, BeforeValidator(as_analysis, json_schema_input_type=str | AnalysisEntry)]
Task = Annotated[TaskEntry, BeforeValidator(as_task, json_schema_input_type=str | TaskEntry)]
