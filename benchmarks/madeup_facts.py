"""What a made-up run has, and the facts of such a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from layerwise.report.facts import (
    AnalysisFacts,
    CorpusFacts,
    MeasureFacts,
    ModelFacts,
    RunFacts,
    VariantFacts,
    analysis_facts,
    measure_facts,
    task_facts,
)
from layerwise.specs.analyses import ANALYSES
from layerwise.specs.measures import MEASURES
from layerwise.specs.spec import Spec
from layerwise.specs.tasks import TASKS

FAMILIES = {
    "hubert": ("facebook/hubert-{}-ls960", "masked cluster prediction"),
    "wav2vec2": ("facebook/wav2vec2-{}", "masked contrastive"),
    "wavlm": ("microsoft/wavlm-{}", "masked cluster prediction and denoising"),
    "data2vec": ("facebook/data2vec-audio-{}", "self-distillation"),
    "unispeech-sat": ("microsoft/unispeech-sat-{}", "masked cluster prediction, speaker-aware"),
    "avhubert": ("avhubert:data/models/avhubert/{}.pt", "masked audio-visual cluster prediction"),
}
SIZES_OF_MODELS = ("base", "large", "xlarge", "small", "multilingual")
VARIANTS = 3  # of a measure, beside its headline


@dataclass(frozen=True)
class Shape:
    """What a made-up run has.

    Attributes:
        models: trained models.
        layers: block layers of each, T0 among them; 1 is T0 alone.
        convs: convolutional layers of each.
        twins: how many of the models have a random twin.
        baseline: whether log-mel is there.
        analyses: names of analyses.
        measures: names of measures.
        tasks: names of tasks.
        pairs: pairs of models whose layers are compared.
        samples: sample sets.
        trials: trials in each.
        units: units behind the interval of a score.
        permutations: permuted draws.
        seeds: trainings of each head.
        utterances: test utterances of a task.
        excluded: analyses that have no utterance left, for any model.
    """

    models: int = 3
    layers: int = 7
    convs: int = 3
    twins: int = 0
    baseline: bool = True
    analyses: tuple[str, ...] = ("cca-intra", "cca-mel", "cca-phone", "cca-word", "mi-phone", "mi-word")
    measures: tuple[str, ...] = ("abx", "word-map", "units")
    tasks: tuple[str, ...] = ("pr", "asr", "ic", "slurp-action", "slurp-scenario")
    pairs: int = 1
    samples: int = 2
    trials: int = 3
    units: int = 30
    permutations: int = 20
    seeds: int = 2
    utterances: int = 60
    excluded: tuple[str, ...] = ()


PAPER_SIZE = Shape(samples=3, trials=5, units=40, permutations=100, utterances=300, seeds=1)


def run_facts(shape: Shape) -> RunFacts:
    """The facts of a made-up run; names, titles and metrics are those of the specs."""
    models = [_model(number) for number in range(shape.models)]
    models += [
        ModelFacts(
            f"random-{model.name}",
            f"random:{model.source}",
            "none",
            "none",
            "random",
            model.name,
            model.parameters,
        )
        for model in models[: shape.twins]
    ]
    if shape.baseline:
        models.append(ModelFacts("logmel", "logmel", "none", "none", "baseline"))
    return RunFacts(
        run="made-up",
        protocol="corrected",
        seed=7,
        models=tuple(models),
        corpus=CorpusFacts(
            "data/LibriSpeech/dev-clean",
            300,
            40,
            5.4 * 3600,
            {"train": 240, "dev": 30, "test": 30},
            "LibriSpeech dev-clean (Panayotov et al. 2015), CC BY 4.0",
        ),
        aligner="mfa",
        samples=shape.samples,
        trials=shape.trials,
        analyses=analysis_facts(_values(AnalysisFacts, ANALYSES, shape.analyses)),
        measures=_measures(shape),
        tasks=task_facts(
            {
                **{name: getattr(spec, name) for name in ("name", "title", "goal", "chance")},
                "metric": asdict(spec.metric),
                "also": [asdict(metric) for metric in spec.also],
            }
            for spec in TASKS
            if spec.name in shape.tasks
        ),
        versions={"layerwise": "0.6.0", "numpy": "2.3.0", "torch": "2.11.0", "python": "3.11.9"},
        digests={
            "corpus/manifest.parquet": "ab" * 32,
            **{
                f"features/{model.name}.digest.json": f"{place:02x}" * 32
                for place, model in enumerate(models)
            },
        },
    )


def _values(kind: type, specs: Iterable[Spec], names: Sequence[str]) -> list[Mapping[str, object]]:
    wanted = [field.name for field in fields(kind)]
    return [{name: getattr(spec, name) for name in wanted} for spec in specs if spec.name in names]


def _measures(shape: Shape) -> tuple[MeasureFacts, ...]:
    names = [field.name for field in fields(MeasureFacts)]
    own = [field.name for field in fields(VariantFacts)]
    told = []
    for spec in MEASURES:
        if spec.name in shape.measures:
            whole = spec.whole_variants()
            kept = [each for each in whole if each.name == spec.headline or each in whole[:VARIANTS]]
            variants = [{name: getattr(each, name) for name in own} for each in kept]
            told.append({**{name: getattr(spec, name) for name in names}, "variants": variants})
    return measure_facts(told)


def _model(number: int) -> ModelFacts:
    family = list(FAMILIES)[number % len(FAMILIES)]
    size = SIZES_OF_MODELS[number // len(FAMILIES) % len(SIZES_OF_MODELS)]
    source, objective = FAMILIES[family]
    return ModelFacts(
        f"{family}-{size}",
        source.format(size),
        objective,
        "self-supervised",
        "trained",
        parameters=94_000_000,
    )
