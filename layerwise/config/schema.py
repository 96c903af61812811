"""Every key of a run's config.yaml, with its type, default and meaning.

``docs/config.md`` and ``docs/config.schema.json`` are generated from these classes
(``python -m layerwise.config``). A new key needs a description and an example line.
"""

import re
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from layerwise.config.alignment import AlignmentConfig
from layerwise.config.analyses import CcaConfig, InterConfig, MutualInformationConfig, VectorsConfig
from layerwise.config.names import check_name, check_names, known_names
from layerwise.config.section import NAME_PATTERN, Section


class CorpusConfig(Section):
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
    def _known_reader(cls, value: str) -> str:
        return check_name("readers", value)

    @field_validator("download")
    @classmethod
    def _known_download(cls, value: str | None) -> str | None:
        return value and check_name("downloads", value)

    @model_validator(mode="after")
    def _ordered_bounds(self) -> "CorpusConfig":
        if self.min_seconds >= self.max_seconds:
            raise ValueError(f"min_seconds {self.min_seconds} must be below max_seconds {self.max_seconds}")
        return self


class SamplesConfig(Section):
    """What the analyses look at: random utterances, phone tokens and word tokens."""

    number: int = Field(default=3, ge=1, description="Number of sample sets.", examples=[3])
    frame_utterances: int = Field(
        default=500, ge=1, description="Utterances per sample set whose frames are analysed.", examples=[500]
    )
    phones_per_label: int = Field(
        default=200, ge=1, description="At most so many tokens of each phone per sample set.", examples=[200]
    )
    words: int = Field(
        default=500, ge=2, description="So many most frequent training words are analysed.", examples=[500]
    )
    tokens_per_word: int = Field(
        default=15, ge=1, description="At most so many tokens of each word per sample set.", examples=[15]
    )
    min_tokens: int = Field(
        default=2, ge=1, description="Words and phones with fewer aligned tokens are left out.", examples=[5]
    )


class ModelEntry(Section):
    """One speech model."""

    name: str = Field(
        pattern=NAME_PATTERN,
        description="Its name in paths, tables and figures.",
        examples=["hubert-base"],
    )
    source: str = Field(
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


class ExtractionConfig(Section):
    """How features are computed and stored."""

    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="`auto` (CUDA, else MPS, else CPU), `cpu`, `cuda`, `cuda:N` or `mps`.",
        examples=["auto"],
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        default="float32", description="Arithmetic of the forward pass.", examples=["float32"]
    )
    store_dtype: Literal["float16", "float32"] = Field(
        default="float16", description="Number format of the stored features.", examples=["float16"]
    )
    batch_seconds: float = Field(
        default=30.0, gt=0, description="Padded audio per batch, in seconds.", examples=[30]
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of one extraction job.", examples=[4])


class DownstreamConfig(Section):
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


class PretrainConfig(Section):
    """Pre-training of the small embedded models (configs/pretrain.yaml)."""

    data: tuple[str, ...] = Field(
        min_length=1,
        description="Folders of speech, searched for audio files.",
        examples=[["LibriSpeech/train-clean-100"]],
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="A line for the model card on each data set: name, licence, hours.",
        examples=[["LibriSpeech train-clean-100, CC BY 4.0"]],
    )
    objectives: tuple[Literal["hubert", "wav2vec2"], ...] = Field(
        default=("hubert", "wav2vec2"), min_length=1, description="Models to train.", examples=[["hubert"]]
    )
    clusters: int = Field(
        default=100, ge=2, description="k-means clusters of the MFCC, targets of `hubert`.", examples=[100]
    )
    stem_steps: int = Field(default=1000, ge=1, description="Steps of the shared stem.", examples=[1000])
    steps: int = Field(default=20000, ge=1, description="Steps of each model.", examples=[20000])
    threads: int = Field(default=1, ge=1, description="CPU threads of one training job.", examples=[1])


class RunConfig(Section):
    """One run of the workflow."""

    run: str = Field(
        default="demo",
        pattern=NAME_PATTERN,
        description="Name of the run; its results lie in results/{run}.",
        examples=["demo"],
    )
    seed: int = Field(default=1, ge=0, description="Seed of every random choice.", examples=[1])
    protocol: Literal["corrected", "paper"] = Field(
        default="corrected",
        description="`paper` repeats the published procedure with its faults; `corrected` mends them.",
        examples=["corrected"],
    )
    corpus: CorpusConfig | None = Field(default=None, description="The speech to analyse.")
    aligner: str = Field(default="pocketsphinx", description="Forced aligner.", examples=["pocketsphinx"])
    alignment: AlignmentConfig = Field(default=AlignmentConfig(), description="Options of the aligner.")
    samples: SamplesConfig = Field(default=SamplesConfig(), description="What is sampled for the analyses.")
    models: tuple[ModelEntry, ...] = Field(
        default=(),
        description="Models to analyse: a hub id or folder a line, or a mapping with more keys.",
        examples=[["facebook/hubert-base-ls960"]],
    )
    vectors: dict[str, VectorsConfig] = Field(
        default={},
        description="Tables of word or phone vectors, by the name of the analysis that each makes.",
        examples=[{"cca-glove": {"file": "data/glove.840B.300d.txt"}}],
    )
    analyses: tuple[str, ...] = Field(
        default=("cca-intra", "cca-mel", "cca-phone", "cca-word"),
        description="Layer-wise analyses: known names (below) and those of `vectors`.",
        examples=[["cca-phone", "cca-word"]],
    )
    tasks: tuple[str, ...] = Field(default=(), description="Downstream tasks.", examples=[["pr", "scenario"]])
    extraction: ExtractionConfig = Field(default=ExtractionConfig(), description="Feature extraction.")
    cca: CcaConfig = Field(default=CcaConfig(), description="Cross-validated CCA.")
    mutual_information: MutualInformationConfig = Field(
        default=MutualInformationConfig(), description="Clusters of `mi-phone` and `mi-word`."
    )
    inter: InterConfig = Field(default=InterConfig(), description="Models against each other.")
    downstream: DownstreamConfig = Field(default=DownstreamConfig(), description="Downstream training.")
    pretrain: PretrainConfig | None = Field(default=None, description="Pre-training of small models.")

    @field_validator("aligner")
    @classmethod
    def _known_aligner(cls, value: str) -> str:
        return check_name("aligners", value)

    @field_validator("vectors")
    @classmethod
    def _new_names(cls, value: dict[str, VectorsConfig]) -> dict[str, VectorsConfig]:
        for name in value:
            if name in known_names("analyses"):
                raise ValueError(f"{name!r} is a built-in analysis; give the vectors another name")
            if not re.match(NAME_PATTERN, name):
                raise ValueError(f"{name!r} is no name: use letters, digits, dots, hyphens and underscores")
        return value

    @field_validator("analyses")
    @classmethod
    def _known_analyses(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        # Where `vectors` is wrong, that is said; whether names are known cannot be told then.
        return check_names("analyses", value, info.data.get("vectors", value))

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_names("tasks", value)

    @model_validator(mode="after")
    def _distinct_models(self) -> "RunConfig":
        names = [entry.name for entry in self.all_models()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two models are named {twice[0]!r}; give one of them another `name:`")
        if self.corpus is None and self.pretrain is None:
            raise ValueError(
                "nothing to do: add `corpus:`, e.g. corpus: {path: resources/prompts/prompts.tsv}"
            )
        for pair in self.inter.pairs:
            unknown = [name for name in pair if name not in names]
            if unknown:
                raise ValueError(f"`inter.pairs`: no model {unknown[0]!r}; models: {', '.join(names)}")
            if pair[0] == pair[1] or self.inter.pairs.count(pair) > 1:
                raise ValueError(f"`inter.pairs`: {list(pair)} is a model with itself, or given twice")
        if self.corpus is not None and not self.models:
            raise ValueError(
                "`models:` is empty; name at least one, e.g. models: [facebook/hubert-base-ls960]"
            )
        return self

    def all_models(self) -> tuple[ModelEntry, ...]:
        """The configured models, their random-initialised twins, and the log-mel baseline."""
        twins = tuple(
            ModelEntry(
                name=f"random-{entry.name}",
                source=f"random:{entry.source}",
                revision=entry.revision,
                window=entry.window,
            )
            for entry in self.models
            if entry.twin
        )
        named = any(entry.source == "logmel" for entry in self.models)
        return self.models + twins + (() if named else (ModelEntry(name="logmel", source="logmel"),))
