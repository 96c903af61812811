"""Options of corpus readers, below `corpus:` and each entry of `corpora:`."""

from typing import Literal

from pydantic import Field, model_validator

from layerwise.options.section import Section

Recordings = Literal["headset", "far-field"]


def _refuse_repeated(what: str, named: list[str]) -> None:
    if twice := [name for name in named if named.count(name) > 1]:
        raise ValueError(f"{what} {twice[0]!r} is named twice; a {what} belongs to one split")


class LibrispeechOptions(Section):
    """Which subsets make which split (`reader: librispeech`). None named: all, each by its name."""

    train: tuple[str, ...] = Field(
        default=(), description="Folders that make the training split.", examples=[["train-clean-100"]]
    )
    dev: tuple[str, ...] = Field(
        default=(), description="Folders that make the development split.", examples=[["dev-clean"]]
    )
    test: tuple[str, ...] = Field(
        default=(), description="Folders that make the test split.", examples=[["test-clean"]]
    )

    @model_validator(mode="after")
    def _each_once(self) -> "LibrispeechOptions":
        _refuse_repeated("subset", [*self.train, *self.dev, *self.test])
        return self


class SlurpOptions(Section):
    """What is read of SLURP (`reader: slurp`)."""

    recordings: tuple[Recordings, ...] = Field(
        default=("headset", "far-field"),
        min_length=1,
        description="`headset`: close-talking microphones; `far-field`: the others.",
        examples=[["headset"]],
    )
    synthetic: bool = Field(
        default=False,
        description="The synthesised sentences of train_synthetic.jsonl are for training too.",
        examples=[True],
    )


class VctkOptions(Section):
    """What is read of VCTK (`reader: vctk`)."""

    microphone: Literal["mic1", "mic2"] = Field(
        default="mic1",
        description="Of two microphones, whose recordings; version 0.80 has one.",
        examples=["mic2"],
    )


class HuggingFaceOptions(Section):
    """Splits and columns of a data set in a layout of Hugging Face (`reader: hugging-face`)."""

    train: tuple[str, ...] = Field(
        default=(),
        description="Splits of the data set that make the training split. None named: all, by their names.",
        examples=[["train.100"]],
    )
    dev: tuple[str, ...] = Field(
        default=(), description="Those that make the development split.", examples=[["validation"]]
    )
    test: tuple[str, ...] = Field(
        default=(), description="Those that make the test split.", examples=[["test"]]
    )
    audio: str | None = Field(
        default=None, description="Column of the audio. None: detected.", examples=["audio"]
    )
    text: str | None = Field(
        default=None,
        description="Column of the transcript. None: detected (`text`, `sentence`, `transcription`, ...).",
        examples=["normalized_text"],
    )
    speaker: str | None = Field(
        default=None,
        description="Column of the speaker. None: detected (`speaker_id`, `client_id`, ...); without one "
        "speakers are unknown.",
        examples=["speaker_id"],
    )
    id: str | None = Field(
        default=None,
        description="Column of the utterance id. None: detected, else the names of audio files, else split "
        "and row.",
        examples=["id"],
    )

    @model_validator(mode="after")
    def _each_once(self) -> "HuggingFaceOptions":
        _refuse_repeated("split", [*self.train, *self.dev, *self.test])
        return self
