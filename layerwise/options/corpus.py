"""What is read (the section `corpus`)."""

from pydantic import Field, ValidationInfo, field_validator, model_validator

from layerwise.options.section import Section, check_name


class CorpusOptions(Section):
    """Where the speech is and how to read it."""

    path: str = Field(
        description="A table (for `table`) or a folder (for `folder` and `librispeech`).",
        examples=["resources/prompts/prompts.tsv"],
    )
    reader: str = Field(
        default="table",
        description="`table`: TSV, CSV or Parquet with utt_id, audio_path, speaker, split, text and label "
        "columns; `folder`: audio files with .lab or .txt beside them, one folder per speaker; "
        "`librispeech`: LibriSpeech's layout.",
        examples=["librispeech"],
    )
    min_seconds: float = Field(
        default=0.1, ge=0, description="Shorter utterances are excluded and listed.", examples=[0.5]
    )
    max_seconds: float = Field(
        default=30.0, gt=0, description="Longer utterances are excluded and listed.", examples=[30]
    )
    description: str = Field(
        default="",
        description="Origin and licence of the speech, for the report.",
        examples=["LibriSpeech dev-clean (Panayotov et al. 2015), CC BY 4.0"],
    )
    max_utterances: int | None = Field(
        default=None,
        ge=1,
        description="Use only so many utterances, drawn with the seed: for trial runs.",
        examples=[60],
    )

    download: str | None = Field(
        default=None,
        description="A corpus to fetch from the network where `path` is missing; one that is there is left "
        "alone.",
        examples=["librispeech-dev-clean"],
    )

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str, info: ValidationInfo) -> str:
        return check_name("readers", value, info)

    @field_validator("download")
    @classmethod
    def _known_download(cls, value: str | None, info: ValidationInfo) -> str | None:
        return value and check_name("downloads", value, info)

    @model_validator(mode="after")
    def _ordered_bounds(self) -> "CorpusOptions":
        if self.min_seconds >= self.max_seconds:
            raise ValueError(f"min_seconds {self.min_seconds} must be below max_seconds {self.max_seconds}")
        return self
