"""Options of corpus readers, below `corpus:` and each entry of `corpora:`."""

from typing import Literal

from pydantic import Field, model_validator

from layerwise.options.section import Section

Recordings = Literal["headset", "far-field"]


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
        named = [*self.train, *self.dev, *self.test]
        twice = [name for name in named if named.count(name) > 1]
        if twice:
            raise ValueError(f"subset {twice[0]!r} is named twice; a subset belongs to one split")
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
