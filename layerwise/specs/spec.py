"""The kinds of spec: models, analyses, what is given in them, measures, tasks, heads, aligners, readers.

A spec is a frozen dataclass that imports nothing heavy. Its code is a string, ``module:object``, loaded only
in the job that runs it (`layerwise.specs.code.load_object`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from layerwise.files import files_below
from layerwise.options.analyses import Split
from layerwise.options.protocol import Protocol
from layerwise.options.section import Section
from layerwise.options.training import TrainingRecipe
from layerwise.specs.code import load_object
from layerwise.specs.metrics import Chance, Metric

Unit = Literal["frame", "utterance", "phone", "word"]
Need = Literal["logmel", "speakers", "vectors", "intervals", "prosody", "lexicon"]


PWCCA = "PWCCA score"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What all kinds have in common.

    Attributes:
        name: its name in configs, paths and tables.
        title: its name in figures and text.
        code: ``module:object``; what the object must be is said for each kind. In a plug-in file,
            ``object`` alone is one of that file.
        origin: the module or file that a spec from outside came from; empty for ours.
    """

    name: str
    title: str
    code: str
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class Configured(Spec):
    """A spec that may have options of its own.

    Attributes:
        options: the section of a config that is its own, or None.
        section: the key of that section; specs from outside have theirs below ``options:``, by their name.
    """

    options: type[Section] | None = None
    section: str = ""


@dataclass(frozen=True, kw_only=True)
class Located(Spec):
    """A spec whose locations stand for files: what is tracked, and all that is.

    ``files`` is a tuple of patterns below the location (``""``: the location itself is the file), or
    ``module:function``, named as ``code`` is: a function of the location that yields paths and imports
    nothing heavy.
    """

    files: tuple[str, ...] | str = ()

    def files_of(self, location: Path) -> list[Path]:
        """Return the files of a location, sorted; those that a pattern without ``*`` names need not exist."""
        if isinstance(self.files, str):
            found: Iterable[Path] = load_object(self.files)(location)
        else:
            found = [path for pattern in self.files for path in _matching(location, pattern)]
        return sorted(set(found), key=str)


def _matching(location: Path, pattern: str) -> Iterable[Path]:
    if "*" in pattern:
        return (path for path in files_below(location) if path.match(pattern) and path.is_file())
    return [location / pattern if pattern else location]


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Located):
    """A family of speech models, ``name:location`` in a config.

    Its code is a function ``load(location, options) -> SpeechModel``; options are
    `layerwise.models.base.LoadOptions`.

    Attributes:
        model_types: for checkpoints in the transformers format (a hub id or a folder, without a prefix): the
            ``model_type`` values of config.json that this family reads; ``*``: all that no other reads.
        located: whether a location follows the name; baselines have none.
        guide: where to get the files, for error messages.
        licence: of the published checkpoints, where it is known.
    """

    model_types: tuple[str, ...] = ()
    located: bool = True
    guide: str = "docs/models.md"
    licence: str = ""


@dataclass(frozen=True, kw_only=True)
class GivenSpec(Spec):
    """Something that can be regressed out of both views of an analysis (partial CCA).

    Its code is a `layerwise.analyses.base.Given`.

    Attributes:
        units: the rows that it describes, units of analyses.
        needs: what must be there beside the samples.
        of_logmel: whether anything is left of the log-mel baseline without it.
    """

    units: frozenset[Unit]
    needs: frozenset[Need] = frozenset()
    of_logmel: bool = True


@dataclass(frozen=True, kw_only=True)
class AnalysisSpec(Configured):
    """Something that every layer is compared with.

    Its code is a `layerwise.analyses.base.Analysis`. An entry of `analyses:` with more than a name makes a
    variant of it (`layerwise.specs.variants`): a spec of another name with the same code.

    Attributes:
        method: what is compared, for the report's text on methods.
        unit: what a row is: a frame, a whole utterance, a phone or a word.
        measure: what the score is, for axes.
        higher_is_better: the direction of the score.
        needs: what must be there beside the model's store and the samples.
        of_logmel: whether the log-mel baseline takes part.
        reference: the layer that is compared with itself and scores 1, or None.
        own_reference: each model is its own reference, so that scores of models are not compared.
        takes_given: something may be regressed out of its views.
        splits: what its parts may keep whole.
        split: what its parts keep whole.
        given: what is regressed out of its views.
        variant_of: the analysis that it is a variant of; empty for a plain one.
    """

    method: str
    unit: Unit
    measure: str = PWCCA
    higher_is_better: bool = True
    needs: frozenset[Need] = frozenset()
    of_logmel: bool = True
    reference: str | None = None
    own_reference: bool = False
    takes_given: bool = False
    splits: tuple[Split, ...] = ("utterance",)
    split: Split = "utterance"
    given: tuple[GivenSpec, ...] = ()
    variant_of: str = ""

    @property
    def plain(self) -> str:
        """Name of the plain analysis: its options and parts are those of all its variants."""
        return self.variant_of or self.name

    @property
    def codes(self) -> list[str]:
        """Its code and that of what is given."""
        return [self.code, *(given.code for given in self.given)]


@dataclass(frozen=True)
class Variant:
    """A variant of a measure; what is left out is as in the measure.

    Attributes:
        name: its name in tables.
        title: its name in figures and text.
        quantity: the title of axes, with the unit.
        higher_is_better: the direction of its values.
        floor: the value of a layer that knows nothing.
    """

    name: str
    title: str
    quantity: str = ""
    higher_is_better: bool | None = None
    floor: float | None = None


@dataclass(frozen=True, kw_only=True)
class MeasureSpec(Configured):
    """A yardstick of a layer beside the analyses: a number for each of its variants.

    Its code is a `layerwise.measures.base.Measure`.

    Attributes:
        method: what is measured, for the report's text on methods.
        quantity: the title of axes, with the unit; with ``(%)`` the values in tables are fractions.
        unit: what it tells apart: frames, phones, words or utterances.
        variants: each as a `Variant`, or its name and title; those that a run has are in its tables.
        headline: the variant that stands for it where layers are ranked and chosen.
        higher_is_better: the direction of its values.
        floor: the value of a layer that knows nothing, or None.
        source: the paper that it is from.
        needs: what must be there beside store, samples, alignment and speakers: ``logmel``, ``prosody``.
        of_logmel: whether the log-mel baseline takes part.
    """

    method: str
    quantity: str
    unit: Unit
    variants: tuple[Variant | tuple[str, str], ...]
    headline: str
    higher_is_better: bool = True
    floor: float | None = None
    source: str = ""
    needs: frozenset[Need] = frozenset()
    of_logmel: bool = True

    def whole_variants(self) -> tuple[Variant, ...]:
        """The variants, each with its own quantity, direction and floor or those of the measure."""
        return tuple(map(self._whole, self.variants))

    def _whole(self, variant: Variant | tuple[str, str]) -> Variant:
        own = variant if isinstance(variant, Variant) else Variant(*variant)
        direction = self.higher_is_better if own.higher_is_better is None else own.higher_is_better
        floor = own.floor if own.quantity or own.floor is not None else self.floor
        return Variant(own.name, own.title, own.quantity or self.quantity, direction, floor)


@dataclass(frozen=True, kw_only=True)
class HeadSpec(Spec):
    """A trainable head on a frozen layer, or on the learned sum of all.

    Its code is a `layerwise.tasks.heads.base.Heads`: a bank of heads that are trained side by side.

    Attributes:
        pooled: it can stand on an utterance's mean frame.
    """

    pooled: bool = True


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Configured):
    """A downstream task, trained on every single frozen layer and on the weighted sum of all.

    Its code is a class or function that makes the task's data (`layerwise.tasks.data.PrepareTask`). An entry
    of `tasks:` with more than a name makes a variant of it (`layerwise.specs.variants`).

    Attributes:
        metric: what is measured on dev and test, and decides; with its direction.
        also: further metrics of the same predictions.
        labels: where targets come from: columns of the manifest, or for phones ``lexicon`` or ``alignment``.
        choices: what labels may be, where they are no columns.
        pooled: it is trained on the mean frame of each utterance, not on frames.
        recipes: how it is trained, by head; the first is the default.
        superb_head: the head under ``protocol: paper``.
        needs: what must be there beside the model's store and the manifest.
        corpus: the corpus of `corpora` that it runs on; empty: the analysed one.
        head: the head that was chosen; empty: the default.
        chance: what one answer for all utterances reaches in `metric`: a number, or ``majority``, the most
            frequent reference of test, where an utterance is right or wrong as a whole; None where no answer
            fits several utterances, as with transcripts.
        variant_of: the task that it is a variant of; empty for a plain one.
    """

    metric: Metric
    recipes: tuple[TrainingRecipe, ...]
    also: tuple[Metric, ...] = ()
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    pooled: bool = False
    superb_head: str = "linear"
    needs: frozenset[Need] = frozenset()
    corpus: str = ""
    head: str = ""
    chance: Chance = None
    variant_of: str = ""

    @property
    def plain(self) -> str:
        """Name of the plain task: its options are those of all its variants."""
        return self.variant_of or self.name

    @property
    def goal(self) -> str:
        """What is learned from what: tasks of one goal differ in the head alone."""
        return f"{self.plain} {' '.join(self.labels)} {self.corpus}".rstrip()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics, the one that decides first."""
        return (self.metric, *self.also)

    def recipe(self, protocol: Protocol) -> TrainingRecipe:
        """How it is trained under a protocol."""
        head = self.head or (self.superb_head if protocol == "paper" else self.recipes[0].head)
        return next(recipe for recipe in self.recipes if recipe.head == head)


@dataclass(frozen=True, kw_only=True)
class AlignerSpec(Configured):
    """A way to phone and word boundaries.

    Its code is a function ``align(manifest, lexicon=, workers=, **options)`` that yields an
    `layerwise.align.intervals.Outcome` for each utterance.

    Attributes:
        paths: keys of its options that name a file or folder; what lies there is tracked.
        downloads: what they name is fetched where it is missing.
    """

    paths: tuple[str, ...] = ()
    downloads: bool = False


@dataclass(frozen=True, kw_only=True)
class ReaderSpec(Located, Configured):
    """A layout of corpora on disk.

    Its code is a function ``read(path, **options) -> list of layerwise.corpus.entries.Entry``. ``section`` is
    the key of its options in the section of a corpus.

    Attributes:
        published: ``module:function`` of the options that gives how many utterances the published corpus has
            by split, those that it knows; empty where a layout is no one corpus.
        guide: where to get the files, for error messages.
        licence: of the published corpus, where it is known.
    """

    published: str = ""
    guide: str = "docs/corpora.md"
    licence: str = ""

    def files_of(self, location: Path, **options: Any) -> list[Path]:
        """Return the files of a corpus, sorted: those of ``files``, a function that takes options too."""
        if isinstance(self.files, str) and options:
            return sorted(set(load_object(self.files)(location, **options)), key=str)
        return super().files_of(location)
