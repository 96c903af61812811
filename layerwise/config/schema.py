"""Every key of a run's config.yaml, with its type, default and meaning.

``docs/config.md`` and ``docs/config.schema.json`` are generated from these classes
(``python -m layerwise.config``). A new key needs a description and an example line.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from layerwise.config.entries import Entry, ModelEntry, Task, as_analysis
from layerwise.errors import ModelError
from layerwise.options.abx import AbxOptions
from layerwise.options.alignment import AlignmentOptions
from layerwise.options.analyses import AnalysisEntry
from layerwise.options.corpus import CorpusOptions, TaskCorpusOptions
from layerwise.options.extraction import ExtractionOptions
from layerwise.options.inter import InterOptions
from layerwise.options.mutual_information import MutualInformationOptions
from layerwise.options.pretraining import PretrainOptions
from layerwise.options.probes import ProbesOptions
from layerwise.options.protocol import Protocol
from layerwise.options.report import ReportOptions
from layerwise.options.samples import SamplesOptions
from layerwise.options.scoring import ScoringOptions
from layerwise.options.section import NAME_PATTERN, Section, TrackedPath, check_name
from layerwise.options.style import StyleOptions
from layerwise.options.tasks import TaskEntry
from layerwise.options.training import TrainingChoices, TrainingOptions
from layerwise.options.units import UnitsOptions
from layerwise.options.vectors import VectorsOptions
from layerwise.options.word_map import WordMapOptions
from layerwise.specs.analyses import vector_analysis
from layerwise.specs.registry import Registry, registry
from layerwise.specs.sources import parse_source
from layerwise.specs.spec import (
    PWCCA,
    AlignerSpec,
    AnalysisSpec,
    Configured,
    GivenSpec,
    HeadSpec,
    MeasureSpec,
    ReaderSpec,
    TaskSpec,
)
from layerwise.specs.variants import task_variant, variant


class RunConfig(Section):
    """One run of the workflow."""

    run: str = Field(
        default="demo",
        pattern=NAME_PATTERN,
        description="Name of the run; its results lie in results/{run}.",
        examples=["demo"],
    )
    seed: int = Field(default=1, ge=0, description="Seed of every random choice.", examples=[1])
    protocol: Protocol = Field(
        default="corrected",
        description="`paper` repeats the published procedure with its faults; `corrected` mends them.",
        examples=["corrected"],
    )
    plugins: tuple[TrackedPath, ...] = Field(
        default=(),
        description="Python files with models, analyses, measures, tasks, aligners or readers of your own "
        "(CONTRIBUTING.md says what they hold).",
        examples=[["my_models.py"]],
    )
    corpus: CorpusOptions | None = Field(default=None, description="The speech to analyse.")
    aligner: str = Field(default="pocketsphinx", description="Forced aligner.", examples=["pocketsphinx"])
    alignment: AlignmentOptions = Field(default=AlignmentOptions(), description="Options of the aligner.")
    samples: SamplesOptions = Field(default=SamplesOptions(), description="What is sampled for the analyses.")
    models: tuple[ModelEntry, ...] = Field(
        default=(),
        description="Models to analyse: a hub id or folder a line, or a mapping with more keys.",
        examples=[["facebook/hubert-base-ls960"]],
    )
    vectors: dict[str, VectorsOptions] = Field(
        default={},
        description="Tables of word or phone vectors, by the name of the analysis that each makes.",
        examples=[{"cca-glove": {"file": "data/glove.840B.300d.txt"}}],
    )
    analyses: tuple[Entry, ...] = Field(
        default=tuple(map(as_analysis, ("cca-intra", "cca-mel", "cca-phone", "cca-word"))),
        description="Layer-wise analyses: known names (below) and those of `vectors`, or a mapping with more "
        "keys.",
        examples=[["cca-phone", {"analysis": "cca-word", "given": ["phones", "duration"]}]],
    )
    measures: tuple[str, ...] = Field(
        default=(),
        description="Other yardsticks of each layer: known names (below; docs/measures.md).",
        examples=[["abx", "word-map"]],
    )
    corpora: dict[str, TaskCorpusOptions] = Field(
        default={},
        description="Further corpora that only tasks use, by name; the keys of each are those of `corpus` "
        "and `lexicon`.",
        examples=[
            {"fsc": {"path": "data/fluent_speech_commands_dataset", "reader": "fluent-speech-commands"}}
        ],
    )
    tasks: tuple[Task, ...] = Field(
        default=(),
        description="Downstream tasks: known names (below), or a mapping with more keys.",
        examples=[["pr", {"task": "ic", "corpus": "fsc"}]],
    )
    extraction: ExtractionOptions = Field(default=ExtractionOptions(), description="Feature extraction.")
    cca: ScoringOptions = Field(default=ScoringOptions(), description="Cross-validated CCA.")
    mutual_information: MutualInformationOptions = Field(
        default=MutualInformationOptions(), description="Clusters of `mi-phone` and `mi-word`."
    )
    abx: AbxOptions = Field(default=AbxOptions(), description="ABX discriminability of phones and speakers.")
    word_map: WordMapOptions = Field(default=WordMapOptions(), description="MAP of words.")
    units: UnitsOptions = Field(default=UnitsOptions(), description="Quality of discrete units.")
    probes: ProbesOptions = Field(default=ProbesOptions(), description="Linear probes in closed form.")
    inter: InterOptions = Field(default=InterOptions(), description="Models against each other.")
    downstream: TrainingOptions = Field(default=TrainingOptions(), description="Downstream training.")
    report: ReportOptions = Field(default=ReportOptions(), description="Words and comparisons of the report.")
    style: StyleOptions = Field(default=StyleOptions(), description="How figures look.")
    options: dict[str, dict[str, Any]] = Field(
        default={},
        description="Options of analyses, measures, tasks, aligners and readers from outside, by their name.",
        examples=[{"my-analysis": {"clusters": 100}}],
    )
    pretrain: PretrainOptions | None = Field(default=None, description="Pre-training of small models.")

    @field_validator("aligner")
    @classmethod
    def _known_aligner(cls, value: str, info: ValidationInfo) -> str:
        return check_name("aligners", value, info)

    @field_validator("vectors")
    @classmethod
    def _new_names(cls, value: dict[str, VectorsOptions], info: ValidationInfo) -> dict[str, VectorsOptions]:
        for name in value:
            if name in _registry(info).names("analyses"):
                raise ValueError(f"{name!r} is a built-in analysis; give the vectors another name")
            if not re.match(NAME_PATTERN, name):
                raise ValueError(f"{name!r} is no name: use letters, digits, dots, hyphens and underscores")
        return value

    @field_validator("analyses")
    @classmethod
    def _known_analyses(
        cls, value: tuple[AnalysisEntry, ...], info: ValidationInfo
    ) -> tuple[AnalysisEntry, ...]:
        if "vectors" in info.data:  # else that is said; whether names are known cannot be told then
            for entry in value:
                known = {*_registry(info).names("analyses"), *info.data["vectors"]}
                if entry.name in known - {entry.analysis}:
                    raise ValueError(f"`name: {entry.name}` is that of another analysis; choose another")
                _spec_of(entry, info.data["vectors"], _registry(info))
        _no_repetition([entry.label for entry in value], "give one of them another `name:`")
        return value

    @field_validator("measures")
    @classmethod
    def _known_measures(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in value:
            _registry(info).check("measures", name)
        taken = {entry.label for entry in info.data.get("analyses", ())}
        if both := sorted(taken & set(value)):
            raise ValueError(f"{both[0]!r} is the name of an analysis of this run as well; rename that one")
        _no_repetition(value, "a measure is run once")
        return value

    @field_validator("corpora")
    @classmethod
    def _corpora_have_names(cls, value: dict[str, TaskCorpusOptions]) -> dict[str, TaskCorpusOptions]:
        for name in value:
            if not re.match(NAME_PATTERN, name):
                raise ValueError(f"{name!r} is no name: use letters, digits, dots, hyphens and underscores")
        return value

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, value: tuple[TaskEntry, ...], info: ValidationInfo) -> tuple[TaskEntry, ...]:
        for entry in value:
            check_name("tasks", entry.task, info)
            if entry.head:
                check_name("heads", entry.head, info)
            if "corpora" in info.data and entry.corpus and entry.corpus not in info.data["corpora"]:
                known = ", ".join(info.data["corpora"]) or "none"
                raise ValueError(
                    f"{entry.known_name}: no corpus {entry.corpus!r} in `corpora`; there: {known}"
                )
            _task_spec(entry, info.data.get("protocol", "corrected"), _registry(info))
        _no_repetition([entry.known_name for entry in value], "give one of them another `name:`")
        return value

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
        if self.inter.pairs and self.cca.parts < 2 * self.inter.trials:
            raise ValueError(f"`inter.trials`: `cca.parts` must be at least {2 * self.inter.trials}")
        for pair in self.inter.pairs:
            unknown = [name for name in pair if name not in names]
            if unknown:
                raise ValueError(f"`inter.pairs`: no model {unknown[0]!r}; models: {', '.join(names)}")
            if pair[0] == pair[1] or self.inter.pairs.count(pair) > 1:
                raise ValueError(f"`inter.pairs`: {list(pair)} is a model with itself, or given twice")
        if fault := self.style.unknown(names):
            raise ValueError(fault)
        if self.corpus is not None and not self.models:
            raise ValueError(
                "`models:` is empty; name at least one, e.g. models: [facebook/hubert-base-ls960]"
            )
        return self

    @model_validator(mode="after")
    def _feasible(self) -> "RunConfig":
        """Refuse what cannot be run on any corpus."""
        samples, parts = self.samples, self.cca.parts
        most = {"frame": samples.frame_utterances, "word": samples.words}
        keys = {"frame": "samples.frame_utterances", "word": "samples.words"}
        for spec in self.analysis_specs.values():
            whole = self.protocol == "corrected" if spec.unit == "frame" else spec.split == "type"
            if whole and most.get(spec.unit, parts) < parts:
                raise ValueError(
                    f"`{keys[spec.unit]}`: {most[spec.unit]} cannot fill `cca.parts: {parts}`, as "
                    f"{spec.name} needs: raise it, or use fewer parts"
                )
        return self

    @model_validator(mode="after")
    def _aligned_corpora(self) -> "RunConfig":
        for spec in self.task_specs.values():
            if spec.corpus and "intervals" in spec.needs and self.aligner == "mfa":
                raise ValueError(
                    f"`tasks`: {spec.name} needs an alignment of corpus {spec.corpus!r}, and `aligner: mfa` "
                    "aligns the analysed corpus only: use another aligner, or `label: lexicon`"
                )
        return self

    @model_validator(mode="after")
    def _models_of_mfa(self) -> "RunConfig":
        if self.aligner == "mfa" and self.corpus and (fault := self.alignment.mfa.fault()):
            raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _known_families(self, info: ValidationInfo) -> "RunConfig":
        for entry in self.models:
            if "prosody" in (entry.name, entry.source):
                raise ValueError("`models`: prosody is no model; `analyses: [cca-f0, cca-energy]` make it")
            try:
                parse_source(entry.source, _registry(info))
            except ModelError as error:
                raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _options_from_outside(self) -> "RunConfig":
        specs = [spec for spec in self.used_specs() if spec.origin and spec.options]
        used = {
            spec.plain if isinstance(spec, AnalysisSpec | TaskSpec) else spec.name: spec for spec in specs
        }
        for name in self.options:
            if name not in used:
                raise ValueError(
                    f"`options.{name}`: no plug-in of this run has that name and options of its own; those "
                    f"that have: {', '.join(used) or 'none'}"
                )
        for spec in used.values():
            self.options_of(spec)
        return self

    @property
    def registry(self) -> Registry:
        """All specs that the run may use."""
        return registry(self.plugins)

    @model_validator(mode="after")
    def _enough_parts(self) -> "RunConfig":
        by_trials = [name for name, spec in self.analysis_specs.items() if spec.measure != PWCCA]
        if (self.protocol == "paper" or by_trials) and self.cca.parts < 2 * self.cca.trials:
            who = by_trials[0] if by_trials else "protocol `paper`"
            raise ValueError(
                f"`cca.trials`: {who} has {self.cca.trials} trials with a dev and a test part each: "
                f"`cca.parts` must be at least {2 * self.cca.trials}"
            )
        return self

    @property
    def analysis_specs(self) -> dict[str, AnalysisSpec]:
        """Specs of the analyses of the run, by their names there."""
        specs = (_spec_of(entry, self.vectors, self.registry) for entry in self.analyses)
        return {spec.name: spec for spec in specs}

    @property
    def measure_specs(self) -> dict[str, MeasureSpec]:
        """Specs of the measures of the run, by name."""
        return {name: self.registry.find(MeasureSpec, name) for name in self.measures}

    @property
    def task_specs(self) -> dict[str, TaskSpec]:
        """Specs of the tasks of the run, by their names there."""
        specs = (_task_spec(entry, self.protocol, self.registry) for entry in self.tasks)
        return {spec.name: spec for spec in specs}

    def training_of(self, task: str) -> TrainingOptions:
        """How a task of the run is trained: what its entry says, and else the section `downstream`."""
        entry = next(entry for entry in self.tasks if entry.known_name == task)
        own = {key: getattr(entry, key) for key in TrainingChoices.model_fields}
        return self.downstream.model_copy(update={key: value for key, value in own.items() if value})

    @property
    def task_corpora(self) -> dict[str, TaskCorpusOptions]:
        """Corpora that the tasks of the run use beside the analysed one, by name."""
        used = {spec.corpus for spec in self.task_specs.values()}
        return {name: corpus for name, corpus in self.corpora.items() if name in used}

    def used_specs(self) -> list[Configured]:
        """Specs of the aligner, readers, analyses, measures and tasks of the run."""
        aligner = self.registry.find(AlignerSpec, self.aligner)
        corpora = [*([self.corpus] if self.corpus else []), *self.corpora.values()]
        readers = [self.registry.find(ReaderSpec, corpus.reader) for corpus in corpora]
        used: list[Configured] = [aligner, *readers, *self.analysis_specs.values()]
        return [*used, *self.measure_specs.values(), *self.task_specs.values()]

    def reader_options(self, corpus: CorpusOptions) -> Section | None:
        """Return the options of the reader of a corpus, from its own section of that corpus."""
        spec = self.registry.find(ReaderSpec, corpus.reader)
        if spec.options is None or spec.origin:
            return self.options_of(spec)
        section: Section = getattr(corpus, spec.section)
        return section

    def options_of(self, spec: Configured) -> Section | None:
        """Return the options that only this spec has, from its own section of the config."""
        if spec.options is None:
            return None
        name = spec.plain if isinstance(spec, AnalysisSpec | TaskSpec) else spec.name
        if spec.origin:
            return spec.options.model_validate(self.options.get(name, {}))
        if spec.section == "vectors":
            return self.vectors[name]
        section: Any = self
        for part in spec.section.split("."):
            section = getattr(section, part)
        return spec.options.model_validate(section.model_dump())

    def all_models(self) -> tuple[ModelEntry, ...]:
        """The configured models, their random-initialised twins, and the log-mel baseline."""
        twins = tuple(
            ModelEntry(
                name=f"random-{entry.name}",
                source=f"random:{entry.source}",
                revision=entry.revision,
                window=entry.window,
                license=entry.license,
            )
            for entry in self.models
            if entry.twin
        )
        named = any(entry.source == "logmel" for entry in self.models)
        return self.models + twins + (() if named else (ModelEntry(name="logmel", source="logmel"),))

    def all_stores(self) -> tuple[ModelEntry, ...]:
        """All models, and what analyses compare them with that is stored as a model is."""
        needs = [spec.needs for spec in self.analysis_specs.values()]
        needs += [spec.needs for spec in self.measure_specs.values()]
        needed = any("prosody" in need for need in needs)
        prosody = ModelEntry(name="prosody", source="prosody", supervision="none", twin=False)
        return self.all_models() + ((prosody,) if needed else ())


def _spec_of(entry: AnalysisEntry, vectors: Mapping[str, VectorsOptions], specs: Registry) -> AnalysisSpec:
    """The spec of an entry of `analyses`. Raises ValueError for what is unknown or does not fit."""
    if entry.analysis in vectors:
        plain = vector_analysis(entry.analysis, vectors[entry.analysis])
    else:
        plain = specs.all(AnalysisSpec)[specs.check("analyses", entry.analysis)]
    return variant(plain, entry, specs.all(GivenSpec))


def _task_spec(entry: TaskEntry, protocol: Protocol, specs: Registry) -> TaskSpec:
    """The spec of an entry of `tasks`. Raises ValueError for what is unknown or does not fit."""
    plain = specs.all(TaskSpec)[specs.check("tasks", entry.task)]
    return task_variant(plain, entry, protocol, specs.all(HeadSpec))


def _no_repetition(names: Sequence[str], remedy: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]!r} is there twice; {remedy}")


def _registry(info: ValidationInfo) -> Registry:
    """The registry of the config that is being read."""
    known = (info.context or {}).get("registry")
    return known if isinstance(known, Registry) else registry()
