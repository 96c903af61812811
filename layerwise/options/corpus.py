"""What is read (the sections `corpus` and `corpora`)."""

from pydantic import Field, ValidationInfo, field_validator, model_validator

from layerwise.options.numbers import Numbers
from layerwise.options.readers import HuggingFaceOptions, LibrispeechOptions, SlurpOptions, VctkOptions
from layerwise.options.section import Section, TrackedPath, check_name


class CorpusOptions(Section):
    """Where the speech is and how to read it."""

    path: TrackedPath = Field(
        description="A table (for `table`) or a folder (for all other readers).",
        examples=["resources/prompts/prompts.tsv"],
    )
    reader: str = Field(
        default="table",
        description="`table`: TSV, CSV or Parquet with utt_id, audio_path, speaker, split, text and label "
        "columns; `folder`: audio files with .lab or .txt beside them, one folder per speaker; "
        "`librispeech`, `libritts`, `vctk`, `timit`, `common-voice`, `fluent-speech-commands`, `slurp`: the "
        "layouts that these corpora come in; `hugging-face`: a folder of `save_to_disk`, Parquet files of a "
        "data set of the hub, or an `audiofolder`.",
        examples=["librispeech"],
    )
    min_seconds: float = Field(
        default=0.1, ge=0, description="Shorter utterances are excluded and listed.", examples=[0.5]
    )
    max_seconds: float = Field(
        default=30.0, gt=0, description="Longer utterances are excluded and listed.", examples=[30]
    )
    numbers: Numbers = Field(
        default="keep",
        description="Digits in texts. `keep`: they stay, and aligners that look words up name them; "
        "`english`: they are read in English (`1999`: nineteen ninety-nine) and listed in warnings.csv.",
        examples=["english"],
    )
    description: str = Field(
        default="",
        description="Origin and licence of the speech, for the report.",
        examples=["LibriSpeech dev-clean (Panayotov et al. 2015), CC BY 4.0"],
    )
    license: str = Field(
        default="",
        description="Its licence, for the records: that of published corpora, and what the README.md beside "
        "it says (`license:` of a data set card), need not be said here.",
        examples=["CC-BY-4.0"],
    )
    max_utterances: int | None = Field(
        default=None,
        ge=1,
        description="Use only so many utterances, drawn with the seed: for trial runs.",
        examples=[60],
    )
    download: str | tuple[str, ...] | None = Field(
        default=None,
        description="A corpus to fetch from the network where `path` is missing, or a list of them, each to "
        "a folder of its own in `path`; what is there is left alone.",
        examples=["librispeech-dev-clean"],
    )
    librispeech: LibrispeechOptions = Field(
        default=LibrispeechOptions(), description="Splits of LibriSpeech."
    )
    slurp: SlurpOptions = Field(default=SlurpOptions(), description="Recordings of SLURP.")
    vctk: VctkOptions = Field(default=VctkOptions(), description="Recordings of VCTK.")
    hugging_face: HuggingFaceOptions = Field(
        default=HuggingFaceOptions(), description="Splits and columns of a data set of Hugging Face."
    )

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str, info: ValidationInfo) -> str:
        return check_name("readers", value, info)

    @field_validator("download")
    @classmethod
    def _known_downloads(
        cls, value: str | tuple[str, ...] | None, info: ValidationInfo
    ) -> str | tuple[str, ...] | None:
        for name in (value,) if isinstance(value, str) else value or ():
            check_name("downloads", name, info)
        return value

    @model_validator(mode="after")
    def _ordered_bounds(self) -> "CorpusOptions":
        if self.min_seconds >= self.max_seconds:
            raise ValueError(f"min_seconds {self.min_seconds} must be below max_seconds {self.max_seconds}")
        return self


class TaskCorpusOptions(CorpusOptions):
    """A corpus that only tasks use."""

    lexicon: TrackedPath | None = Field(
        default=None,
        description="Pronunciations of its words for `pr`, as in `alignment.lexicon`. None: that of the "
        "alignment.",
        examples=["data/librispeech-lexicon.txt"],
    )
